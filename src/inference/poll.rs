//! Work that a provider takes its time for: it is asked after until it is done.

use std::time::Duration;

use serde_json::Value;

use super::Failure;

/// How long to wait before asking for the first time; each time a half longer.
const INITIAL_INTERVAL: Duration = Duration::from_millis(400);

/// How often asking may fail in a row. The work goes on meanwhile and is paid for; it is not begun anew for that.
const MAX_CONSECUTIVE_FAILURES: u32 = 3;

/// What came of the work: `answer` is what the provider said when it took it on, `ask` asks after it, and `read` tells
/// from an answer what came of it, or nothing yet. `longest` is the longest wait between two questions.
pub(super) async fn poll_until_done<T, F>(
    mut answer: Value,
    longest: Duration,
    ask: impl Fn() -> F,
    read: impl Fn(&mut Value) -> Result<Option<T>, Failure>,
) -> Result<T, Failure>
where
    F: Future<Output = Result<Value, Failure>>,
{
    let (mut wait, mut failures) = (INITIAL_INTERVAL, 0);
    loop {
        if let Some(done) = read(&mut answer)? {
            return Ok(done);
        }
        answer = loop {
            tokio::time::sleep(wait).await;
            wait = (wait + wait / 2).min(longest);
            match ask().await {
                Ok(answer) => break answer,
                Err(failure) if failure.is_retryable() && failures < MAX_CONSECUTIVE_FAILURES => {
                    failures += 1;
                }
                Err(failure) => return Err(failure),
            }
        };
        failures = 0;
    }
}

/// The id by which work is asked after: letters, digits and dashes, for it becomes part of an address.
pub(super) fn task_id(answer: &Value) -> Result<String, Failure> {
    let id = answer.get("id").and_then(Value::as_str).unwrap_or_default();
    let is_id = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_id { Ok(id.to_owned()) } else { Err(Failure::invalid_response("its work has no id")) }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;

    fn read(answer: &mut Value) -> Result<Option<u64>, Failure> {
        match answer.get("failed") {
            Some(_) => Err(Failure::rejected("it failed")),
            None => Ok(answer.get("done").and_then(Value::as_u64)),
        }
    }

    async fn asked(answers: impl Fn(u32) -> Result<Value, Failure>) -> Result<u64, Failure> {
        let asked = Cell::new(0);
        let ask = || async {
            asked.set(asked.get() + 1);
            answers(asked.get())
        };
        poll_until_done(json!({}), Duration::from_secs(3), ask, read).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_fails_does_not_end_the_work() {
        let flaky = |number| match number {
            1 | 2 | 4 => Err(Failure::unavailable("HTTP 500")),
            6 => Ok(json!({"done": 7})),
            _ => Ok(json!({})),
        };
        assert_eq!(asked(flaky).await, Ok(7));
        let gone = |_| Err(Failure::unavailable("HTTP 500"));
        assert_eq!(asked(gone).await, Err(Failure::unavailable("HTTP 500")));
        assert_eq!(asked(|_| Err(Failure::InvalidKey)).await, Err(Failure::InvalidKey));
        let failed = |_| Ok(json!({"failed": true}));
        assert_eq!(asked(failed).await, Err(Failure::rejected("it failed")));
    }

    #[test]
    fn an_id_cannot_lead_elsewhere() {
        for wrong in [json!({}), json!({"id": ""}), json!({"id": "../secret"}), json!({"id": 7})] {
            assert!(task_id(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(task_id(&json!({"id": "a-1"})), Ok("a-1".to_owned()));
    }
}
