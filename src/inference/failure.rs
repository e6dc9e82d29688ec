//! The ways in which a call can fail. A transient failure is retried; after any other, the next model of the chain is
//! called. Each failure has a description for people who read a story's `errors`.

use std::time::Duration;

use super::wire_text;
use crate::http_client::HttpClientError;

/// The most characters of a provider's own message that are repeated.
const MAX_MESSAGE: usize = 200;

/// The most characters of one word of such a message.
const MAX_WORD: usize = 60;

/// Why a call failed. The text follows the provider's name, as in "OpenAI did not answer in time".
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The key or the address is missing, or the provider does not exist.
    #[error("is not configured")]
    NotConfigured,
    /// The provider does not have this capability.
    #[error("does not do this")]
    Unsupported,
    /// The provider refused the prompt because of its content.
    #[error("refused the content of the request")]
    ContentRefused,
    /// Moderation flagged the generated text.
    #[error("wrote a text that failed moderation")]
    ContentFlagged,
    /// The provider rejected the key. Its message is left out, because some providers repeat the key.
    #[error("did not accept its key")]
    InvalidKey,
    /// The provider rejected the request. Repeating it would not help.
    #[error("refused the request: {0}")]
    Rejected(String),
    /// The provider's rate limit was reached (HTTP 429).
    #[error("has reached its rate limit")]
    Busy {
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// The provider is unreachable, or failed while it responded.
    #[error("failed: {reason}")]
    Unavailable {
        /// What happened, without addresses and keys.
        reason: String,
        /// How long the provider asks to wait.
        retry_after: Option<Duration>,
    },
    /// The deadline passed.
    #[error("did not answer in time")]
    TimedOut,
    /// The response cannot be used.
    #[error("gave an answer that cannot be used: {0}")]
    InvalidResponse(String),
    /// The response is a web page: the address is not that of an API.
    #[error("gave an answer that cannot be used: {0}")]
    Misdirected(String),
    /// The model reached its limit of tokens before it wrote anything for readers.
    #[error("used up its limit of {limit} tokens before it answered")]
    OutOfTokens {
        /// The most tokens that the model was allowed to write.
        limit: u64,
    },
    /// The server's certificate is not trusted, or the server does not encrypt.
    #[error("was not asked, because {0}")]
    InsecureConnection(HttpClientError),
    /// The response is larger than the given number of MiB.
    #[error("gave an answer of over {0} MiB")]
    TooLarge(usize),
    /// Today's budget does not allow the call.
    #[error("was not asked, because today's budget of {scope} is used up")]
    OverBudget {
        /// The budget's owner: `the installation`, `the flock NAME` or `the Sparrow NAME`.
        scope: String,
    },
    /// The circuit breaker is open, because the model failed repeatedly.
    #[error("was not asked, because it failed several times in a row")]
    CircuitOpen,
    /// Something in this process failed.
    #[error("could not be asked: {0}")]
    Internal(String),
}

impl Failure {
    /// Creates [`Self::Rejected`] with the provider's message, shortened and without control characters.
    pub(super) fn rejected(message: &str) -> Self {
        Self::Rejected(sanitize_message(message))
    }

    /// Creates [`Self::InvalidResponse`]. The reason continues "gave an answer that cannot be used: ".
    pub(super) fn invalid_response(reason: &str) -> Self {
        Self::InvalidResponse(sanitize_message(reason))
    }

    /// Creates [`Self::Misdirected`]. The reason continues "gave an answer that cannot be used: ".
    pub(super) fn misdirected(reason: &str) -> Self {
        Self::Misdirected(sanitize_message(reason))
    }

    /// Creates [`Self::Unavailable`] without a time to wait.
    pub(super) fn unavailable(reason: &str) -> Self {
        Self::unavailable_with_retry_after(reason, None)
    }

    /// Creates [`Self::Unavailable`] with the time that the provider asks to wait.
    pub(super) fn unavailable_with_retry_after(
        reason: &str,
        retry_after: Option<Duration>,
    ) -> Self {
        Self::Unavailable { reason: sanitize_message(reason), retry_after }
    }

    /// Whether the same call may succeed a moment later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unavailable { .. } | Self::InvalidResponse(_))
    }

    /// Whether another wording of the prompt may help.
    pub(super) const fn is_about_content(&self) -> bool {
        matches!(self, Self::ContentRefused | Self::ContentFlagged)
    }

    /// Whether the failure counts against the provider in its circuit breaker, and is not about one request.
    pub(super) const fn is_provider_failure(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unavailable { .. } | Self::TimedOut)
    }

    /// Whether the call failed before a request was sent.
    pub(super) const fn is_local(&self) -> bool {
        matches!(
            self,
            Self::NotConfigured
                | Self::Unsupported
                | Self::OverBudget { .. }
                | Self::CircuitOpen
                | Self::InsecureConnection(_)
                | Self::Internal(_)
        )
    }

    /// Returns how long the provider asks to wait.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } | Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Returns the failure's name in the record of calls and in metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::Unsupported => "incapable",
            Self::ContentRefused => "refused",
            Self::ContentFlagged => "unfit",
            Self::InvalidKey => "denied",
            Self::Rejected(_) => "rejected",
            Self::Busy { .. } => "busy",
            Self::Unavailable { .. } => "unavailable",
            Self::TimedOut => "too_slow",
            Self::InvalidResponse(_) | Self::Misdirected(_) => "unusable",
            Self::OutOfTokens { .. } => "out_of_tokens",
            Self::InsecureConnection(_) => "insecure",
            Self::TooLarge(_) => "too_large",
            Self::OverBudget { .. } => "over_budget",
            Self::CircuitOpen => "resting",
            Self::Internal(_) => "broken",
        }
    }
}

/// A failure and its provider. The text completes a sentence such as "The story was told offline, because …".
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{provider} {failure}")]
pub struct InferenceError {
    /// The provider's display name.
    pub provider: String,
    /// What went wrong.
    pub failure: Failure,
}

/// Makes a provider's message safe to show: one line of at most [`MAX_MESSAGE`] characters, without a full stop at its
/// end. Very long words are cut, because some providers repeat the image that they were sent.
fn sanitize_message(message: &str) -> String {
    let start: String = message.chars().take(4 * MAX_MESSAGE).collect();
    let start = wire_text::clean(&start);
    let words: Vec<String> = start
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .map(|word| match word.char_indices().nth(MAX_WORD) {
            Some((end, _)) => format!("{}…", &word[..end]),
            None => word.to_owned(),
        })
        .collect();
    let line: String = words.join(" ").chars().take(MAX_MESSAGE).collect();
    line.trim().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_as_a_sentence_and_repeats_little() {
        let failure = Failure::rejected(&format!("no model\nof this name.{}", " x".repeat(500)));
        let error = InferenceError { provider: "OpenAI".to_owned(), failure };
        let text = error.to_string();
        assert!(text.starts_with("OpenAI refused the request: no model of this name. x"), "{text}");
        assert!(text.len() < 240 && !text.contains('\n'));
        let echoed =
            Failure::invalid_response(&format!("data:image/png;base64,{}", "iVBOR".repeat(100)));
        assert!(echoed.to_string().len() < 150, "{echoed}");
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert!(Failure::Busy { retry_after: None }.is_retryable());
        assert!(Failure::unavailable("HTTP 500").is_retryable());
        assert!(Failure::invalid_response("no JSON").is_retryable());
        for failure in [
            Failure::InvalidKey,
            Failure::ContentRefused,
            Failure::rejected("x"),
            Failure::misdirected("x"),
            Failure::OutOfTokens { limit: 600 },
            Failure::TimedOut,
        ] {
            assert!(!failure.is_retryable(), "{failure}");
        }
    }
}
