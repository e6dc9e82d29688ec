//! Reads what a call used from a response. Servers differ in the names and the types of the numbers, and some leave
//! them out.

use serde_json::Value;

use super::Usage;

/// The objects that contain the numbers, as JSON pointers. Some servers put them beside the answer.
const CONTAINERS: [&str; 5] = ["/usage", "/usageMetadata", "/usage_metadata", "/meta/usage", ""];

/// The names of the number of tokens read.
const INPUT: [&str; 8] = [
    "prompt_tokens",
    "input_tokens",
    "promptTokens",
    "inputTokens",
    "promptTokenCount",
    "prompt_token_count",
    "prompt_eval_count",
    "tokens_evaluated",
];

/// The names of the number of tokens written.
const OUTPUT: [&str; 10] = [
    "completion_tokens",
    "output_tokens",
    "completionTokens",
    "outputTokens",
    "candidatesTokenCount",
    "candidates_token_count",
    "generated_tokens",
    "eval_count",
    "tokens_predicted",
    "output_token_count",
];

/// The names of the number of all tokens.
const TOTAL: [&str; 4] = ["total_tokens", "totalTokens", "totalTokenCount", "total_token_count"];

/// The most tokens that a call can have used. A larger number is a mistake.
const MAX_TOKENS: u64 = 10_000_000;

/// Returns the tokens that a response reports. A number that is missing is 0; [`super::call`] charges what was reserved
/// instead.
pub(super) fn tokens(response: &Value) -> Usage {
    let objects = CONTAINERS.iter().filter_map(|pointer| response.pointer(pointer));
    objects.map(read).find(|usage| *usage != Usage::default()).unwrap_or_default()
}

fn read(object: &Value) -> Usage {
    let number = |names: &[&str]| names.iter().find_map(|name| count(object.get(*name)?));
    let input = number(&INPUT);
    // Some servers leave the reasoning out of what was written, but not out of the sum.
    let rest = number(&TOTAL).map(|total| total.saturating_sub(input.unwrap_or(0)));
    let output = number(&OUTPUT).max(rest);
    Usage {
        input_tokens: input.unwrap_or(0),
        output_tokens: output.unwrap_or(0),
        ..Usage::default()
    }
}

/// Reads a number that may be a text or have a fraction.
fn count(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (number >= 0.0).then(|| (number.ceil() as u64).min(MAX_TOKENS))
}

impl Usage {
    /// Replaces the numbers that a response did not report with those that were reserved: a call that read or wrote
    /// nothing does not exist.
    pub(super) fn or_reserved(mut self, reserved: &Self) -> Self {
        if self.input_tokens == 0 {
            self.input_tokens = reserved.input_tokens;
        }
        if self.output_tokens == 0 {
            self.output_tokens = reserved.output_tokens;
        }
        if self.images == 0 {
            self.images = reserved.images;
        }
        if !self.seconds.is_finite() || self.seconds <= 0.0 {
            self.seconds = reserved.seconds;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_are_read_by_any_name_and_type() {
        let cases = [
            (json!({"usage": {"prompt_tokens": 10, "completion_tokens": 20}}), (10, 20)),
            (json!({"usage": {"input_tokens": 10, "output_tokens": 20}}), (10, 20)),
            (json!({"usage": {"prompt_tokens": "10", "completion_tokens": 19.5}}), (10, 20)),
            (
                json!({"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 20}}),
                (10, 20),
            ),
            (json!({"prompt_eval_count": 10, "eval_count": 20}), (10, 20)),
            (
                json!({"usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 30}}),
                (10, 20),
            ),
            (json!({"usage": {"total_tokens": 30}}), (0, 30)),
            (json!({"usage": null}), (0, 0)),
            (json!({"usage": {"prompt_tokens": -1, "completion_tokens": null}}), (0, 0)),
            (
                json!({"usage": {"prompt_tokens": 1e300, "completion_tokens": "many"}}),
                (MAX_TOKENS, 0),
            ),
            (json!({}), (0, 0)),
        ];
        for (response, (input, output)) in cases {
            let usage = tokens(&response);
            assert_eq!((usage.input_tokens, usage.output_tokens), (input, output), "{response}");
        }
    }

    #[test]
    fn what_is_missing_is_what_was_reserved() {
        let reserved = Usage { input_tokens: 100, output_tokens: 200, images: 1, seconds: 3.0 };
        assert_eq!(Usage::default().or_reserved(&reserved), reserved);
        let reported = Usage { input_tokens: 7, output_tokens: 8, images: 2, seconds: 1.5 };
        assert_eq!(reported.or_reserved(&reserved), reported);
    }
}
