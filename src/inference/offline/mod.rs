//! The provider that is always there: it sees by measuring, tells by a grammar with memory, and paints by
//! procedure. It needs no key, no network and no model, and the same ask always gets the same answer.
//!
//! Demos, tests and outages all use it. It does not claim to understand: it names what pixels can prove.

pub mod composer;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::{
    CallContext, Failure, GeneratedImage, ImageModel, ImageRequest, ModelResponse, Provider,
    StructuredModel, StructuredRequest, TextModel, TextRequest, Usage,
};
use crate::compute::{Compute, ComputePanicked};
use crate::painter::{self, PaintRequest};

/// Its name in the registry and in model configurations.
pub const NAME: &str = "offline";

/// The provider's capabilities, all of them.
#[must_use]
pub fn provider(compute: Compute) -> Provider {
    let offline = Arc::new(Offline { compute });
    Provider {
        display_name: "the offline provider",
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
    async fn generate_text(
        &self,
        _: &CallContext<'_>,
        ask: &TextRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let brief = ask.context.clone();
        let tale =
            self.compute.run(move || composer::compose(&brief)).await.map_err(internal_failure)?;
        Ok(ModelResponse { value: tale.text, usage: Usage::default(), memory: tale.memory })
    }
}

#[async_trait]
impl StructuredModel for Offline {
    async fn generate_structured(
        &self,
        _: &CallContext<'_>,
        ask: &StructuredRequest,
    ) -> Result<ModelResponse<Value>, Failure> {
        let brief = ask.context.clone();
        let tale =
            self.compute.run(move || composer::compose(&brief)).await.map_err(internal_failure)?;
        let memory = tale.memory.clone();
        let facts =
            serde_json::to_value(tale).map_err(|error| Failure::Internal(error.to_string()))?;
        Ok(ModelResponse { value: project(&facts, &ask.schema)?, usage: Usage::default(), memory })
    }
}

#[async_trait]
impl ImageModel for Offline {
    async fn generate_image(
        &self,
        _: &CallContext<'_>,
        ask: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        let ask = ask.clone();
        let painted = self.compute.run(move || {
            let look = ask.seen.as_ref().and_then(|seen| seen.features.as_ref());
            let (words, size, seed) = (&ask.prompt, ask.size, ask.seed);
            GeneratedImage::Pixels(painter::paint(&PaintRequest {
                prompt: words,
                size,
                seed,
                features: look,
            }))
        });
        let painted = painted.await;
        Ok(ModelResponse::new(painted.map_err(internal_failure)?, Usage::default()))
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
        Some(missing) => Err(Failure::InvalidResponse(format!("it cannot make up `{missing}`"))),
    }
}

fn internal_failure(error: ComputePanicked) -> Failure {
    Failure::Internal(error.to_string())
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
