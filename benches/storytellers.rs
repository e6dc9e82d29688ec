//! The time that a storyteller itself needs for a frame: rendering prompts and cleaning and checking responses, with a
//! provider that responds at once. It tells the thirty-first frame of a story with the built-in prompts.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot go on says why and ends"
)]

use std::sync::Arc;

use async_trait::async_trait;
use calliope::compute::Compute;
use calliope::domain::{FrameParameters, ImageAnalysis, Season};
use calliope::inference::{
    ApiKeys, AudienceProfile, CallContext, Failure, FrameContext, Model, ModelChains,
    ModelResponse, ModelSession, ModelSessionParts, Provider, Registry, SpendAccount,
    StructuredModel, StructuredRequest, TextModel, TextRequest, Timeouts, Usage,
};
use calliope::storytellers::{self, Prompts, Scene};
use divan::Bencher;
use figment::Figment;
use figment::providers::{Format, Toml};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Duration, Instant};

fn main() {
    divan::main();
}

/// A passage as long as a model writes it for a frame.
const PASSAGE: &str = "Ada set the lamp on the sill and waited for the harbour to answer. Far out, between two \
    swells, something blinked twice and was gone. She wrote the hour on the back of the letter, as her mother had \
    taught her, and went down to the boats. Nobody there would look at her.";

/// A model that responds at once.
struct InstantModel;

#[async_trait]
impl TextModel for InstantModel {
    async fn generate_text(
        &self,
        _: &CallContext<'_>,
        _: &TextRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        Ok(ModelResponse::new(PASSAGE.to_owned(), Usage::default()))
    }
}

#[async_trait]
impl StructuredModel for InstantModel {
    async fn generate_structured(
        &self,
        _: &CallContext<'_>,
        _: &StructuredRequest,
    ) -> Result<ModelResponse<Value>, Failure> {
        let list =
            |word: &str| json!(vec![format!("the {word} of the harbour, and what it hides"); 6]);
        let plan = json!({
            "text": PASSAGE, "illustration": "A lamp on a window sill above a dark harbour.",
            "genre": "a sea story", "conceit": "The lamp answers.", "cast": list("keeper"),
            "settings": list("quay"), "sources_of_conflict": list("debt"), "summary": PASSAGE,
            "past_developments": list("storm"), "current_development": "Ada waits.",
            "possible_developments": list("letter"),
        });
        Ok(ModelResponse::new(plan, Usage::default()))
    }
}

fn seeds() -> Vec<Value> {
    let seeds = Figment::from(Toml::string(include_str!("../config/seeds.toml")));
    seeds.extract_inner("prompt_templates").expect("prompts")
}

fn context() -> FrameContext {
    let prior = (0..30).map(|number| {
        format!("In hour {number} the tide left something on the steps. Ada counted {number} knots in its rope and said nothing. The keeper, who had seen it too, closed his door. All night the bell at the end of the pier rang {number} times.")
    });
    FrameContext {
        seed: 7,
        frame_number: 30,
        prior: prior.collect(),
        state: Value::Null,
        memory: Value::Null,
        seen: Some(ImageAnalysis {
            description: "A red boat on a beach, under a grey sky.".to_owned(),
            ..ImageAnalysis::default()
        }),
        heard: Some("Look, a boat!".to_owned()),
        said: None,
        place: Some("Lisbon".to_owned()),
        hour: 18,
        season: Season::Autumn,
        style: None,
        max_chars: None,
        known: AudienceProfile::default(),
    }
}

fn model_session() -> ModelSession {
    let model = Arc::new(InstantModel);
    let instant = Provider {
        display_name: "instant",
        text: Some(model.clone()),
        structured: Some(model),
        ..Provider::default()
    };
    let all = vec![Model::new("instant", "model")];
    ModelSession::new(ModelSessionParts {
        registry: Registry::default().with_provider("instant", instant),
        compute: Compute::new(),
        chains: ModelChains { text: all.clone(), editor: all, ..ModelChains::default() },
        keys: ApiKeys::default(),
        account: SpendAccount::default(),
        timeouts: Timeouts::default(),
        deadline: Instant::now() + Duration::from_mins(1),
        memories: Map::new(),
    })
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

#[divan::bench(args = ["fern", "lavender", "continuous-v0", "continuous-v1", "tamarisk", "narcissus", "literal", "simple-one-frame"])]
fn tell(bencher: Bencher<'_, '_>, name: &str) {
    let (runtime, seeds, context) = (runtime(), seeds(), context());
    let template = |slug: &str| {
        let found = seeds.iter().find(|seed| seed["slug"] == slug);
        found.map(|seed| seed["text"].as_str().expect("a text"))
    };
    let storyteller = storytellers::find(name).expect("a storyteller");
    let editor = format!("{name}-editor");
    let prompts = Prompts {
        text: template(name),
        editor: template(&editor),
        illustration: template("illustration"),
        ..Prompts::default()
    };
    let parameters = FrameParameters::default();
    bencher.bench_local(|| {
        runtime.block_on(async {
            let session = model_session();
            let scene = Scene {
                context: &context,
                situation: "It is a Thursday in autumn, early evening, in Lisbon.",
                photograph: None,
                parameters: &parameters,
                prompts,
                session: &session,
            };
            let frame = storyteller.tell(&scene).await.expect("a frame");
            assert!(!session.was_offline() && !frame.beats.is_empty());
            frame
        })
    });
}
