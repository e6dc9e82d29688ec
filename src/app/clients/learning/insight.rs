//! Once in a while a sentence about a client: by a model from what is known, or by rules where there is none.

use std::sync::LazyLock;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::app::AppError;
use crate::app::clients::Clients;
use crate::app::jobs::LearnFromFrame;
use crate::app::models::ModelSessionParams;
use crate::inference::{AudienceProfile, FrameContext, StructuredPrompt};

/// The type of insights that are written here.
pub(super) const KIND: &str = "noticed";

/// How many of them a client has at most.
pub(super) const MAX_INSIGHTS: i64 = 20;

/// How often one is written.
const INSIGHT_INTERVAL: TimeDelta = TimeDelta::hours(24);

/// How much has to be known before anything is worth a sentence.
const MIN_FACTS: usize = 2;

/// The longest sentence, in characters.
const MAX_SENTENCE: usize = 300;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "type": "object",
        "properties": {
            "insight": {"type": "string", "description": "One sentence."},
            "importance": {"type": "number", "description": "From 0 to 1: how much it should shape stories."},
        },
        "required": ["insight", "importance"],
        "additionalProperties": false,
    })
});

impl Clients {
    /// A new insight with its importance, when it is time for one and enough is known.
    pub(super) async fn next_insight(
        &self,
        lessons: &LearnFromFrame,
    ) -> Result<Option<(Value, f64)>, AppError> {
        let last = self.store.last_insight_date(&lessons.client_id, KIND).await?;
        if last.is_some_and(|last| self.clock.now() - last < INSIGHT_INTERVAL) {
            return Ok(None);
        }
        let known = self.client_knowledge(&lessons.client_id).await?;
        if known.likes.len() + known.usual.len() < MIN_FACTS {
            return Ok(None);
        }
        if let Some(written) = self.write_with_model(lessons, &known).await? {
            return Ok(Some(written));
        }
        Ok(write_by_rule(&known).map(|text| (json!({"text": text, "by": "rule"}), 0.5)))
    }

    /// What a model makes of it; `None` where none is configured, or it gives nothing of use.
    async fn write_with_model(
        &self,
        lessons: &LearnFromFrame,
        known: &AudienceProfile,
    ) -> Result<Option<(Value, f64)>, AppError> {
        let Some(strategy) = self.config.strategy(&lessons.strategy).await? else {
            return Ok(None);
        };
        let session = self
            .models
            .model_session(ModelSessionParams {
                client_id: &lessons.client_id,
                story_id: None,
                memories: serde_json::Map::new(),
                strategy: &strategy,
                on_prompt: None,
            })
            .await?;
        let prompt = format!(
            "Stories are told to somebody of whom this is known. They like: {}. Lately: {}. Noticed before: {}. Usual: {}.\n\
             Write one sentence, in the third person, that will help a storyteller to tell them better stories: \
             something that follows from several of these, and that was not noticed before.",
            known.likes.join(", "),
            known.lately.join("; "),
            known.noticed.join("; "),
            known.usual.join(", "),
        );
        let check = |answer: Value| {
            let text = answer.get("insight").and_then(Value::as_str).unwrap_or_default().trim();
            let fits = (10..=MAX_SENTENCE).contains(&text.chars().count());
            let importance = answer.get("importance").and_then(Value::as_f64).unwrap_or(0.5);
            let insight = json!({"insight": text, "importance": importance.clamp(0.0, 1.0)});
            if fits { Ok(insight) } else { Err("that is no sentence".to_owned()) }
        };
        let from_prose = |text: String| check(json!({"insight": text, "importance": 0.5}));
        let ask = StructuredPrompt { prompt: &prompt, schema: &SCHEMA, prose_prompt: &prompt };
        let generated =
            session.generate_structured(ask, &FrameContext::empty(), &check, &from_prose).await;
        if session.was_offline() {
            return Ok(None);
        }
        Ok(generated.ok().map(|generated| {
            let importance = generated["importance"].as_f64().unwrap_or(0.5);
            (json!({"text": generated["insight"], "by": "model"}), importance)
        }))
    }
}

/// A sentence of what recurs most.
fn write_by_rule(known: &AudienceProfile) -> Option<String> {
    let of = |kind: &str| {
        let found = known.usual.iter().find_map(|usual| usual.strip_prefix(kind));
        found.map(|found| found.trim_start_matches([':', ' ']).to_owned())
    };
    let mut parts = Vec::new();
    match &known.likes[..] {
        [] => {}
        [one] => parts.push(format!("often shows {one}")),
        [first, second, ..] => parts.push(format!("often shows {first} and {second}")),
    }
    if let Some(colour) = of("colour") {
        parts.push(format!("sees much {colour}"));
    }
    if let Some(time) = of("time") {
        parts.push(format!("is about mostly in the {time}").replace("in the night", "at night"));
    }
    if let Some(place) = of("place") {
        parts.push(format!("is mostly in {place}"));
    }
    let last = parts.pop()?;
    let joined = if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) };
    let mut letters = joined.chars();
    let first = letters.next()?.to_uppercase();
    Some(format!("{first}{}.", letters.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_write_a_sentence() {
        let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let known = AudienceProfile {
            likes: text(&["boats", "dogs", "kites"]),
            usual: text(&["time: night", "colour: deep blue"]),
            ..AudienceProfile::default()
        };
        assert_eq!(
            write_by_rule(&known).as_deref(),
            Some("Often shows boats and dogs, sees much deep blue and is about mostly at night.")
        );
        let known =
            AudienceProfile { usual: text(&["place: lisbon"]), ..AudienceProfile::default() };
        assert_eq!(write_by_rule(&known).as_deref(), Some("Is mostly in lisbon."));
        assert_eq!(write_by_rule(&AudienceProfile::default()), None);
    }
}
