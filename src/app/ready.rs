//! Whether Calliope can do its work.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use crate::objects::{Bucket, BucketError};

/// How long the bucket may take to answer whoever asks how it is.
const BUCKET_PATIENCE: Duration = Duration::from_secs(2);

/// How one part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It works.
    Ok,
    /// Some of it works.
    Degraded,
    /// It does not work.
    Down,
}

/// One part, with a reason where it is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Part {
    /// How it is.
    pub status: Health,
    /// Why, in plain words.
    pub reason: Option<String>,
}

/// Every part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Readiness {
    /// The worst of the parts; `down` only when the database is.
    pub status: Health,
    /// Rows.
    pub database: Part,
    /// Files: the disk, and the bucket where there is one.
    pub object_store: Part,
    /// Semantic search.
    pub vector_index: Part,
    /// Models.
    pub providers: Part,
}

impl App {
    /// Looks at every part.
    pub async fn readiness(&self) -> Readiness {
        let database = match self.store.ping().await {
            Ok(()) => Part { status: Health::Ok, reason: None },
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the database is down");
                let reason = Some("The database does not answer.".to_owned());
                Part { status: Health::Down, reason }
            }
        };
        let object_store = match self.objects.check().await {
            Ok(()) => Part { status: Health::Ok, reason: None },
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the media folder is down"
                );
                let reason = format!("The media folder cannot be written ({}).", error.source);
                Part { status: Health::Degraded, reason: Some(reason) }
            }
        };
        let object_store = match (&self.bucket, object_store.status) {
            (Some(bucket), Health::Ok) => self.bucket_health(bucket).await,
            _ => object_store,
        };
        let providers = match self.registry.resting() {
            resting if !resting.is_empty() => {
                let all = resting.join(", ");
                let reason = format!("{all} failed again and again; others do its work meanwhile.");
                Part { status: Health::Degraded, reason: Some(reason) }
            }
            _ if self.choices.has_any() => Part { status: Health::Ok, reason: None },
            _ => none("None is configured; the offline provider tells and paints."),
        };
        let vector_index = self.vector_index_health().await;
        let parts = [database.status, object_store.status, vector_index.status, providers.status];
        let worst = |health| parts.contains(&health).then_some(health);
        Readiness {
            status: worst(Health::Down).or(worst(Health::Degraded)).unwrap_or(Health::Ok),
            database,
            object_store,
            vector_index,
            providers,
        }
    }

    /// Whether frames can be found by meaning, where they are to be.
    async fn vector_index_health(&self) -> Part {
        if self.choices.embedder().is_none() {
            return none("No model for vectors is configured; search is by words alone.");
        }
        let degraded = |reason: String| Part { status: Health::Degraded, reason: Some(reason) };
        match (self.needs_rebuild().await, &self.pinecone) {
            (Ok(true), _) => degraded("The index was made with another model or in another place; run `calliope index rebuild`. Search is by words alone until then.".to_owned()),
            (Ok(false), None) => Part { status: Health::Ok, reason: None },
            (Ok(false), Some(pinecone)) => match pinecone.check().await {
                Ok(()) => Part { status: Health::Ok, reason: None },
                Err(fault) => degraded(format!("{fault}. Search is by words alone until then.")),
            },
            (Err(_), _) => degraded("The database does not tell.".to_owned()),
        }
    }

    /// Whether the bucket answers, and how far behind it is.
    async fn bucket_health(&self, bucket: &Bucket) -> Part {
        let unsynced = self.store.unsynced().await;
        let (files, seconds) = unsynced.map_or((0, 0), |unsynced| {
            let waits = |oldest: DateTime<Utc>| (self.clock.now() - oldest).num_seconds();
            (unsynced.files, unsynced.oldest.map_or(0, waits))
        });
        let behind = format!("{files} files wait for it, the oldest for {seconds} s");
        match answers(bucket).await {
            Ok(()) if files == 0 => Part { status: Health::Ok, reason: None },
            Ok(()) => {
                Part { status: Health::Ok, reason: Some(format!("The bucket answers; {behind}.")) }
            }
            Err(Some(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the bucket is down");
                let reason = Some(format!("The bucket does not answer as it should; {behind}."));
                Part { status: Health::Degraded, reason }
            }
            Err(None) => {
                let reason = Some(format!("The bucket does not answer; {behind}."));
                Part { status: Health::Degraded, reason }
            }
        }
    }
}

/// A part that is not there, and need not be.
fn none(reason: &str) -> Part {
    Part { status: Health::Ok, reason: Some(reason.to_owned()) }
}

/// Whether a bucket answers as it should; `None` is the error of one that does not answer at all.
pub(super) async fn answers(bucket: &Bucket) -> Result<(), Option<BucketError>> {
    match tokio::time::timeout(BUCKET_PATIENCE, bucket.size("media/ready")).await {
        Ok(answer) => answer.map(drop).map_err(Some),
        Err(_elapsed) => Err(None),
    }
}
