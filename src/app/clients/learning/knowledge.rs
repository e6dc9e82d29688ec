//! The audience profile: what storytellers get to know about a client.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::app::AppError;
use crate::app::clients::Clients;
use crate::inference::AudienceProfile;
use crate::store::{ClientKnowledge, KnowledgeLimits, Pattern};

/// The minimum confidence of a pattern that storytellers get to know.
const MIN_CONFIDENCE: f64 = 0.3;

// The maximum number of entries of each kind that are read.
const MAX_PATTERNS: i64 = 40;
const MAX_CONTEXTS: i64 = 20;
const MAX_INSIGHTS: i64 = 5;

/// A rough average. The limit of a prompt is counted in tokens.
const CHARACTERS_PER_TOKEN: usize = 4;

/// The maximum length of one entry in characters.
const MAX_SENTENCE: usize = 200;

/// The types of patterns that name what a client likes.
const LIKED: &[&str] =
    &["subject", "subjects", "like", "likes", "interest", "interests", "favourite"];

impl Clients {
    /// Returns what is known about a client, the most certain first, within the limit of
    /// [`MemorySettings::prompt_tokens`](crate::settings::MemorySettings::prompt_tokens).
    pub(in crate::app) async fn client_knowledge(
        &self,
        client_id: &str,
    ) -> Result<AudienceProfile, AppError> {
        let mut remaining = self.memory.prompt_tokens as usize * CHARACTERS_PER_TOKEN;
        if remaining == 0 {
            return Ok(AudienceProfile::default());
        }
        let now = self.clock.now();
        let limits = KnowledgeLimits {
            patterns: MAX_PATTERNS,
            context: MAX_CONTEXTS,
            insights: MAX_INSIGHTS,
        };
        let ClientKnowledge { mut patterns, context, insights } =
            self.store.client_knowledge(client_id, now, limits).await?;
        for pattern in &mut patterns {
            pattern.confidence = current_confidence(pattern, now);
        }
        patterns.retain(|pattern| pattern.confidence >= MIN_CONFIDENCE);
        patterns.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.key.cmp(&b.key)));
        let mut fits = |words: &String| {
            let size = words.chars().count() + 2;
            let fits = size <= remaining;
            remaining -= if fits { size } else { 0 };
            fits
        };
        let mut known = AudienceProfile::default();
        // Likes and recent context matter most to a story. Usual things come last and get the room that is left.
        let (liked, usual): (Vec<&Pattern>, Vec<&Pattern>) =
            patterns.iter().partition(|pattern| LIKED.contains(&&*pattern.kind));
        known.likes =
            liked.iter().map(|pattern| truncate_line(&pattern.key)).filter(&mut fits).collect();
        let lately = context
            .iter()
            .map(|(key, value)| truncate_line(&format!("{key}: {}", value_text(value))));
        known.lately = lately.filter(&mut fits).collect();
        known.noticed = insights
            .iter()
            .map(|data| {
                truncate_line(&data.get("text").map_or_else(|| value_text(data), value_text))
            })
            .filter(&mut fits)
            .collect();
        known.usual = usual
            .iter()
            .map(|pattern| truncate_line(&describe_pattern(pattern)))
            .filter(&mut fits)
            .collect();
        Ok(known)
    }
}

/// Returns the confidence of a pattern at `now`. A learned pattern fades; one that a client or an admin stored does
/// not.
pub(in crate::app::clients) fn current_confidence(pattern: &Pattern, now: DateTime<Utc>) -> f64 {
    match pattern.evidence {
        None => pattern.confidence,
        Some(evidence) => {
            crate::domain::Evidence(evidence).decayed(now - pattern.date_updated).confidence()
        }
    }
}

fn describe_pattern(pattern: &Pattern) -> String {
    match (&pattern.evidence, &pattern.value) {
        (None, Value::Null | Value::Bool(true)) | (Some(_), _) => {
            format!("{}: {}", pattern.kind, pattern.key)
        }
        (None, value) => format!("{}: {} ({})", pattern.kind, pattern.key, value_text(value)),
    }
}

/// Returns a value as text: a string unchanged, anything else as JSON.
fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Joins the lines of a text and cuts it to [`MAX_SENTENCE`] characters.
fn truncate_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_SENTENCE) {
        Some((cut, _)) => format!("{}…", line[..cut].trim_end()),
        None => line,
    }
}
