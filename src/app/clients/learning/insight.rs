//! Insights about clients: at most once a day, a sentence that a model writes, or rules if no model is configured.

use std::sync::LazyLock;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::app::AppError;
use crate::app::clients::Clients;
use crate::app::jobs::LearnFromFrame;
use crate::app::models::ModelSessionParams;
use crate::inference::{AudienceProfile, FrameContext, StructuredPrompt};

/// The type of the insights that this module writes.
pub(super) const KIND: &str = "noticed";

/// The maximum number of such insights stored for a client.
pub(super) const MAX_INSIGHTS: i64 = 20;

/// The minimum time between two insights about a client.
const INSIGHT_INTERVAL: TimeDelta = TimeDelta::hours(24);

/// The number of likes and usual things that must be known before an insight is written.
const MIN_FACTS: usize = 2;

/// The maximum length of the sentence in characters.
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
    /// Returns a new insight with its importance (0-1), if the last one is old enough and enough is known.
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

    /// Lets a model write an insight. Returns `None` if no model is configured, or if its answer is not usable.
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
            "This is known about a person who hears stories. They like: {}. Lately: {}. Noticed before: {}. Usual: {}.\n\
             Write one sentence in the third person that helps a storyteller to tell this person better stories. \
             It must follow from several of these facts, and it must be new.",
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
            if fits {
                Ok(insight)
            } else {
                Err("the answer is not a sentence of 10 to 300 characters".to_owned())
            }
        };
        let from_prose = |text: String| check(json!({"insight": text, "importance": 0.5}));
        let request = StructuredPrompt { prompt: &prompt, schema: &SCHEMA, prose_prompt: &prompt };
        let generated =
            session.generate_structured(request, &FrameContext::empty(), &check, &from_prose).await;
        if session.was_offline() {
            return Ok(None);
        }
        Ok(generated.ok().map(|generated| {
            let importance = generated["importance"].as_f64().unwrap_or(0.5);
            (json!({"text": generated["insight"], "by": "model"}), importance)
        }))
    }
}

/// Writes a sentence about what recurs most, or returns `None` if nothing does.
fn write_by_rule(known: &AudienceProfile) -> Option<String> {
    let usual = |kind: &str| {
        let found = known.usual.iter().find_map(|usual| usual.strip_prefix(kind));
        found.map(|found| found.trim_start_matches([':', ' ']).to_owned())
    };
    let mut parts = Vec::new();
    match &known.likes[..] {
        [] => {}
        [one] => parts.push(format!("often shows {one}")),
        [first, second, ..] => parts.push(format!("often shows {first} and {second}")),
    }
    if let Some(colour) = usual("colour") {
        parts.push(format!("sees much {colour}"));
    }
    if let Some(time) = usual("time") {
        parts.push(format!("is about mostly in the {time}").replace("in the night", "at night"));
    }
    if let Some(place) = usual("place") {
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
