//! Polls a provider's asynchronous task until it is done.

use std::time::Duration;

use serde_json::Value;

use super::Failure;

/// The wait before the first poll. Each later wait is half as long again.
const INITIAL_INTERVAL: Duration = Duration::from_millis(400);

/// How many polls may fail in a row. The provider goes on with the task meanwhile and charges for it, so a failed poll
/// does not start the task again.
const MAX_CONSECUTIVE_FAILURES: u32 = 3;

/// Polls until the task is done and returns its result.
///
/// `response` is the provider's response to the creation of the task, `poll` requests a new one, and `read` extracts
/// the result from a response (`None` while the task runs). `max_interval` is the longest wait between two polls.
pub(super) async fn poll_until_done<T, F>(
    mut response: Value,
    max_interval: Duration,
    poll: impl Fn() -> F,
    read: impl Fn(&mut Value) -> Result<Option<T>, Failure>,
) -> Result<T, Failure>
where
    F: Future<Output = Result<Value, Failure>>,
{
    let (mut interval, mut failures) = (INITIAL_INTERVAL, 0);
    loop {
        if let Some(outcome) = read(&mut response)? {
            return Ok(outcome);
        }
        response = loop {
            tokio::time::sleep(interval).await;
            interval = (interval + interval / 2).min(max_interval);
            match poll().await {
                Ok(response) => break response,
                Err(failure) if failure.is_retryable() && failures < MAX_CONSECUTIVE_FAILURES => {
                    failures += 1;
                }
                Err(failure) => return Err(failure),
            }
        };
        failures = 0;
    }
}

/// Reads the task's id. Only letters, digits and dashes are accepted, because the id becomes part of a URL.
pub(super) fn task_id(response: &Value) -> Result<String, Failure> {
    let id = response.get("id").and_then(Value::as_str).unwrap_or_default();
    let is_id = !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_id { Ok(id.to_owned()) } else { Err(Failure::invalid_response("its task has no id")) }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::*;

    fn read(response: &mut Value) -> Result<Option<u64>, Failure> {
        match response.get("failed") {
            Some(_) => Err(Failure::rejected("it failed")),
            None => Ok(response.get("done").and_then(Value::as_u64)),
        }
    }

    async fn run(answers: impl Fn(u32) -> Result<Value, Failure>) -> Result<u64, Failure> {
        let polls = Cell::new(0);
        let poll = || async {
            polls.set(polls.get() + 1);
            answers(polls.get())
        };
        poll_until_done(json!({}), Duration::from_secs(3), poll, read).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_fails_does_not_end_the_work() {
        let flaky = |number| match number {
            1 | 2 | 4 => Err(Failure::unavailable("HTTP 500")),
            6 => Ok(json!({"done": 7})),
            _ => Ok(json!({})),
        };
        assert_eq!(run(flaky).await, Ok(7));
        let gone = |_| Err(Failure::unavailable("HTTP 500"));
        assert_eq!(run(gone).await, Err(Failure::unavailable("HTTP 500")));
        assert_eq!(run(|_| Err(Failure::InvalidKey)).await, Err(Failure::InvalidKey));
        let failed = |_| Ok(json!({"failed": true}));
        assert_eq!(run(failed).await, Err(Failure::rejected("it failed")));
    }

    #[test]
    fn an_id_cannot_lead_elsewhere() {
        for wrong in [json!({}), json!({"id": ""}), json!({"id": "../secret"}), json!({"id": 7})] {
            assert!(task_id(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(task_id(&json!({"id": "a-1"})), Ok("a-1".to_owned()));
    }
}
