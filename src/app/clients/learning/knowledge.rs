//! What is known of a client, as storytellers are told.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::app::AppError;
use crate::app::clients::Clients;
use crate::inference::AudienceProfile;
use crate::store::{InsightFilter, Pattern};

/// How sure a pattern is at least that a story takes up.
const MIN_CONFIDENCE: f64 = 0.3;

/// How much of each kind at most.
const MAX_PATTERNS: i64 = 40;
const MAX_CONTEXTS: i64 = 20;
const MAX_INSIGHTS: i64 = 5;

/// Characters of a token, roughly.
const CHARACTERS_PER_TOKEN: usize = 4;

/// The longest sentence about one thing.
const MAX_SENTENCE: usize = 200;

/// Types of patterns that name what a client likes.
const LIKED: &[&str] =
    &["subject", "subjects", "like", "likes", "interest", "interests", "favourite"];

impl Clients {
    /// What is known of a client, the surest first, within the budget of a prompt.
    pub(in crate::app) async fn client_knowledge(
        &self,
        client_id: &str,
    ) -> Result<AudienceProfile, AppError> {
        let mut room = self.memory.prompt_tokens as usize * CHARACTERS_PER_TOKEN;
        if room == 0 {
            return Ok(AudienceProfile::default());
        }
        let now = self.clock.now();
        let (patterns, context, insights) = tokio::join!(
            self.store.strongest_patterns(client_id, MAX_PATTERNS),
            self.store.context_entries(client_id, None, ("", ""), now, MAX_CONTEXTS),
            self.store.insights(client_id, EVERY_INSIGHT, MAX_INSIGHTS),
        );
        let mut patterns = patterns?;
        for pattern in &mut patterns {
            pattern.confidence = current_confidence(pattern, now);
        }
        patterns.retain(|pattern| pattern.confidence >= MIN_CONFIDENCE);
        patterns.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.key.cmp(&b.key)));
        let mut fits = |words: &String| {
            let size = words.chars().count() + 2;
            let fits = size <= room;
            room -= if fits { size } else { 0 };
            fits
        };
        let mut known = AudienceProfile::default();
        // What is liked and what is going on matter most to a story; what is merely usual comes last.
        let (liked, usual): (Vec<&Pattern>, Vec<&Pattern>) =
            patterns.iter().partition(|pattern| LIKED.contains(&&*pattern.kind));
        known.likes =
            liked.iter().map(|pattern| truncate_line(&pattern.key)).filter(&mut fits).collect();
        let context = context?;
        let lately = context
            .iter()
            .map(|row| truncate_line(&format!("{}: {}", row.key, value_text(&row.value))));
        known.lately = lately.filter(&mut fits).collect();
        let insights = insights?;
        known.noticed = insights
            .iter()
            .map(|row| {
                truncate_line(
                    row.data.get("text").map_or_else(|| value_text(&row.data), value_text).as_str(),
                )
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

const EVERY_INSIGHT: InsightFilter<'_> =
    InsightFilter { kind: None, min_importance: 0.0, after: (2.0, i64::MAX) };

/// How sure a pattern is now: what was learned fades, what was put does not.
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

/// A value in words: texts as they are, the rest as JSON.
fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// On one line, and no longer than is good.
fn truncate_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_SENTENCE) {
        Some((cut, _)) => format!("{}…", line[..cut].trim_end()),
        None => line,
    }
}
