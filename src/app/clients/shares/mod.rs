//! Shares: links that show a story, a list or a wall to everyone who has them, or open a camera for visitors.
//!
//! A link contains a token of 128 random bits, which is shown once and stored as SHA-256. A share ends when it expires,
//! when it is revoked, and with the story, list or client that it is about.

mod create;
mod open;
mod token;
mod visitors;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

pub use create::{NewShareView, ShareRequest};
pub use open::{ShareLookup, ShareWatch};
pub use visitors::NewVisitorView;

use crate::app::audit::{AuditChange, audit_value};
use crate::app::config::Config;
use crate::app::stories::Stories;
use crate::app::{Actor, AppError, AuditContext, ErrorKind, Page};
use crate::domain::{ClientId, Clock};
use crate::store::{Share, Store, Tx};

const RESOURCE: &str = "shares";

/// How long a share stays in lists after it has expired.
const RETENTION: TimeDelta = TimeDelta::days(30);

/// Maximum number of shares on the page of a story.
const MAX_OF_STORY: i64 = 50;

/// The service for shares and their visitors.
#[derive(Debug)]
pub struct Shares {
    store: Store,
    clock: Arc<dyn Clock>,
    config: Arc<Config>,
    stories: Arc<Stories>,
}

impl Shares {
    pub(in crate::app) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        config: Arc<Config>,
        stories: Arc<Stories>,
    ) -> Self {
        Self { store, clock, config, stories }
    }

    /// Returns a page of the shares about a client, or of all shares, newest first. `before` is the id of a share; only
    /// earlier ones are returned.
    pub async fn shares(
        &self,
        client_id: Option<&ClientId>,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Page<Share, i64>, AppError> {
        let before = before.unwrap_or(i64::MAX);
        let rows = match client_id {
            Some(client_id) => {
                self.store.shares_of_client(client_id.as_str(), before, limit + 1).await?
            }
            None => self.store.shares(before, limit + 1).await?,
        };
        Ok(Page::from_rows(rows, limit, |share| share.id))
    }

    /// Returns the newest shares of a story that the actor may share.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] or [`ErrorKind::Forbidden`] if the actor may not share the story.
    pub async fn shares_of_story(
        &self,
        actor: Actor<'_>,
        story_id: &str,
    ) -> Result<Vec<Share>, AppError> {
        let story = self.stories.find_changeable_story(actor, story_id).await?;
        Ok(self.store.shares_of_story(story.id, MAX_OF_STORY).await?)
    }

    /// Revokes a share. Its link ends at once on this instance and within a moment on others. A share that is revoked
    /// already is unchanged.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if no share has this id, or it is about another client.
    pub async fn revoke(
        &self,
        actor: Actor<'_>,
        id: i64,
        audit: &AuditContext,
    ) -> Result<(), AppError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        // Streams look at their share again when the version changes.
        tx.bump_configuration_version().await?;
        let may_revoke = |share: &Share| match &share.client_id {
            Some(client_id) => actor.can_change(client_id),
            None => actor.principal.is_admin(),
        };
        let before = tx.share(id).await?.filter(may_revoke).ok_or_else(share_not_found)?;
        if before.date_revoked.is_some() {
            return Ok(());
        }
        tx.revoke_share(id, now).await?;
        let after = Share { date_revoked: Some(now), ..before.clone() };
        record_change(&mut tx, "revoke", Some(&before), &after, audit, now).await?;
        Ok(tx.save().await?)
    }

    /// Deletes shares that expired long ago, within a transaction.
    pub(in crate::app) async fn delete_expired(
        tx: &mut Tx,
        now: DateTime<Utc>,
    ) -> Result<(), AppError> {
        Ok(tx.delete_old_shares(now - RETENTION).await?)
    }
}

async fn record_change(
    tx: &mut Tx,
    action: &'static str,
    before: Option<&Share>,
    after: &Share,
    audit: &AuditContext,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let before = match before {
        Some(before) => audit_value(before)?,
        None => None,
    };
    let id = after.id.to_string();
    let change =
        AuditChange { action, resource: RESOURCE, id: &id, before, after: audit_value(after)? };
    change.record(tx, audit, now).await
}

fn share_not_found() -> AppError {
    AppError::new(ErrorKind::NotFound, "There is no share with this id.")
}
