//! Requests to OpenAI and compatible servers, field by field, and the reading of their answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use calliope::inference::{
    ApiKeys, ApiVariant, Model, ModelChains, ModelSession, ModelSessionParts, SpendAccount,
    StructuredPrompt, Timeouts,
};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::failures::good;
use super::support::provider::{FakeProvider, Reply};
use super::{Wanted, ask, brief, cast, minds, registry, schema};

const PATIENCE: Duration = Duration::from_secs(10);

fn model(name: &str) -> Model {
    Model::new("openai", name)
}

/// Returns the request that one successful use of a capability sends.
async fn sent(wanted: Wanted, model: &Model) -> super::support::provider::RecordedRequest {
    let provider = FakeProvider::start(move |_, _| Reply::ok(good(wanted))).await;
    let minds = minds(registry(&provider.url), cast(model), PATIENCE);
    assert!(ask(&minds, wanted).await.is_some());
    let mut received = provider.received();
    assert_eq!(received.len(), 1);
    received.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prose_is_asked_for_by_messages_or_by_a_prompt() {
    let asked = sent(Wanted::Text, &model("gpt-4.1-mini")).await;
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/chat/completions"));
    assert_eq!(
        asked.json(),
        json!({"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Tell."}], "max_tokens": 600})
    );
    let old = Model { variant: ApiVariant::Completion, ..model("babbage-002") };
    let provider =
        FakeProvider::start(|_, _| Reply::ok(json!({"choices": [{"text": " On it went."}]}))).await;
    let minds = minds(registry(&provider.url), cast(&old), PATIENCE);
    assert_eq!(ask(&minds, Wanted::Text).await.as_deref(), Some("On it went."));
    let asked = &provider.received()[0];
    assert_eq!(asked.path, "/completions");
    assert_eq!(asked.json(), json!({"model": "babbage-002", "prompt": "Tell.", "max_tokens": 600}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_models_parameters_go_over_what_is_sent() {
    let parameters = json!({"temperature": 1.2, "max_tokens": null, "max_completion_tokens": 300});
    let parameters: Map<String, Value> = parameters.as_object().expect("an object").clone();
    let asked = sent(Wanted::Text, &Model { parameters, ..model("o4-mini") }).await.json();
    assert_eq!(asked["temperature"], 1.2);
    assert_eq!(asked["max_completion_tokens"], 300);
    assert_eq!(asked.get("max_tokens"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_goes_along_as_a_jpeg() {
    let asked = sent(Wanted::Vision, &model("gpt-4.1-mini")).await.json();
    let content = &asked["messages"][0]["content"];
    assert_eq!(content[0], json!({"type": "text", "text": "Look."}));
    let url = content[1]["image_url"]["url"].as_str().expect("a URL");
    assert!(url.starts_with("data:image/jpeg;base64,/9j/"), "{}", &url[..40]);
    assert_eq!(asked["response_format"]["type"], "json_schema");
    assert_eq!(asked["response_format"]["json_schema"]["strict"], true);
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
        let asked = sent(Wanted::Image, &model(name)).await;
        assert_eq!(asked.path, "/images/generations");
        let body = asked.json();
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
    let minds = minds(registry(&provider.url), cast(&model("dall-e-3")), PATIENCE);
    assert_eq!(ask(&minds, Wanted::Image).await.as_deref(), Some("451x300"));
    let fetched = &files.received()[0];
    assert_eq!(
        (fetched.path.as_str(), fetched.header("authorization")),
        ("/files/1.png?sig=abc", None)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_goes_as_a_file_named_by_its_bytes() {
    let asked = sent(Wanted::Transcription, &model("gpt-4o-mini-transcribe")).await;
    assert_eq!(asked.path, "/audio/transcriptions");
    assert!(asked.header("content-type").is_some_and(|t| t.starts_with("multipart/form-data")));
    let body = asked.text();
    for part in
        ["name=\"model\"", "gpt-4o-mini-transcribe", "filename=\"speech.ogg\"", "audio/ogg", "OggS"]
    {
        assert!(body.contains(part), "{part}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_schemas_is_asked_in_simpler_ways_and_remembered() {
    // The server does not support json_schema, and answers in JSON mode with prose around an object of wrong types.
    let provider =
        FakeProvider::start(|_, asked| match asked.json()["response_format"]["type"].as_str() {
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
    let minds = minds(registry(&provider.url), cast(&model("llama3.2")), PATIENCE);
    let brief = brief();
    let prose = |text: String| Err(text);
    for _ in 0..2 {
        let ask = StructuredPrompt { prompt: "Tell.", schema: &schema(), prose_prompt: "Tell." };
        let told = minds.generate_structured(ask, &brief, &Ok, &prose).await.expect("told");
        assert_eq!(told, json!({"text": "On it went.", "cast": ["Ada"]}));
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
    let provider = FakeProvider::start(|_, asked| {
        let body = asked.json();
        if asked.path == "/chat/completions" {
            let prompt = body["messages"][0]["content"].as_str().unwrap_or_default().to_owned();
            assert_eq!(prompt, "In other words: A boat.");
            return Reply::ok(json!({"choices": [{"message": {"content": "A calm sea."}}]}));
        }
        if body["prompt"] == "A calm sea." {
            Reply::ok(good(Wanted::Image))
        } else {
            Reply::status(
                400,
                json!({"error": {"code": "content_policy_violation", "message": "no"}}),
            )
        }
    })
    .await;
    let minds = minds(registry(&provider.url), cast(&model("dall-e-3")), PATIENCE);
    assert_eq!(ask(&minds, Wanted::Image).await.as_deref(), Some("451x300"));
    let (notes, _) = minds.into_notes_and_memories();
    assert_eq!(
        notes,
        [
            "The illustration was asked for in other words, because the OpenAI-compatible server refused the content of the request."
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clients_own_key_goes_over_the_installations() {
    let provider = FakeProvider::start(|_, _| Reply::ok(good(Wanted::Text))).await;
    let mut keys = ApiKeys::default();
    keys.insert_if_absent("openai_api_key", "sk-of-the-client");
    let minds = ModelSession::new(ModelSessionParts {
        registry: registry(&provider.url),
        compute: calliope::compute::Compute::new(),
        chains: cast(&model("m")),
        keys,
        account: SpendAccount::default(),
        timeouts: Timeouts::default(),
        deadline: Instant::now() + PATIENCE,
        memories: Map::new(),
    });
    assert!(ask(&minds, Wanted::Text).await.is_some());
    assert_eq!(provider.received()[0].header("authorization"), Some("Bearer sk-of-the-client"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_five_failures_a_model_is_left_alone_and_the_next_is_asked() {
    let broken = FakeProvider::start(|_, _| Reply::Stall).await;
    let registry = registry(&broken.url);
    let cast = ModelChains { text: vec![model("broken")], ..ModelChains::default() };
    for _ in 0..5 {
        let minds = minds(registry.clone(), cast.clone(), Duration::from_millis(50));
        assert!(ask(&minds, Wanted::Text).await.is_some());
    }
    let minds = minds(registry, cast, PATIENCE);
    let begun = Instant::now();
    assert!(ask(&minds, Wanted::Text).await.is_some());
    assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits for a model that rests");
    assert_eq!(broken.received().len(), 5);
    let (notes, _) = minds.into_notes_and_memories();
    assert!(
        notes[0].contains("was not asked, because it failed several times in a row"),
        "{notes:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_fit_for_everybody_is_told_in_gentler_words_or_offline() {
    for flagged in [1, 9] {
        let judged = AtomicUsize::new(0);
        let provider = FakeProvider::start(move |_, asked| match asked.path.as_str() {
            "/moderations" if judged.fetch_add(1, Ordering::SeqCst) < flagged => {
                Reply::ok(json!({"id": "modr-1", "model": "omni-moderation-latest", "results": [
                    {"flagged": true, "categories": {"violence": true, "hate": false}}]}))
            }
            "/moderations" => Reply::ok(good(Wanted::Moderation)),
            _ => Reply::ok(good(Wanted::Text)),
        })
        .await;
        let judges = vec![model("omni-moderation-latest")];
        let cast = ModelChains { moderation: judges, ..cast(&model("gpt-4.1-mini")) };
        let minds = minds(registry(&provider.url), cast, PATIENCE);
        let told = ask(&minds, Wanted::Text).await.expect("told");
        assert_eq!(told == "The fox ran to the sea.", flagged == 1, "{told}");
        let received = provider.received();
        let asked = |path: &'static str| received.iter().filter(move |asked| asked.path == path);
        assert_eq!(asked("/chat/completions").count(), 2, "once more, in gentler words");
        let gentle = asked("/chat/completions").next_back().expect("asked").text();
        assert!(gentle.contains("Tell it gently."), "{gentle}");
        assert_eq!(
            asked("/moderations").next().expect("asked").json()["input"],
            "The fox ran to the sea."
        );
        let (notes, _) = minds.into_notes_and_memories();
        assert_eq!(
            notes[0],
            "The story was asked for in gentler words, because the OpenAI-compatible server wrote what is not fit for everybody."
        );
        assert_eq!(notes.len(), if flagged == 1 { 1 } else { 2 }, "{notes:?}");
    }
}
