//! Every capability with every way in which a provider can fail. The caller gets something to show and the reason
//! in time, and nothing of the request is logged.
//!
//! This file is long because it holds one table of providers and one of failures, and their recorded answers.

use std::time::Duration;

use calliope::inference::{Model, ModelChains};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::support::provider::{FakeProvider, RecordedRequest, Reply};
use super::{Capability, KEY, ask, embed, log, model_chains, model_session, registry};

const TIMEOUT: Duration = Duration::from_secs(3);

/// A provider that has a capability, by the provider's name and the name of its model.
#[derive(Debug, Clone, Copy)]
struct Target {
    provider: &'static str,
    model: &'static str,
    capability: Capability,
}

const TARGETS: &[Target] = &[
    Target { provider: "openai", model: "gpt-4.1-mini", capability: Capability::Text },
    Target { provider: "openai", model: "gpt-4.1-mini", capability: Capability::Structured },
    Target { provider: "openai", model: "gpt-image-1", capability: Capability::Image },
    Target { provider: "openai", model: "gpt-4.1-mini", capability: Capability::Vision },
    Target { provider: "openai", model: "whisper-1", capability: Capability::Transcription },
    Target { provider: "azure", model: "v4", capability: Capability::Vision },
    Target { provider: "azure", model: "v3.2", capability: Capability::Vision },
    Target { provider: "stability", model: "stable-diffusion-v1-6", capability: Capability::Image },
    Target { provider: "stability", model: "core", capability: Capability::Image },
    Target { provider: "huggingface", model: "org/teller", capability: Capability::Text },
    Target { provider: "huggingface", model: "org/painter", capability: Capability::Image },
    Target { provider: "huggingface", model: "org/seer", capability: Capability::Vision },
    Target { provider: "huggingface", model: "org/hearer", capability: Capability::Transcription },
    Target { provider: "replicate", model: "org/teller", capability: Capability::Text },
    Target { provider: "replicate", model: "org/painter:abc123", capability: Capability::Image },
    Target { provider: "openai", model: "gpt-4o-mini-tts", capability: Capability::Speech },
    Target {
        provider: "openai",
        model: "text-embedding-3-small",
        capability: Capability::Embedding,
    },
    Target {
        provider: "openai",
        model: "omni-moderation-latest",
        capability: Capability::Moderation,
    },
    Target { provider: "huggingface", model: "org/embedder", capability: Capability::Embedding },
    Target { provider: "runway", model: "gen4_turbo", capability: Capability::Video },
];

impl Target {
    /// Returns a successful answer to a request, in a recorded shape.
    fn good_answer(self, request: &RecordedRequest) -> Reply {
        let png = || super::support::fixture("chelsea_451x300.png");
        let base64 = || super::support::base64("chelsea_451x300.png");
        match (self.provider, self.model) {
            ("openai", _) if self.capability == Capability::Speech => {
                Reply::File(200, "audio/mpeg", super::support::fixture("speech.mp3"))
            }
            ("openai", _) => Reply::ok(good_answer(self.capability)),
            ("azure", "v3.2") => Reply::ok(json!({
                "description": {"tags": ["fox"], "captions": [{"text": "a fox", "confidence": 0.9}]},
                "objects": [{"object": "fox", "confidence": 0.8}], "tags": [{"name": "fox", "confidence": 0.9}],
                "requestId": "1", "modelVersion": "2021-05-01", "metadata": {"height": 48, "width": 64, "format": "Jpeg"},
            })),
            ("azure", _) => Reply::ok(json!({
                "modelVersion": "2023-10-01", "captionResult": {"text": "a fox", "confidence": 0.9},
                "metadata": {"width": 64, "height": 48}, "tagsResult": {"values": [{"name": "fox", "confidence": 0.9}]},
            })),
            ("stability", "core") => {
                Reply::ok(json!({"image": base64(), "finish_reason": "SUCCESS", "seed": 1}))
            }
            ("stability", _) => Reply::ok(
                json!({"artifacts": [{"base64": base64(), "finishReason": "SUCCESS", "seed": 1}]}),
            ),
            ("huggingface", _) => match self.capability {
                Capability::Image => Reply::File(200, "image/png", png()),
                Capability::Vision => Reply::ok(json!([{"generated_text": "A fox."}])),
                Capability::Transcription => Reply::ok(json!({"text": " Look, a fox!"})),
                Capability::Embedding => Reply::ok(json!([[0.5, -0.25], [0.125, 1.0]])),
                _ => Reply::ok(json!([{"generated_text": "The fox ran to the sea."}])),
            },
            _ if request.path == "/film.mp4" => {
                Reply::File(200, "video/mp4", super::support::fixture("film.mp4"))
            }
            ("runway", _) if request.method == "POST" => Reply::ok(json!({"id": "t-1"})),
            ("runway", _) => {
                let host = request.header("host").expect("a host");
                Reply::ok(json!({"id": "t-1", "status": "SUCCEEDED",
                    "createdAt": "2026-11-28T10:00:00Z", "output": [format!("http://{host}/film.mp4")]}))
            }
            _ if request.path == "/file.png" => Reply::File(200, "image/png", png()),
            _ if request.method == "POST" => Reply::status(
                201,
                json!({"id": "p1", "status": "starting", "output": null, "error": null}),
            ),
            _ => {
                let host = request.header("host").expect("a host");
                let output = match self.capability {
                    Capability::Image => json!([format!("http://{host}/file.png")]),
                    _ => json!(["The fox ", "ran to the sea."]),
                };
                Reply::ok(
                    json!({"id": "p1", "status": "succeeded", "output": output, "error": null}),
                )
            }
        }
    }

    /// Returns a successful answer without content.
    fn empty_answer(self) -> Reply {
        match self.provider {
            "openai" if self.capability == Capability::Speech => {
                Reply::File(200, "audio/mpeg", Vec::new())
            }
            "openai" => Reply::ok(empty_answer(self.capability)),
            "replicate" => {
                Reply::status(201, json!({"id": "p1", "status": "succeeded", "output": null}))
            }
            "huggingface" if self.capability == Capability::Image => {
                Reply::File(200, "image/png", Vec::new())
            }
            "huggingface" => Reply::ok(json!([])),
            _ => Reply::ok(json!({})),
        }
    }

    /// Returns the header that carries the key.
    fn key_header(self) -> (&'static str, String) {
        match self.provider {
            "azure" => ("ocp-apim-subscription-key", KEY.to_owned()),
            _ => ("authorization", format!("Bearer {KEY}")),
        }
    }
}

/// Returns a recorded answer of OpenAI for a capability.
pub(crate) fn good_answer(capability: Capability) -> Value {
    let chat_answer = |content: &str| {
        json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4.1-mini",
            "choices": [{"index": 0, "finish_reason": "stop", "logprobs": null,
                "message": {"role": "assistant", "content": content, "refusal": null, "annotations": []}}],
            "usage": {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19},
        })
    };
    match capability {
        Capability::Text => chat_answer("The fox ran to the sea."),
        Capability::Structured => chat_answer(r#"{"text": "The fox ran to the sea."}"#),
        Capability::Vision => chat_answer(
            r#"{"description": "A fox.", "setting": "a beach", "atmosphere": "calm", "people": [],
                "objects": ["a fox"], "texts": [], "tags": ["fox"]}"#,
        ),
        Capability::Image => {
            json!({"created": 1, "data": [{"b64_json": super::support::base64("chelsea_451x300.png")}],
            "usage": {"input_tokens": 5, "output_tokens": 1056, "total_tokens": 1061}})
        }
        Capability::Transcription => json!({"text": "Look, a fox!", "usage": {"type": "tokens",
            "input_tokens": 30, "output_tokens": 6, "total_tokens": 36}}),
        Capability::Embedding => {
            json!({"object": "list", "model": "text-embedding-3-small", "data": [
            {"object": "embedding", "index": 1, "embedding": [0.125, 1.0]},
            {"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}],
            "usage": {"prompt_tokens": 8, "total_tokens": 8}})
        }
        Capability::Moderation => {
            json!({"id": "modr-1", "model": "omni-moderation-latest", "results": [
            {"flagged": false, "categories": {"violence": false}, "category_scores": {"violence": 0.1}}]})
        }
        Capability::Speech | Capability::Video => panic!("these are files"),
    }
}

fn good_words(capability: Capability) -> &'static str {
    match capability {
        Capability::Text | Capability::Structured | Capability::Moderation => {
            "The fox ran to the sea."
        }
        Capability::Vision => "A fox.",
        Capability::Image => "451x300",
        Capability::Transcription => "Look, a fox!",
        Capability::Embedding => "[[0.5, -0.25], [0.125, 1.0]]",
        Capability::Speech => "mp3 for 5 s",
        Capability::Video => "64x48",
    }
}

/// Returns a successful answer without content.
fn empty_answer(capability: Capability) -> Value {
    let chat_answer = |content: &str| json!({"choices": [{"message": {"content": content}}]});
    match capability {
        Capability::Text | Capability::Structured => chat_answer(""),
        Capability::Vision => chat_answer(r#"{"description": "", "objects": []}"#),
        Capability::Image => json!({"created": 1, "data": []}),
        Capability::Transcription => json!({"usage": {}}),
        Capability::Embedding => json!({"object": "list", "data": []}),
        Capability::Moderation => json!({"results": []}),
        Capability::Speech | Capability::Video => json!({}),
    }
}

/// One way to fail: the answer to each request, and the note that the caller gets; no note if the case ends well.
struct Case {
    name: &'static str,
    answer: fn(Target, usize, &RecordedRequest) -> Reply,
    note: Option<&'static str>,
    requests: std::ops::RangeInclusive<usize>,
}

const CASES: &[Case] = &[
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

#[expect(clippy::too_many_lines, reason = "one case from its request to its last check")]
async fn run(case: &Case, target: Target) {
    let capability = target.capability;
    let answer = case.answer;
    let provider = FakeProvider::start(move |number, request| match (capability, &*request.path) {
        // A text is told before it is moderated, and telling it succeeds.
        (Capability::Moderation, "/chat/completions") => Reply::ok(good_answer(Capability::Text)),
        (Capability::Moderation, _) => answer(target, number - 1, request),
        _ => answer(target, number, request),
    })
    .await;
    let model = Model::new(target.provider, target.model);
    let registry = registry(&provider.url);
    let moderation =
        if capability == Capability::Moderation { vec![model.clone()] } else { Vec::new() };
    let chains = ModelChains { moderation, ..model_chains(&model) };
    let session = model_session(registry.clone(), chains, TIMEOUT);
    let started = Instant::now();
    let got = match capability {
        Capability::Embedding => embed(&registry, &model, TIMEOUT)
            .await
            .map_err(|error| session.add_note(format!("Nothing came, because {error}.")))
            .ok(),
        _ => ask(&session, capability).await,
    };
    let took = started.elapsed();
    let what = format!("{target:?}: {}", case.name);
    // After a refusal, the model is asked again in other words, and each attempt has its own time limit.
    assert!(took < TIMEOUT + Duration::from_secs(1), "{what} took {took:?}");
    let (notes, _) = session.into_notes_and_memories();
    let notes = notes.join(" ");
    match case.note {
        None => {
            assert_eq!(got.as_deref(), Some(good_words(capability)), "{what}: {notes}");
            assert_eq!(notes, "", "{what}");
        }
        Some(expected) => {
            assert!(notes.contains(expected), "{what}: {notes}");
            let goes_on = matches!(
                capability,
                Capability::Text
                    | Capability::Structured
                    | Capability::Image
                    | Capability::Moderation
            );
            assert_eq!(got.is_some(), goes_on, "{what}");
            // A text that no model can moderate is told nevertheless.
            let is_good = got.as_deref() == Some(good_words(capability));
            assert_eq!(is_good, capability == Capability::Moderation, "{what}");
        }
    }
    assert!(!notes.contains(KEY), "{what}: {notes}");
    let requests = provider.received();
    // Polling a prediction does not count as an attempt.
    let is_poll = |request: &RecordedRequest| {
        capability == Capability::Moderation && request.path == "/chat/completions"
    };
    let attempts =
        requests.iter().filter(|request| request.method == "POST" && !is_poll(request)).count();
    assert!(case.requests.contains(&attempts), "{what}: {attempts} requests");
    let (header, key) = target.key_header();
    let is_file =
        |request: &&RecordedRequest| request.path == "/file.png" || request.path == "/film.mp4";
    let calls = requests.iter().filter(|request| !is_file(request));
    assert!(calls.into_iter().all(|call| call.header(header) == Some(&key)), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_provider_does_there_is_something_to_show_in_time() {
    log::capture();
    for target in TARGETS {
        join_all(CASES.iter().map(|case| run(case, *target))).await;
    }
    let photo = super::support::base64("chelsea_451x300.png");
    log::assert_absent(&[KEY, &photo[100..160], "data:image"]);
}
