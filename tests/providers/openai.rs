//! Requests to OpenAI and compatible servers, field by field, and the reading of their answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use calliope::inference::{
    ApiKeys, ApiVariant, Model, ModelChains, ModelSession, ModelSessionParts, SpendAccount,
    StructuredPrompt, Timeouts,
};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::failures::good_answer;
use super::support::provider::{FakeProvider, Reply};
use super::{Capability, ask, frame_context, model_chains, model_session, registry, schema};

const TIMEOUT: Duration = Duration::from_secs(10);

fn model(name: &str) -> Model {
    Model::new("openai", name)
}

/// Returns the request that one successful use of a capability sends.
async fn request_for(
    capability: Capability,
    model: &Model,
) -> super::support::provider::RecordedRequest {
    let provider = FakeProvider::start(move |_, _| Reply::ok(good_answer(capability))).await;
    let session = model_session(registry(&provider.url), model_chains(model), TIMEOUT);
    assert!(ask(&session, capability).await.is_some());
    let mut received = provider.received();
    assert_eq!(received.len(), 1);
    received.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prose_is_asked_for_by_messages_or_by_a_prompt() {
    let request = request_for(Capability::Text, &model("gpt-4.1-mini")).await;
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/chat/completions"));
    assert_eq!(
        request.json(),
        json!({"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Tell."}], "max_tokens": 600})
    );
    let old = Model { variant: ApiVariant::Completion, ..model("babbage-002") };
    let provider =
        FakeProvider::start(|_, _| Reply::ok(json!({"choices": [{"text": " On it went."}]}))).await;
    let session = model_session(registry(&provider.url), model_chains(&old), TIMEOUT);
    assert_eq!(ask(&session, Capability::Text).await.as_deref(), Some("On it went."));
    let request = &provider.received()[0];
    assert_eq!(request.path, "/completions");
    assert_eq!(
        request.json(),
        json!({"model": "babbage-002", "prompt": "Tell.", "max_tokens": 600})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_models_parameters_go_over_what_is_sent() {
    let parameters = json!({"temperature": 1.2, "max_tokens": null, "max_completion_tokens": 300});
    let parameters: Map<String, Value> = parameters.as_object().expect("an object").clone();
    let request =
        request_for(Capability::Text, &Model { parameters, ..model("o4-mini") }).await.json();
    assert_eq!(request["temperature"], 1.2);
    assert_eq!(request["max_completion_tokens"], 300);
    assert_eq!(request.get("max_tokens"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_goes_along_as_a_jpeg() {
    let request = request_for(Capability::Vision, &model("gpt-4.1-mini")).await.json();
    let content = &request["messages"][0]["content"];
    assert_eq!(content[0], json!({"type": "text", "text": "Look."}));
    let url = content[1]["image_url"]["url"].as_str().expect("a URL");
    assert!(url.starts_with("data:image/jpeg;base64,/9j/"), "{}", &url[..40]);
    assert_eq!(request["response_format"]["type"], "json_schema");
    assert_eq!(request["response_format"]["json_schema"]["strict"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_image_model_is_asked_for_what_it_has() {
    let cases = [
        ("gpt-image-1", "1024x1024", None),
        ("dall-e-3", "1024x1024", Some("b64_json")),
        ("dall-e-2", "512x512", Some("b64_json")),
        ("stable-diffusion", "512x512", Some("b64_json")),
    ];
    for (name, size, format) in cases {
        let request = request_for(Capability::Image, &model(name)).await;
        assert_eq!(request.path, "/images/generations");
        let body = request.json();
        assert_eq!(
            (&body["model"], &body["size"], &body["n"]),
            (&json!(name), &json!(size), &json!(1))
        );
        assert_eq!(body.get("response_format").and_then(Value::as_str), format, "{name}");
        assert_eq!(body["prompt"], "A boat.");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_lies_elsewhere_is_fetched_without_the_key() {
    let png = super::support::fixture("chelsea_451x300.png");
    let files = FakeProvider::start(move |_, _| Reply::File(200, "image/png", png.clone())).await;
    let url = format!("{}/files/1.png?sig=abc", files.url);
    let provider =
        FakeProvider::start(move |_, _| Reply::ok(json!({"data": [{"url": url}]}))).await;
    let session = model_session(registry(&provider.url), model_chains(&model("dall-e-3")), TIMEOUT);
    assert_eq!(ask(&session, Capability::Image).await.as_deref(), Some("451x300"));
    let fetched = &files.received()[0];
    assert_eq!(
        (fetched.path.as_str(), fetched.header("authorization")),
        ("/files/1.png?sig=abc", None)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_goes_as_a_file_named_by_its_bytes() {
    let request = request_for(Capability::Transcription, &model("gpt-4o-mini-transcribe")).await;
    assert_eq!(request.path, "/audio/transcriptions");
    assert!(request.header("content-type").is_some_and(|t| t.starts_with("multipart/form-data")));
    let body = request.text();
    for part in
        ["name=\"model\"", "gpt-4o-mini-transcribe", "filename=\"speech.ogg\"", "audio/ogg", "OggS"]
    {
        assert!(body.contains(part), "{part}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_cannot_be_read_is_not_logged() {
    super::log::capture();
    let answer = r#"{"choices": [{"message": {"content": "The heron of Quillmere slept."#;
    for capability in [Capability::Text, Capability::Image, Capability::Speech] {
        let reply = Reply::File(200, "application/json", answer.as_bytes().to_vec());
        let provider = FakeProvider::start(move |_, _| reply.clone()).await;
        let session = model_session(registry(&provider.url), model_chains(&model("m")), TIMEOUT);
        let _ = ask(&session, capability).await;
        assert!(!provider.received().is_empty());
    }
    super::log::assert_absent(&["Quillmere"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_schemas_is_asked_in_simpler_ways_and_remembered() {
    // The server does not support json_schema, and answers in JSON mode with prose around an object of wrong types.
    let provider =
        FakeProvider::start(|_, request| match request.json()["response_format"]["type"].as_str() {
            Some("json_schema") => {
                Reply::status(500, json!({"error": {"message": "1 validation error: {'loc': ('body', 'response_format', 'type')}", "type": "internal_server_error"}}))
            }
            Some("json_object") => {
                Reply::status(422, json!({"detail": [{"msg": "no such field"}]}))
            }
            _ => Reply::ok(json!({"choices": [{"message": {"content":
            "Here you are:\n```json\n{\"text\": \"On it went.\", \"cast\": \"Ada\"}\n```"}}]})),
        })
        .await;
    let session = model_session(registry(&provider.url), model_chains(&model("llama3.2")), TIMEOUT);
    let context = frame_context();
    let prose = |text: String| Err(text);
    for _ in 0..2 {
        let request =
            StructuredPrompt { prompt: "Tell.", schema: &schema(), prose_prompt: "Tell." };
        let answer =
            session.generate_structured(request, &context, &Ok, &prose).await.expect("told");
        assert_eq!(answer, json!({"text": "On it went.", "cast": ["Ada"]}));
    }
    let received = provider.received();
    assert_eq!(received.len(), 4, "the second time it is asked in the right way at once");
    let prompt = received[3].json()["messages"][0]["content"].clone();
    assert!(
        prompt.as_str().is_some_and(|prompt| prompt.contains("\"cast\": a list of strings")),
        "{prompt}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_picture_is_asked_for_in_other_words() {
    let provider = FakeProvider::start(|_, request| {
        let body = request.json();
        if request.path == "/chat/completions" {
            let prompt = body["messages"][0]["content"].as_str().unwrap_or_default().to_owned();
            assert_eq!(prompt, "In other words: A boat.");
            return Reply::ok(json!({"choices": [{"message": {"content": "A calm sea."}}]}));
        }
        if body["prompt"] == "A calm sea." {
            Reply::ok(good_answer(Capability::Image))
        } else {
            Reply::status(
                400,
                json!({"error": {"code": "content_policy_violation", "message": "no"}}),
            )
        }
    })
    .await;
    let session = model_session(registry(&provider.url), model_chains(&model("dall-e-3")), TIMEOUT);
    assert_eq!(ask(&session, Capability::Image).await.as_deref(), Some("451x300"));
    let (notes, _) = session.into_notes_and_memories();
    assert_eq!(
        notes,
        [
            "The illustration was asked for in other words, because the OpenAI-compatible server refused the content of the request."
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clients_own_key_goes_over_the_installations() {
    let provider = FakeProvider::start(|_, _| Reply::ok(good_answer(Capability::Text))).await;
    let mut keys = ApiKeys::default();
    keys.insert_if_absent("openai_api_key", "sk-of-the-client");
    let session = ModelSession::new(ModelSessionParts {
        registry: registry(&provider.url),
        compute: calliope::compute::Compute::new(),
        chains: model_chains(&model("m")),
        keys,
        account: SpendAccount::default(),
        timeouts: Timeouts::default(),
        deadline: Instant::now() + TIMEOUT,
        memories: Map::new(),
    });
    assert!(ask(&session, Capability::Text).await.is_some());
    assert_eq!(provider.received()[0].header("authorization"), Some("Bearer sk-of-the-client"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_five_failures_a_model_is_left_alone_and_the_next_is_asked() {
    let broken = FakeProvider::start(|_, _| Reply::Stall).await;
    let registry = registry(&broken.url);
    let chains = ModelChains { text: vec![model("broken")], ..ModelChains::default() };
    for _ in 0..5 {
        let session = model_session(registry.clone(), chains.clone(), Duration::from_millis(50));
        assert!(ask(&session, Capability::Text).await.is_some());
    }
    let session = model_session(registry, chains, TIMEOUT);
    let started = Instant::now();
    assert!(ask(&session, Capability::Text).await.is_some());
    assert!(started.elapsed() < Duration::from_secs(5), "nobody waits for a model that rests");
    assert_eq!(broken.received().len(), 5);
    let (notes, _) = session.into_notes_and_memories();
    assert!(
        notes[0].contains("was not asked, because it failed several times in a row"),
        "{notes:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_fit_for_everybody_is_told_in_gentler_words_or_offline() {
    for flagged in [1, 9] {
        let judged = AtomicUsize::new(0);
        let provider = FakeProvider::start(move |_, request| match request.path.as_str() {
            "/moderations" if judged.fetch_add(1, Ordering::SeqCst) < flagged => {
                Reply::ok(json!({"id": "modr-1", "model": "omni-moderation-latest", "results": [
                    {"flagged": true, "categories": {"violence": true, "hate": false}}]}))
            }
            "/moderations" => Reply::ok(good_answer(Capability::Moderation)),
            _ => Reply::ok(good_answer(Capability::Text)),
        })
        .await;
        let judges = vec![model("omni-moderation-latest")];
        let chains = ModelChains { moderation: judges, ..model_chains(&model("gpt-4.1-mini")) };
        let session = model_session(registry(&provider.url), chains, TIMEOUT);
        let answer = ask(&session, Capability::Text).await.expect("told");
        assert_eq!(answer == "The fox ran to the sea.", flagged == 1, "{answer}");
        let received = provider.received();
        let requests_to =
            |path: &'static str| received.iter().filter(move |request| request.path == path);
        assert_eq!(requests_to("/chat/completions").count(), 2, "once more, in gentler words");
        let gentle = requests_to("/chat/completions").next_back().expect("asked").text();
        assert!(gentle.contains("Tell it gently."), "{gentle}");
        assert_eq!(
            requests_to("/moderations").next().expect("asked").json()["input"],
            "The fox ran to the sea."
        );
        let (notes, _) = session.into_notes_and_memories();
        assert_eq!(
            notes[0],
            "The story was asked for in gentler words, because the OpenAI-compatible server wrote a text that failed moderation."
        );
        assert_eq!(notes.len(), if flagged == 1 { 1 } else { 2 }, "{notes:?}");
    }
}
