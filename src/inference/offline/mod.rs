//! The provider that is always there: it sees by measuring, tells by a grammar with memory, and paints by
//! procedure. It needs no key, no network and no model, and the same ask always gets the same answer.
//!
//! Demos, tests and outages all use it. It does not claim to understand: it names what pixels can prove.

pub mod teller;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::{
    Answer, Call, Failure, ImageAsk, ImageModel, Picture, Provider, StructuredAsk, StructuredModel,
    TextAsk, TextModel, Usage,
};
use crate::compute::{BrokenOff, Compute};
use crate::painter::{self, Commission};

/// Its name in the registry and in model configurations.
pub const NAME: &str = "offline";

/// The provider's capabilities, all of them.
#[must_use]
pub fn provider(compute: Compute) -> Provider {
    let offline = Arc::new(Offline { compute });
    Provider {
        title: "the offline provider",
        text: Some(offline.clone()),
        structured: Some(offline.clone()),
        image: Some(offline),
        ..Provider::default()
    }
}

struct Offline {
    compute: Compute,
}

#[async_trait]
impl TextModel for Offline {
    async fn text(&self, _: &Call<'_>, ask: &TextAsk) -> Result<Answer<String>, Failure> {
        let brief = ask.brief.clone();
        let tale = self.compute.run(move || teller::compose(&brief)).await.map_err(broken)?;
        Ok(Answer { value: tale.text, usage: Usage::default(), memory: tale.memory })
    }
}

#[async_trait]
impl StructuredModel for Offline {
    async fn structured(
        &self,
        _: &Call<'_>,
        ask: &StructuredAsk,
    ) -> Result<Answer<Value>, Failure> {
        let brief = ask.brief.clone();
        let tale = self.compute.run(move || teller::compose(&brief)).await.map_err(broken)?;
        let memory = tale.memory.clone();
        let facts =
            serde_json::to_value(tale).map_err(|error| Failure::Broken(error.to_string()))?;
        Ok(Answer { value: project(&facts, &ask.schema)?, usage: Usage::default(), memory })
    }
}

#[async_trait]
impl ImageModel for Offline {
    async fn image(&self, _: &Call<'_>, ask: &ImageAsk) -> Result<Answer<Picture>, Failure> {
        let ask = ask.clone();
        let painted = self.compute.run(move || {
            let look = ask.seen.as_ref().and_then(|seen| seen.look.as_ref());
            let (words, size, seed) = (&ask.prompt, ask.size, ask.seed);
            Picture::Pixels(painter::paint(&Commission { words, size, seed, look }))
        });
        let painted = painted.await;
        Ok(Answer::new(painted.map_err(broken)?, Usage::default()))
    }
}

/// Those of a tale's fields that a schema names.
fn project(facts: &Value, schema: &Value) -> Result<Value, Failure> {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let mut answer = Map::new();
    for name in properties.keys() {
        if let Some(fact) = facts.get(name) {
            answer.insert(name.clone(), fact.clone());
        }
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    match required.filter_map(Value::as_str).find(|name| !answer.contains_key(*name)) {
        None => Ok(Value::Object(answer)),
        Some(missing) => Err(Failure::Unusable(format!("it cannot make up `{missing}`"))),
    }
}

fn broken(error: BrokenOff) -> Failure {
    Failure::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_has_what_the_schema_names_and_nothing_else() {
        let facts = json!({"text": "t", "genre": "g", "memory": 1});
        let schema = json!({"properties": {"text": {}, "mood": {}}, "required": ["text"]});
        assert_eq!(project(&facts, &schema).expect("complete"), json!({"text": "t"}));
        let schema = json!({"properties": {"mood": {}}, "required": ["mood"]});
        let error = project(&facts, &schema).expect_err("a tale has no mood");
        assert!(error.to_string().ends_with("it cannot make up `mood`"), "{error}");
    }
}
