//! What is known of a client, as storytellers are told.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::app::AppError;
use crate::app::clients::Clients;
use crate::inference::Known;
use crate::store::{InsightFilter, Pattern};

/// How sure a pattern is at least that a story takes up.
const SURE: f64 = 0.3;

/// How much of each kind at most.
const PATTERNS: i64 = 40;
const CONTEXTS: i64 = 20;
const INSIGHTS: i64 = 5;

/// Characters of a token, roughly.
const CHARACTERS_A_TOKEN: usize = 4;

/// The longest sentence about one thing.
const LONGEST: usize = 200;

/// Types of patterns that name what a client likes.
const LIKED: &[&str] =
    &["subject", "subjects", "like", "likes", "interest", "interests", "favourite"];

impl Clients {
    /// What is known of a client, the surest first, within the budget of a prompt.
    pub(in crate::app) async fn known(&self, client_id: &str) -> Result<Known, AppError> {
        let mut room = self.memory.prompt_tokens as usize * CHARACTERS_A_TOKEN;
        if room == 0 {
            return Ok(Known::default());
        }
        let now = self.clock.now();
        let (patterns, context, insights) = tokio::join!(
            self.store.strongest_patterns(client_id, PATTERNS),
            self.store.context(client_id, None, ("", ""), now, CONTEXTS),
            self.store.insights(client_id, EVERY_INSIGHT, INSIGHTS),
        );
        let mut patterns = patterns?;
        for pattern in &mut patterns {
            pattern.confidence = sureness(pattern, now);
        }
        patterns.retain(|pattern| pattern.confidence >= SURE);
        patterns.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(a.key.cmp(&b.key)));
        let mut fits = |words: &String| {
            let size = words.chars().count() + 2;
            let fits = size <= room;
            room -= if fits { size } else { 0 };
            fits
        };
        let mut known = Known::default();
        // What is liked and what is going on matter most to a story; what is merely usual comes last.
        let (liked, usual): (Vec<&Pattern>, Vec<&Pattern>) =
            patterns.iter().partition(|pattern| LIKED.contains(&&*pattern.kind));
        known.likes = liked.iter().map(|pattern| short(&pattern.key)).filter(&mut fits).collect();
        let context = context?;
        let lately =
            context.iter().map(|row| short(&format!("{}: {}", row.key, words(&row.value))));
        known.lately = lately.filter(&mut fits).collect();
        let insights = insights?;
        known.noticed = insights
            .iter()
            .map(|row| short(row.data.get("text").map_or_else(|| words(&row.data), words).as_str()))
            .filter(&mut fits)
            .collect();
        known.usual =
            usual.iter().map(|pattern| short(&usually(pattern))).filter(&mut fits).collect();
        Ok(known)
    }
}

const EVERY_INSIGHT: InsightFilter<'_> =
    InsightFilter { kind: None, min_importance: 0.0, after: (2.0, i64::MAX) };

/// How sure a pattern is now: what was learned fades, what was put does not.
pub(in crate::app::clients) fn sureness(pattern: &Pattern, now: DateTime<Utc>) -> f64 {
    match pattern.evidence {
        None => pattern.confidence,
        Some(evidence) => {
            crate::domain::Evidence(evidence).after(now - pattern.date_updated).confidence()
        }
    }
}

fn usually(pattern: &Pattern) -> String {
    match (&pattern.evidence, &pattern.value) {
        (None, Value::Null | Value::Bool(true)) | (Some(_), _) => {
            format!("{}: {}", pattern.kind, pattern.key)
        }
        (None, value) => format!("{}: {} ({})", pattern.kind, pattern.key, words(value)),
    }
}

/// A value in words: texts as they are, the rest as JSON.
fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// On one line, and no longer than is good.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", line[..cut].trim_end()),
        None => line,
    }
}
