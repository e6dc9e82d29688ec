//! The ways in which a provider can fail.

use serde_json::json;

use super::targets::Target;
use crate::KEY;
use crate::support::provider::{RecordedRequest, Reply};

/// One way to fail: the answer to each request, and the note that the caller gets; no note if the case ends well.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) answer: fn(Target, usize, &RecordedRequest) -> Reply,
    pub(super) note: Option<&'static str>,
    pub(super) requests: std::ops::RangeInclusive<usize>,
}

pub(super) const CASES: &[Case] = &[
    Case {
        name: "success",
        answer: |target, _, request| target.good_answer(request),
        note: None,
        requests: 1..=1,
    },
    Case {
        name: "a wrong key",
        answer: |_, _, _| {
            Reply::status(
                401,
                json!({"error": {"message": format!("Incorrect API key provided: {KEY}."),
            "type": "invalid_request_error", "code": "invalid_api_key"}}),
            )
        },
        note: Some("did not accept its key"),
        requests: 1..=1,
    },
    Case {
        name: "429, then success",
        answer: |target, n, request| match n {
            0 => Reply::Json(
                429,
                vec![("retry-after", "1".to_owned())],
                json!({"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}),
            ),
            _ => target.good_answer(request),
        },
        note: None,
        requests: 2..=2,
    },
    Case {
        name: "429 for longer than there is time",
        answer: |_, _, _| {
            Reply::Json(
                429,
                vec![("retry-after", "60".to_owned())],
                json!({"error": {"message": "Rate limit reached"}}),
            )
        },
        note: Some("has reached its rate limit"),
        requests: 1..=1,
    },
    Case {
        name: "500, then success",
        answer: |target, n, request| {
            if n == 0 {
                Reply::status(500, json!({"error": {"message": "server had an error"}}))
            } else {
                target.good_answer(request)
            }
        },
        note: None,
        requests: 2..=2,
    },
    Case {
        name: "a stall",
        answer: |_, _, _| Reply::Stall,
        note: Some("did not answer in time"),
        // The model is asked for JSON, and then for prose.
        requests: 1..=2,
    },
    Case {
        name: "a cut connection",
        answer: |_, _, _| Reply::Truncated,
        note: Some("the connection broke off"),
        requests: 2..=8,
    },
    Case {
        name: "a cut connection, then success",
        answer: |target, n, request| {
            if n == 0 { Reply::Truncated } else { target.good_answer(request) }
        },
        note: None,
        requests: 2..=2,
    },
    Case {
        name: "no JSON",
        answer: |_, _, _| {
            Reply::File(200, "text/html", b"<html>Welcome to the proxy</html>".to_vec())
        },
        note: Some("gave an answer that cannot be used"),
        requests: 1..=8,
    },
    Case {
        name: "a refusal of the content",
        answer: |_, _, _| {
            Reply::status(
                400,
                json!({"error": {"message": "Your request was rejected by the safety system.",
            "type": "image_generation_user_error", "code": "moderation_blocked"}}),
            )
        },
        note: Some("refused the content of the request"),
        requests: 1..=3,
    },
    Case {
        name: "nothing",
        answer: |target, _, _| target.empty_answer(),
        note: Some("gave an answer that cannot be used"),
        requests: 2..=8,
    },
    Case {
        name: "too much",
        answer: |_, _, _| Reply::NeverEnds,
        note: Some("gave an answer of over "),
        requests: 1..=3,
    },
    Case {
        name: "a wrong request",
        answer: |_, _, _| {
            Reply::status(
                404,
                json!({"error": {"message": "The model `m` does not exist", "code": "model_not_found"}}),
            )
        },
        note: Some("The model `m` does not exist"),
        requests: 1..=3,
    },
];
