//! `fern`: one long story with a plan. The model is asked for the next passage together with the whole plan of the
//! story, which is stored and given to the model again for the next frame.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{Beat, Scene, Storyteller, StorytellerError, Telling, clean, prompt};
use crate::inference::StructuredPrompt;

/// The default storyteller.
pub(super) struct Fern;

/// The fields of a story's plan, which is stored between frames. Each has a name, and whether its value is a list of
/// texts instead of one text.
const PLAN_FIELDS: [(&str, bool); 9] = [
    ("genre", false),
    ("conceit", false),
    ("cast", true),
    ("settings", true),
    ("sources_of_conflict", true),
    ("past_developments", true),
    ("current_development", false),
    ("possible_developments", true),
    ("summary", false),
];

/// Minimum number of words in a passage. A model that is busy with the plan may give a title instead of a passage.
const MIN_WORDS: usize = 9;

/// Maximum number of stored entries in a list of the plan.
const MAX_ENTRIES: usize = 12;

/// Maximum number of entries in a list that the schema allows. A small model that begins a long list does not find its
/// end.
const MAX_REQUESTED_ENTRIES: usize = 5;

/// Maximum length of one entry of the plan, in characters.
const MAX_ENTRY_CHARS: usize = 600;

#[async_trait]
impl Storyteller for Fern {
    fn name(&self) -> &'static str {
        "fern"
    }

    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError> {
        let prompt = prompt::render(scene).await?;
        let plain = prompt::render_prose_only(scene).await?;
        let instructions = scene.instructions();
        let rules = scene.text_rules(&prompt, &instructions);
        let rules = clean::TextRules { min_words: MIN_WORDS, ..rules };
        let check = |answer: Value| clean_text(answer, &rules);
        let from_prose = |text: String| clean_text(json!({"text": text}), &rules);
        let request =
            StructuredPrompt { prompt: &prompt, schema: &answer_schema(), prose_prompt: &plain };
        let mut answer =
            scene.session.generate_structured(request, scene.context, &check, &from_prose).await?;
        let text = remove_text(&mut answer, "text");
        let illustration = remove_text(&mut answer, "illustration");
        let illustration =
            clean::clean_picture_prompt(&illustration).unwrap_or_else(|_| text.clone());
        let beat = Beat { illustration: scene.painting(&illustration), text: Some(text) };
        Ok(Telling { beats: vec![beat], state: merge_plan(answer, &scene.context.state) })
    }
}

/// Cleans the text of an answer.
///
/// # Errors
///
/// The reason why the text cannot be used, as for [`clean::clean`].
fn clean_text(mut answer: Value, rules: &clean::TextRules<'_>) -> Result<Value, String> {
    let text = answer.get("text").and_then(Value::as_str).unwrap_or_default();
    let text = clean::clean(text, rules)?;
    answer["text"] = Value::String(text);
    Ok(answer)
}

/// Returns the plan to store. A field that the model left out keeps its earlier value. Every field is truncated,
/// because the whole plan is in the next prompt.
fn merge_plan(answer: Value, before: &Value) -> Value {
    let Value::Object(mut plan) = answer else { return before.clone() };
    for (name, _) in PLAN_FIELDS {
        let value = plan.get(name).filter(|value| !is_empty(value));
        let value = value.or_else(|| before.get(name)).map(truncate_entry);
        match value {
            Some(value) => plan.insert(name.to_owned(), value),
            None => plan.remove(name),
        };
    }
    Value::Object(plan)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Keeps the last [`MAX_ENTRIES`] entries of a list, and the first [`MAX_ENTRY_CHARS`] characters of a text.
fn truncate_entry(value: &Value) -> Value {
    let truncate = |text: &str| text.chars().take(MAX_ENTRY_CHARS).collect::<String>();
    match value {
        Value::String(text) => json!(truncate(text)),
        Value::Array(items) => {
            let latest = &items[items.len().saturating_sub(MAX_ENTRIES)..];
            json!(latest.iter().map(truncate_entry).collect::<Vec<_>>())
        }
        other => other.clone(),
    }
}

/// Returns the JSON Schema of fern's answers.
fn answer_schema() -> Value {
    let text = json!({"type": "string"});
    let list =
        json!({"type": "array", "items": {"type": "string"}, "maxItems": MAX_REQUESTED_ENTRIES});
    let mut properties: Map<String, Value> = PLAN_FIELDS
        .iter()
        .map(|&(name, is_list)| {
            (name.to_owned(), if is_list { list.clone() } else { text.clone() })
        })
        .collect();
    properties.insert("text".to_owned(), text.clone());
    properties.insert("illustration".to_owned(), text);
    let required: Vec<&String> = properties.keys().collect();
    json!({"type": "object", "additionalProperties": false, "required": required,
           "properties": properties})
}

fn remove_text(answer: &mut Value, name: &str) -> String {
    let value = answer.as_object_mut().and_then(|fields| fields.remove(name));
    value.and_then(|value| value.as_str().map(|text| text.trim().to_owned())).unwrap_or_default()
}
