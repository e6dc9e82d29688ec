//! What a storyteller takes of a frame beside its provider: prompts rendered, answers cleaned and checked, with a provider
//! that answers at once. The thirty-first frame of a story, its prompts as they are built in.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot go on says why and ends"
)]

use std::sync::Arc;

use async_trait::async_trait;
use calliope::compute::Compute;
use calliope::domain::{Parameters, Season, Sight};
use calliope::inference::{
    Account, Answer, Brief, Call, Cast, Failure, Keys, Known, Minds, MindsParts, Model, Patience,
    Provider, Registry, StructuredAsk, StructuredModel, TextAsk, TextModel, Usage,
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

/// As many words as a model writes for a frame.
const PASSAGE: &str = "Ada set the lamp on the sill and waited for the harbour to answer. Far out, between two \
    swells, something blinked twice and was gone. She wrote the hour on the back of the letter, as her mother had \
    taught her, and went down to the boats. Nobody there would look at her.";

struct AtOnce;

#[async_trait]
impl TextModel for AtOnce {
    async fn text(&self, _: &Call<'_>, _: &TextAsk) -> Result<Answer<String>, Failure> {
        Ok(Answer::new(PASSAGE.to_owned(), Usage::default()))
    }
}

#[async_trait]
impl StructuredModel for AtOnce {
    async fn structured(&self, _: &Call<'_>, _: &StructuredAsk) -> Result<Answer<Value>, Failure> {
        let list =
            |word: &str| json!(vec![format!("the {word} of the harbour, and what it hides"); 6]);
        let plan = json!({
            "text": PASSAGE, "illustration": "A lamp on a window sill above a dark harbour.",
            "genre": "a sea story", "conceit": "The lamp answers.", "cast": list("keeper"),
            "settings": list("quay"), "sources_of_conflict": list("debt"), "summary": PASSAGE,
            "past_developments": list("storm"), "current_development": "Ada waits.",
            "possible_developments": list("letter"),
        });
        Ok(Answer::new(plan, Usage::default()))
    }
}

fn seeds() -> Vec<Value> {
    let seeds = Figment::from(Toml::string(include_str!("../config/seeds.toml")));
    seeds.extract_inner("prompt_templates").expect("prompts")
}

fn brief() -> Brief {
    let prior = (0..30).map(|number| {
        format!("In hour {number} the tide left something on the steps. Ada counted {number} knots in its rope and said nothing. The keeper, who had seen it too, closed his door. All night the bell at the end of the pier rang {number} times.")
    });
    Brief {
        seed: 7,
        frame_number: 30,
        prior: prior.collect(),
        state: Value::Null,
        memory: Value::Null,
        seen: Some(Sight {
            description: "A red boat on a beach, under a grey sky.".to_owned(),
            ..Sight::default()
        }),
        heard: Some("Look, a boat!".to_owned()),
        said: None,
        place: Some("Lisbon".to_owned()),
        hour: 18,
        season: Season::Autumn,
        style: None,
        max_chars: None,
        known: Known::default(),
    }
}

fn minds() -> Minds {
    let model = Arc::new(AtOnce);
    let instant = Provider {
        title: "instant",
        text: Some(model.clone()),
        structured: Some(model),
        ..Provider::default()
    };
    let all = vec![Model::plain("instant", "model")];
    Minds::new(MindsParts {
        registry: Registry::default().with("instant", instant),
        compute: Compute::new(),
        cast: Cast { text: all.clone(), editor: all, ..Cast::default() },
        keys: Keys::default(),
        account: Account::default(),
        patience: Patience::default(),
        end: Instant::now() + Duration::from_mins(1),
        memories: Map::new(),
    })
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

#[divan::bench(args = ["fern", "lavender", "continuous-v0", "continuous-v1", "tamarisk", "narcissus", "literal", "simple-one-frame"])]
fn tell(bencher: Bencher<'_, '_>, name: &str) {
    let (runtime, seeds, brief) = (runtime(), seeds(), brief());
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
    let parameters = Parameters::default();
    bencher.bench_local(|| {
        runtime.block_on(async {
            let minds = minds();
            let scene = Scene {
                brief: &brief,
                situation: "It is a Thursday in autumn, early evening, in Lisbon.",
                photograph: None,
                parameters: &parameters,
                prompts,
                minds: &minds,
            };
            let told = storyteller.tell(&scene).await.expect("told");
            assert!(!minds.was_offline() && !told.beats.is_empty());
            told
        })
    });
}
