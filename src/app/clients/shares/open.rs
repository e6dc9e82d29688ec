//! Opens shares by their links.

use chrono::{DateTime, Utc};

use super::{Shares, token};
use crate::app::AppError;
use crate::store::Share;

/// How long the address of a picture on a page works at least, in seconds: an hour. The page may stay open for a while.
const MEDIA_SECONDS: i64 = 3600;

/// What a token leads to.
#[derive(Debug)]
pub enum ShareLookup {
    /// The share is open.
    Open(Share),
    /// The share has expired or was revoked.
    Ended,
    /// No share has this token.
    Unknown,
}

/// Tells a long answer whether its share is still open.
#[derive(Debug)]
pub struct ShareWatch {
    id: i64,
    date_expires: DateTime<Utc>,
    /// The configuration version under which the share was last found open. Revoking a share changes the version.
    seen: Option<i64>,
}

impl Shares {
    /// Returns what a token leads to.
    pub async fn look_up(&self, text: &str) -> Result<ShareLookup, AppError> {
        if !token::is_well_formed(text) {
            return Ok(ShareLookup::Unknown);
        }
        let found = self.store.share_by_sha256(&token::hash(text)).await?;
        Ok(match found {
            Some(share) if share.is_open(self.clock.now()) => ShareLookup::Open(share),
            Some(_) => ShareLookup::Ended,
            None => ShareLookup::Unknown,
        })
    }

    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Counts that somebody opened a share.
    pub async fn count_open(&self, share: &Share) -> Result<(), AppError> {
        // A count that a power cut undoes harms nobody.
        let mut tx = self.store.begin_repeatable().await?;
        tx.count_share_open(share.id, self.clock.now()).await?;
        Ok(tx.save().await?)
    }

    /// Returns until when the addresses of a share's pictures and sounds work that a page shows now: for one to two hours,
    /// and no longer than the share. Pages of the same hour have the same addresses, so that a page which is read again
    /// need not load its pictures again.
    #[must_use]
    pub fn media_expiry(&self, share: &Share) -> DateTime<Utc> {
        let hour = self.clock.now().timestamp().div_euclid(MEDIA_SECONDS);
        let end = DateTime::from_timestamp((hour + 2) * MEDIA_SECONDS, 0);
        end.map_or(share.date_expires, |end| end.min(share.date_expires))
    }

    /// Watches a share for a long answer.
    #[must_use]
    pub fn watch(share: &Share) -> ShareWatch {
        ShareWatch { id: share.id, date_expires: share.date_expires, seen: None }
    }

    /// Returns whether a share is still open. The database is asked again only after something was changed.
    pub async fn is_still_open(&self, watch: &mut ShareWatch) -> Result<bool, AppError> {
        let now = self.clock.now();
        if watch.date_expires <= now {
            return Ok(false);
        }
        let version = self.store.configuration_version().await?;
        if watch.seen == Some(version) {
            return Ok(true);
        }
        let share = self.store.share(watch.id).await?;
        watch.seen = Some(version);
        Ok(share.is_some_and(|share| share.is_open(now)))
    }
}
