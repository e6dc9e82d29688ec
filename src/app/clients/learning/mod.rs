//! Learning about clients from their frames.
//!
//! [`extract_lessons`] collects what a frame teaches while the frame is told. A task of its own, one at a time for each
//! client, stores it: what was seen and heard, for 6 hours; what recurs, with a confidence that grows and fades
//! ([`crate::domain::Evidence`]); and at most once a day, a sentence about the client. Entries that a client or an
//! admin stored are never changed. Nothing is learned if the installation, one of the client's flocks or the client
//! itself forbids it.

mod insight;
mod knowledge;
mod lessons;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

pub(super) use knowledge::current_confidence;
pub(in crate::app) use lessons::extract_lessons;

use super::Clients;
use crate::app::AppError;
use crate::app::jobs::{LearnFromFrame, Observation, TaskOutcome};
use crate::domain::Evidence;
use crate::store::{ContextEntry, Lease, NewInsight, Pattern, Tx};

/// The session of the context entries that come from frames.
const SESSION_ID: &str = "frames";

/// How long what was seen and heard is stored.
const CONTEXT_LIFETIME: TimeDelta = TimeDelta::hours(6);

/// The maximum number of learned patterns of a client. Beyond it, the weakest are deleted.
const MAX_LEARNED_PATTERNS: i64 = 300;

impl Clients {
    /// Returns whether Calliope may learn from a client.
    pub(in crate::app) async fn can_learn_from(&self, client_id: &str) -> Result<bool, AppError> {
        let levels = self.config.levels(client_id).await?;
        Ok(self.memory.learning && levels.levels.iter().all(|level| level.is_learned_from))
    }

    /// Stores the lessons of a claimed task and completes the task.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database fails; the task is then retried.
    pub async fn learn(
        &self,
        lease: &Lease,
        lessons: LearnFromFrame,
    ) -> Result<TaskOutcome, AppError> {
        if !self.can_learn_from(&lessons.client_id).await? {
            let tx = self.store.begin().await?;
            return self.complete_learning(tx, lease, 0).await;
        }
        let insight = self.next_insight(&lessons).await?;
        let client_id = &*lessons.client_id;
        let now = self.clock.now();
        // If a power cut undoes it, the task is as it was before, and learns the same again.
        let mut tx = self.store.begin_repeatable().await?;
        let names: Vec<(&str, &str)> =
            lessons.evidence.iter().map(|lesson| (&*lesson.kind, &*lesson.key)).collect();
        let known = tx.patterns_named(client_id, &names).await?;
        let find = |lesson: &Observation| {
            known.iter().find(|known| known.kind == lesson.kind && known.key == lesson.key)
        };
        let observed = lessons.evidence.iter();
        let patterns: Vec<Pattern> =
            observed.filter_map(|lesson| apply_observation(find(lesson), lesson, now)).collect();
        tx.upsert_patterns(client_id, &patterns).await?;
        if lessons.evidence.iter().any(|lesson| find(lesson).is_none()) {
            tx.delete_weakest_patterns(client_id, MAX_LEARNED_PATTERNS).await?;
        }
        let recent = lessons::recent_texts(&lessons);
        let recent: Vec<_> = recent.map(|(key, text)| recent_context(key, text, now)).collect();
        tx.upsert_context_entries(client_id, &recent).await?;
        if let Some((data, importance)) = insight {
            let kind = insight::KIND;
            let insight = NewInsight { client_id, kind, data: &data, importance, now };
            tx.insert_insight(insight).await?;
            tx.delete_old_insights(client_id, insight::KIND, insight::MAX_INSIGHTS).await?;
        }
        self.complete_learning(tx, lease, lessons.evidence.len()).await
    }

    /// Completes the task in the transaction that stores what was learned, and removes the task's payload. Clients can
    /// see and delete what was learned, but a task stays for a month.
    async fn complete_learning(
        &self,
        mut tx: Tx,
        lease: &Lease,
        learned: usize,
    ) -> Result<TaskOutcome, AppError> {
        let result = json!({"learned": learned});
        lease.complete_anonymously(&mut tx, &result, self.clock.now()).await?;
        tx.save().await?;
        Ok(TaskOutcome::Completed)
    }
}

/// Returns a pattern with one more observation, or `None` if the pattern was not learned and must stay as it is.
fn apply_observation(
    known: Option<&Pattern>,
    lesson: &Observation,
    now: DateTime<Utc>,
) -> Option<Pattern> {
    let (evidence, times, date_created) = match known {
        Some(Pattern { evidence: None, .. }) => return None,
        Some(pattern) => {
            let times = pattern.value.get("times").and_then(Value::as_u64).unwrap_or(0);
            let before = Evidence(pattern.evidence.unwrap_or(0.0));
            (
                before.with_observation(now - pattern.date_updated, lesson.weight),
                times,
                pattern.date_created,
            )
        }
        None => (Evidence(lesson.weight), 0, now),
    };
    Some(Pattern {
        kind: lesson.kind.clone(),
        key: lesson.key.clone(),
        value: json!({"times": times.saturating_add(1)}),
        confidence: evidence.confidence(),
        evidence: Some(evidence.0),
        date_created,
        date_updated: now,
    })
}

fn recent_context(key: &str, text: &str, now: DateTime<Utc>) -> ContextEntry {
    ContextEntry {
        session_id: SESSION_ID.to_owned(),
        key: key.to_owned(),
        value: Value::from(text),
        date_created: now,
        date_updated: now,
        date_expires: Some(now + CONTEXT_LIFETIME),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_put_is_not_learned_over() {
        let lesson = Observation { kind: "subject".into(), key: "boat".into(), weight: 1.0 };
        let now = DateTime::UNIX_EPOCH;
        let first = apply_observation(None, &lesson, now).expect("new");
        assert_eq!((first.evidence, &first.value), (Some(1.0), &json!({"times": 1})));
        let later = now + TimeDelta::hours(2);
        let second = apply_observation(Some(&first), &lesson, later).expect("learned before");
        assert!(second.confidence > first.confidence);
        assert_eq!((second.date_created, &second.value), (now, &json!({"times": 2})));
        let put = Pattern { evidence: None, ..second };
        assert_eq!(apply_observation(Some(&put), &lesson, later), None);
    }
}
