//! Cleaning up: media of stories that nobody goes on with, files that no row speaks of, and what the disk has beyond its
//! share of what is in the bucket. Words stay: a story whose media went can still be read.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::Files;
use super::orphans::{GRACE, is_ours, remove_strays};
use super::sync::MARKS;
use crate::app::AppError;
use crate::app::audit::{Act, Change};
use crate::app::jobs::{CleanMedia, TaskOutcome, story_lane};
use crate::settings::Spared;
use crate::store::Lease;

/// Stories that are looked at in one go.
const STORIES: i64 = 100;

/// What a cleaning removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cleaned {
    /// Stories that have lost their media.
    pub stories: u64,
    /// Files of theirs.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
    /// Inputs past their time.
    pub inputs: u64,
    /// Files, on the disk or in the bucket, that no row spoke of.
    pub orphans: u64,
    /// Files that are in the bucket alone now.
    pub evicted: u64,
    /// Bytes of those files.
    pub evicted_bytes: u64,
}

impl Files {
    /// Cleans up for a claimed task, and ends it.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database, the disk or the bucket fails; the task is tried again then, and finds less to do.
    pub async fn clean_media(
        &self,
        lease: &Lease,
        job: CleanMedia,
    ) -> Result<TaskOutcome, AppError> {
        let cleaned = self.clean(&job, |_| ()).await?;
        self.jobs.complete(lease, &json!(cleaned)).await
    }

    /// Cleans up. `each` hears of every step. What it did is told in a row of the audit.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database, the disk or the bucket fails; what was done until then stays done.
    pub async fn clean(
        &self,
        order: &CleanMedia,
        each: impl Fn(&Cleaned),
    ) -> Result<Cleaned, AppError> {
        let mut done = Cleaned::default();
        let cleaned = self.clean_all(order, &mut done, each).await;
        if !order.dry_run && done != Cleaned::default() {
            let now = self.clock.now();
            let after = json!({"removed": done, "older_than_seconds": order.older_than, "keep": order.keep.name()});
            let change = Change {
                action: "cleanup",
                resource: "media",
                id: "all",
                before: None,
                after: Some(after),
            };
            let mut tx = self.store.begin().await?;
            change.note(&mut tx, &Act::by_name(&order.actor), now).await?;
            tx.save().await?;
            tracing::info!(?done, "media were cleaned up");
        }
        cleaned.map(|()| done)
    }

    async fn clean_all(
        &self,
        order: &CleanMedia,
        done: &mut Cleaned,
        each: impl Fn(&Cleaned),
    ) -> Result<(), AppError> {
        if let Some(age) = order.older_than {
            let age = TimeDelta::try_seconds(age).unwrap_or(TimeDelta::MAX);
            let until = self.clock.now().checked_sub_signed(age);
            let until = until.unwrap_or(DateTime::UNIX_EPOCH);
            self.clean_stories(order, until, done, &each).await?;
        }
        if !order.dry_run {
            done.inputs = self.clean_inputs().await?;
            each(done);
        }
        self.clean_orphans(order.dry_run, done).await?;
        each(done);
        self.trim_cache(order.dry_run, done).await?;
        each(done);
        Ok(())
    }

    async fn clean_stories(
        &self,
        order: &CleanMedia,
        until: DateTime<Utc>,
        done: &mut Cleaned,
        each: &impl Fn(&Cleaned),
    ) -> Result<(), AppError> {
        let spares = order.keep == Spared::Bookmarked;
        let mut after = (DateTime::UNIX_EPOCH, Uuid::nil());
        loop {
            let stories = self.store.old_stories(until, after, STORIES, spares).await?;
            let Some(last) = stories.last() else { return Ok(()) };
            after = *last;
            for (_, story_id) in stories {
                self.strip_story(order, story_id, until, done).await?;
                each(done);
            }
        }
    }

    /// Takes a story's media from it, if it still may lose them.
    async fn strip_story(
        &self,
        order: &CleanMedia,
        story_id: Uuid,
        until: DateTime<Utc>,
        done: &mut Cleaned,
    ) -> Result<(), AppError> {
        let spares = order.keep == Spared::Bookmarked;
        let mut tx = self.store.begin().await?;
        // Somebody may have gone on with it, or kept it, meanwhile.
        if !tx.lock_story(story_id).await?
            || !tx.is_old(story_id, until, spares).await?
            || tx.open_task(&story_lane(story_id)).await?.is_some()
        {
            return Ok(());
        }
        let mut pictures = tx.frame_pictures(story_id, 0, i32::MAX).await?;
        pictures.extend(tx.take_thumbnail(story_id).await?);
        let beside = tx.keys_beside(story_id, 0, i32::MAX).await?;
        tx.strip_frames(story_id).await?;
        let all = pictures.iter().map(|picture| picture.media_key().to_owned());
        let all: Vec<String> = all.chain(beside.iter().cloned()).collect();
        let bytes = tx.bytes_of(&all).await?;
        let mut keys = tx.remove_pictures(&pictures).await?;
        let beside: Vec<&str> = beside.iter().map(String::as_str).collect();
        keys.extend(tx.remove_media_objects(&beside).await?);
        done.stories += 1;
        done.files += keys.len() as u64;
        done.bytes += bytes.unsigned_abs();
        if order.dry_run {
            return Ok(());
        }
        self.jobs.remove_files_later(&mut tx, keys).await?;
        tx.save().await?;
        Ok(())
    }

    /// Removes files, on the disk and in the bucket, that bear names of Calliope's own making, were made since this
    /// database is used, and have no row, once nobody can be about to write that row. In a bucket that another
    /// installation uses too they are left alone: they may be its own.
    async fn clean_orphans(&self, dry_run: bool, done: &mut Cleaned) -> Result<(), AppError> {
        let Some(since) = self.store.installed_at().await? else { return Ok(()) };
        let until = self.clock.now() - GRACE;
        if since >= until {
            return Ok(());
        }
        let span = SystemTime::from(since)..SystemTime::from(until);
        let left = self.left_behind(span).await?;
        done.orphans += left.len() as u64;
        if !dry_run {
            remove_strays(left).await;
        }
        let Some(bucket) = &self.bucket else { return Ok(()) };
        let own = format!("{MARKS}{}", self.store.mark().await?.unwrap_or_default());
        let (mut others, mut suspects) = (Vec::new(), Vec::new());
        let mut listed = bucket.list();
        while let Some(object) = listed.try_next().await? {
            if object.key.starts_with(MARKS) {
                others.extend(Some(object.key).filter(|mark| *mark != own));
            } else if (since..until).contains(&object.modified) && is_ours(&object.key) {
                suspects.push(object.key);
            }
        }
        if !others.is_empty() {
            let marks = others.join(", ");
            tracing::warn!(
                marks,
                "another installation uses this bucket, so that files without a row stay; remove its mark if it is no more"
            );
            return Ok(());
        }
        let orphans = self.store.unknown_keys(suspects).await?;
        done.orphans += orphans.len() as u64;
        if !dry_run {
            bucket.remove_all(&orphans).await?;
        }
        Ok(())
    }
}
