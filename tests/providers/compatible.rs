//! Servers that are called compatible with OpenAI, and what they really do: they mark reasoning in their own ways,
//! refuse fields, ignore the response format, spend the whole limit on reasoning, and report errors with a status of
//! success.

use std::time::Duration;

use calliope::inference::{Model, StructuredPrompt};
use serde_json::{Map, Value, json};

use super::failures::good_answer;
use super::support::provider::{FakeProvider, RecordedRequest, Reply};
use super::{Capability, ask, frame_context, model_chains, model_session, registry, schema};

const TIMEOUT: Duration = Duration::from_secs(10);
const STORY: &str = "The fox ran to the sea.";

fn model(name: &str) -> Model {
    Model::new("openai", name)
}

fn said(content: impl Into<Value>) -> Value {
    json!({"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": content.into()}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20}})
}

fn cut(content: &str) -> Value {
    json!({"choices": [{"finish_reason": "length", "message": {"content": content, "reasoning_content": "Hmm"}}]})
}

/// What came of one use of a capability: the result in words, the notes, and the requests.
struct Outcome {
    got: Option<String>,
    notes: String,
    requests: Vec<RecordedRequest>,
}

async fn run(
    capability: Capability,
    model: &Model,
    times: usize,
    answer: impl Fn(usize, &RecordedRequest) -> Reply + Send + Sync + 'static,
) -> Outcome {
    let provider = FakeProvider::start(answer).await;
    let registry = registry(&provider.url);
    let (mut got, mut notes) = (None, String::new());
    for _ in 0..times {
        let session = model_session(registry.clone(), model_chains(model), TIMEOUT);
        got = ask(&session, capability).await;
        notes.push_str(&session.into_notes_and_memories().0.join(" "));
    }
    Outcome { got, notes, requests: provider.received() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reasoning_never_reaches_a_reader() {
    let thought = "Okay, the user wants a {story}.";
    let contents = [
        json!(format!("<think>{thought}</think>\n\n{STORY}")),
        json!(format!("{thought}\n</think>\n\n{STORY}")),
        json!(format!("[THINK]{thought}[/THINK]{STORY}</s>")),
        json!([{"type": "thinking", "thinking": [{"type": "text", "text": thought}]}, {"type": "text", "text": STORY}]),
        json!(format!(
            "<|channel|>analysis<|message|>{thought}<|end|><|start|>assistant<|channel|>final<|message|>{STORY}<|return|>"
        )),
    ];
    for content in contents {
        let reply = said(content.clone());
        let outcome =
            run(Capability::Text, &model("m"), 1, move |_, _| Reply::ok(reply.clone())).await;
        assert_eq!(outcome.got.as_deref(), Some(STORY), "{content}: {}", outcome.notes);
    }
    for content in [
        format!("{thought}\n</think>\n{{\"text\": \"{STORY}\"}}"),
        format!("{{\"thinking\": \"hm\", \"text\": \"<think>hm</think>{STORY}\",}}"),
        format!(
            "<think>{thought} {{\"text\": \"a draft\"}}</think>```json\n{{'text': '{STORY}'}}\n```"
        ),
    ] {
        let reply = said(content.clone());
        let outcome =
            run(Capability::Structured, &model("m"), 1, move |_, _| Reply::ok(reply.clone())).await;
        assert_eq!(outcome.got.as_deref(), Some(STORY), "{content}: {}", outcome.notes);
        assert_eq!(outcome.requests.len(), 1, "{content}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_that_is_refused_is_left_out_or_renamed_and_remembered() {
    let parameters = json!({"temperature": 0.2, "seed": 7});
    let parameters: Map<String, Value> = parameters.as_object().expect("an object").clone();
    let model = Model { parameters, ..model("m") };
    for capability in [Capability::Text, Capability::Structured, Capability::Vision] {
        let outcome = run(capability, &model, 2, move |_, request| {
            let body = request.json();
            let refused = |message: &str, param: Value| {
                Reply::status(400, json!({"error": {"message": message, "param": param}}))
            };
            if body.get("max_tokens").is_some() {
                let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
                refused(message, json!("max_tokens"))
            } else if body.get("temperature").is_some() {
                refused("temperature does not support 0.2 with this model", Value::Null)
            } else if body.get("seed").is_some() {
                let detail = json!([{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]);
                Reply::status(422, json!({"detail": detail}))
            } else {
                assert!(body["max_completion_tokens"].as_u64().is_some(), "{body}");
                Reply::ok(good_answer(capability))
            }
        })
        .await;
        assert_eq!(outcome.notes, "", "{capability:?}");
        assert!(outcome.got.is_some());
        assert_eq!(outcome.requests.len(), 5, "the second call is adapted at once");
        if capability != Capability::Text {
            let format = outcome.requests[4].json()["response_format"]["type"].clone();
            assert_eq!(format, "json_schema", "the other refusals are not about the format");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_model_under_another_name_is_asked_for_what_it_has() {
    for name in ["openai/gpt-image-1", "my-deployment", "chatgpt-image-latest", "azure-dall-e-3"] {
        let outcome = run(Capability::Image, &model(name), 2, |_, request| {
            let body = request.json();
            if body.get("response_format").is_some() {
                let message = "Unknown parameter: 'response_format'.";
                Reply::status(400, json!({"error": {"message": message, "param": "response_format"}}))
            } else if !["1024x1024", "1536x1024"].iter().any(|size| body["size"] == *size) {
                let message = format!(
                    "Invalid value: {}. Supported values are: '1024x1024', '1536x1024', and 'auto'.",
                    body["size"]
                );
                Reply::status(400, json!({"error": {"message": message, "param": "size"}}))
            } else {
                Reply::ok(good_answer(Capability::Image))
            }
        })
        .await;
        assert_eq!((outcome.got.as_deref(), &*outcome.notes), (Some("451x300"), ""), "{name}");
        let last = outcome.requests.last().expect("asked").json();
        assert_eq!(last["size"], "1024x1024", "{name}");
        assert!(outcome.requests.len() <= 4, "{name}: what helped is remembered");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_services_are_asked_without_what_they_refuse() {
    let outcome = run(Capability::Transcription, &model("whisper"), 2, |_, request| {
        if request.text().contains("name=\"response_format\"") {
            Reply::status(
                422,
                json!({"detail": [{"loc": ["body", "response_format"], "msg": "Extra"}]}),
            )
        } else {
            Reply::File(200, "text/plain", b" Look, a fox! [BLANK_AUDIO]\n".to_vec())
        }
    })
    .await;
    assert_eq!((outcome.got.as_deref(), &*outcome.notes), (Some("Look, a fox!"), ""));
    assert_eq!(outcome.requests.len(), 3);
    let outcome = run(Capability::Speech, &model("kokoro"), 1, |_, request| {
        if request.json().get("voice").is_some() {
            Reply::status(400, json!({"detail": "Voice sage is invalid: voice not found"}))
        } else {
            Reply::File(200, "audio/mpeg", super::support::fixture("speech.mp3"))
        }
    })
    .await;
    assert_eq!((outcome.got.as_deref(), &*outcome.notes), (Some("mp3 for 5 s"), ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_that_cannot_be_helped_is_not_repeated() {
    let refusals = [
        (
            400,
            json!({"error": {"message": "The model `m` does not exist", "param": "model"}}),
            "does not exist",
        ),
        (402, json!({"error": {"message": "No credit left"}}), "No credit left"),
        (501, json!({"error": {"message": "no chat"}}), "HTTP 501, no chat"),
        (200, json!({"error": {"message": "No such model: m"}}), "No such model: m"),
    ];
    for (status, body, note) in refusals {
        for capability in [Capability::Text, Capability::Structured] {
            let body = body.clone();
            let outcome =
                run(capability, &model("m"), 1, move |_, _| Reply::status(status, body.clone()))
                    .await;
            assert!(outcome.notes.contains(note), "{}", outcome.notes);
            assert!(outcome.requests.len() <= 3, "{note}: {}", outcome.requests.len());
            assert!(capability != Capability::Text || outcome.requests.len() == 1, "{note}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_that_was_spent_on_reasoning_is_raised_once() {
    let budget = |request: &RecordedRequest| request.json()["max_tokens"].as_u64().unwrap_or(0);
    for capability in [Capability::Text, Capability::Structured, Capability::Vision] {
        let outcome = run(capability, &model("m"), 2, move |_, request| {
            if budget(request) < 4000 {
                Reply::ok(cut(""))
            } else {
                Reply::ok(good_answer(capability))
            }
        })
        .await;
        assert!(outcome.got.is_some());
        assert_eq!(outcome.notes, "", "{capability:?}");
        let budgets: Vec<u64> = outcome.requests.iter().map(budget).collect();
        assert_eq!(budgets[1..], [8192, 8192], "the larger limit is remembered");
    }
    let outcome = run(Capability::Text, &model("m"), 1, |_, _| Reply::ok(cut("<think>Hmm"))).await;
    let note = "used up its limit of 8192 tokens before it answered";
    assert!(outcome.notes.contains(note), "{}", outcome.notes);
    assert_eq!(outcome.requests.len(), 2);
    // A limit that a person set is kept.
    let parameters = json!({"max_tokens": 50}).as_object().expect("an object").clone();
    let model = Model { parameters, ..model("m") };
    let outcome = run(Capability::Text, &model, 1, |_, _| Reply::ok(cut(""))).await;
    assert!(outcome.notes.contains("limit of 50 tokens"), "{}", outcome.notes);
    assert_eq!(outcome.requests.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_ignores_the_response_format_is_asked_in_words() {
    let seen = "The picture shows a red square by the sea.";
    let in_words = |request: &RecordedRequest| request.text().contains("JSON object");
    let outcome = run(Capability::Vision, &model("m"), 2, move |_, request| {
        if in_words(request) {
            Reply::ok(good_answer(Capability::Vision))
        } else {
            Reply::ok(said(seen))
        }
    })
    .await;
    assert_eq!((outcome.got.as_deref(), &*outcome.notes), (Some("A fox."), ""));
    assert_eq!(outcome.requests.len(), 3, "the second time it is asked in words at once");
    let outcome = run(Capability::Vision, &model("m"), 2, move |_, _| Reply::ok(said(seen))).await;
    assert_eq!((outcome.got.as_deref(), &*outcome.notes), (Some(seen), ""));
    assert_eq!(outcome.requests.len(), 3);
    // A model that returned JSON once and prose later keeps its way of being asked.
    let outcome = run(Capability::Vision, &model("m"), 3, move |number, _| match number {
        1 => Reply::ok(said(seen)),
        _ => Reply::ok(good_answer(Capability::Vision)),
    })
    .await;
    assert_eq!((outcome.got.as_deref(), &*outcome.notes), (Some("A fox."), ""));
    assert!(outcome.requests.iter().all(|request| !in_words(request)));
    let refusal = "I'm sorry, but I cannot see images.";
    let outcome =
        run(Capability::Vision, &model("m"), 1, move |_, _| Reply::ok(said(refusal))).await;
    assert_eq!(outcome.got, None);
    assert!(outcome.notes.contains("it does not describe the image"), "{}", outcome.notes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_found_wherever_a_server_puts_it() {
    let base64 = super::support::base64("chelsea_451x300.png");
    let unpadded = base64.trim_end_matches('=').to_owned();
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).expect("ASCII"))
        .collect();
    let answers = [
        json!({"data": [{"b64_json": format!("data:image/png;base64,{base64}")}]}),
        json!({"data": [{"b64_json": lines.join("\r\n")}]}),
        json!({"data": [{"b64_json": unpadded}]}),
        json!({"data": [{"b64_json": "", "url": "/files/1.png"}]}),
        json!({"data": [{"b64_json": null, "url": "files/1.png"}]}),
        json!({"data": [{"url": format!("data:image/png;base64,{base64}")}]}),
        json!({"images": [base64]}),
    ];
    for answer in answers {
        let text = answer.to_string();
        let outcome = run(Capability::Image, &model("sd"), 1, move |_, request| {
            if request.path == "/files/1.png" {
                assert_eq!(request.method, "GET");
                Reply::File(200, "image/png", super::support::fixture("chelsea_451x300.png"))
            } else {
                Reply::ok(answer.clone())
            }
        })
        .await;
        assert_eq!(
            (outcome.got.as_deref(), &*outcome.notes),
            (Some("451x300"), ""),
            "{}",
            &text[..80]
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_says_what_is_wrong_with_the_address() {
    let plain = |text: &'static str| Reply::File(404, "text/plain", text.into());
    let outcome =
        run(Capability::Text, &model("m"), 1, move |_, _| plain("404 page not found")).await;
    let note = "HTTP 404, 404 page not found; the address in OPENAI_BASE_URL usually ends with /v1";
    assert!(outcome.notes.contains(note), "{}", outcome.notes);
    assert_eq!(outcome.requests.len(), 1);
    let page = b"<!DOCTYPE html><html><head><title>Open WebUI</title></head></html>";
    let outcome =
        run(Capability::Text, &model("m"), 1, |_, _| Reply::File(200, "text/html", page.to_vec()))
            .await;
    let note = "it is a web page with the title \"Open WebUI\" instead of JSON; the address in OPENAI_BASE_URL usually ends with /v1";
    assert!(outcome.notes.contains(note), "{}", outcome.notes);
    assert_eq!(outcome.requests.len(), 1);
    let list = json!([{"error": {"code": 400, "message": "API key expired.", "status": "INVALID_ARGUMENT"}}]);
    let outcome =
        run(Capability::Text, &model("m"), 1, move |_, _| Reply::status(400, list.clone())).await;
    assert!(outcome.notes.contains("refused the request: API key expired"), "{}", outcome.notes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_characters_stay_at_the_wire() {
    let dirty = "The \u{1b}[31mfox\u{1b}[0m\0 ran\u{7} to the \u{202e}sea\u{202c}.";
    let outcome = run(Capability::Text, &model("m"), 1, move |_, _| Reply::ok(said(dirty))).await;
    assert_eq!(outcome.got.as_deref(), Some(STORY));
    let object = json!({"text": dirty}).to_string();
    let outcome =
        run(Capability::Structured, &model("m"), 1, move |_, _| Reply::ok(said(object.clone())))
            .await;
    assert_eq!(outcome.got.as_deref(), Some(STORY));
    let object = json!({"description": dirty, "tags": [dirty]}).to_string();
    let outcome =
        run(Capability::Vision, &model("m"), 1, move |_, _| Reply::ok(said(object.clone()))).await;
    assert_eq!(outcome.got.as_deref(), Some(STORY));
    let outcome = run(Capability::Transcription, &model("m"), 1, move |_, _| {
        Reply::ok(json!({"text": dirty}))
    })
    .await;
    assert_eq!(outcome.got.as_deref(), Some(STORY));
    let outcome = run(Capability::Text, &model("m"), 1, move |_, _| {
        Reply::status(400, json!({"error": {"message": dirty}}))
    })
    .await;
    assert!(outcome.notes.contains(STORY.trim_end_matches('.')), "{}", outcome.notes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_is_almost_json_is_read() {
    let provider = FakeProvider::start(|_, _| {
        Reply::ok(said("Here {you} are:\n{'text': 'On it went.', \"cast\": [\"Ada\",], // all\n}"))
    })
    .await;
    let session = model_session(registry(&provider.url), model_chains(&model("m")), TIMEOUT);
    let request = StructuredPrompt { prompt: "Tell.", schema: &schema(), prose_prompt: "Tell." };
    let prose = |text: String| Err(text);
    let context = frame_context();
    let answer = session.generate_structured(request, &context, &Ok, &prose).await.expect("told");
    assert_eq!(answer, json!({"text": "On it went.", "cast": ["Ada"]}));
    assert_eq!(provider.received().len(), 1);
}
