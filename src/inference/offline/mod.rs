//! The offline provider, which is always available: it writes with a grammar and a memory, and paints procedurally.
//!
//! It needs no key, no network and no model, and the same request always gets the same response. Demos, tests and
//! outages use it. It does not claim to understand an image: it names only what the pixels prove.

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

/// The provider's name in the registry and in model configurations.
pub const NAME: &str = "offline";

/// Creates the provider, with text, structured output and images.
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
        request: &TextRequest,
    ) -> Result<ModelResponse<String>, Failure> {
        let context = request.context.clone();
        let frame = self
            .compute
            .run(move || composer::compose(&context))
            .await
            .map_err(internal_failure)?;
        Ok(ModelResponse { value: frame.text, usage: Usage::default(), memory: frame.memory })
    }
}

#[async_trait]
impl StructuredModel for Offline {
    async fn generate_structured(
        &self,
        _: &CallContext<'_>,
        request: &StructuredRequest,
    ) -> Result<ModelResponse<Value>, Failure> {
        let context = request.context.clone();
        let frame = self
            .compute
            .run(move || composer::compose(&context))
            .await
            .map_err(internal_failure)?;
        let memory = frame.memory.clone();
        let facts =
            serde_json::to_value(frame).map_err(|error| Failure::Internal(error.to_string()))?;
        Ok(ModelResponse {
            value: project(&facts, &request.schema)?,
            usage: Usage::default(),
            memory,
        })
    }
}

#[async_trait]
impl ImageModel for Offline {
    async fn generate_image(
        &self,
        _: &CallContext<'_>,
        request: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        let request = request.clone();
        let image = self.compute.run(move || {
            let features = request.seen.as_ref().and_then(|seen| seen.features.as_ref());
            let (prompt, size, seed) = (&request.prompt, request.size, request.seed);
            GeneratedImage::Pixels(painter::paint(&PaintRequest { prompt, size, seed, features }))
        });
        let image = image.await;
        Ok(ModelResponse::new(image.map_err(internal_failure)?, Usage::default()))
    }
}

/// Returns the fields of a composed frame that a schema names.
fn project(facts: &Value, schema: &Value) -> Result<Value, Failure> {
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let mut object = Map::new();
    for name in properties.keys() {
        if let Some(fact) = facts.get(name) {
            object.insert(name.clone(), fact.clone());
        }
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    match required.filter_map(Value::as_str).find(|name| !object.contains_key(*name)) {
        None => Ok(Value::Object(object)),
        Some(missing) => Err(Failure::InvalidResponse(format!("it cannot provide `{missing}`"))),
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
        let error = project(&facts, &schema).expect_err("a frame has no mood");
        assert!(error.to_string().ends_with("it cannot provide `mood`"), "{error}");
    }
}
