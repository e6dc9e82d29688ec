//! `fern`: one long story with a plan. The model is asked for the next passage together with the whole state
//! of the story, which is kept and given back for the next frame.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{Beat, Scene, Storyteller, StorytellerError, Telling, prompt};

/// The default storyteller.
pub(super) struct Fern;

/// What fern keeps of a story between its frames: names and what they hold, `[]` for a list of texts.
const STATE: [(&str, bool); 9] = [
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

#[async_trait]
impl Storyteller for Fern {
    fn name(&self) -> &'static str {
        "fern"
    }

    async fn tell(&self, scene: &Scene<'_>) -> Result<Telling, StorytellerError> {
        let prompt = prompt::render(scene)?;
        let mut told = scene.minds.structured(&prompt, &schema(), scene.brief).await?;
        let text = take_text(&mut told, "text");
        let illustration = take_text(&mut told, "illustration");
        let illustration = if illustration.is_empty() { text.clone() } else { illustration };
        let beat = Beat { text: Some(text), illustration: scene.styled(&illustration) };
        Ok(Telling { beats: vec![beat], state: told })
    }
}

/// The shape of fern's answers.
fn schema() -> Value {
    let text = json!({"type": "string"});
    let list = json!({"type": "array", "items": {"type": "string"}});
    let mut properties: Map<String, Value> = STATE
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

fn take_text(told: &mut Value, name: &str) -> String {
    let taken = told.as_object_mut().and_then(|fields| fields.remove(name));
    taken.and_then(|value| value.as_str().map(|text| text.trim().to_owned())).unwrap_or_default()
}
