//! Cleaning up: media of stories that nobody goes on with, files that no row speaks of, and what the disk has beyond its
//! share of what is in the bucket. Words stay: a story whose media went can still be read.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::Files;
use super::orphans::{GRACE, is_generated_key, remove_orphan_files};
use super::sync::INSTALLATION_MARKER_PREFIX;
use crate::app::AppError;
use crate::app::audit::{AuditChange, AuditContext};
use crate::app::jobs::{ApplyRetention, TaskOutcome, story_lane};
use crate::settings::RetentionExemption;
use crate::store::Lease;

/// Stories that are looked at in one go.
const STORIES_PER_PAGE: i64 = 100;

/// What a cleaning removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CleanupSummary {
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
    pub async fn run_cleanup_task(
        &self,
        lease: &Lease,
        job: ApplyRetention,
    ) -> Result<TaskOutcome, AppError> {
        let cleaned = self.run_cleanup(&job, |_| ()).await?;
        self.jobs.complete(lease, &json!(cleaned)).await
    }

    /// Cleans up. `each` hears of every step. What it did is told in a row of the audit.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database, the disk or the bucket fails; what was done until then stays done.
    pub async fn run_cleanup(
        &self,
        order: &ApplyRetention,
        on_progress: impl Fn(&CleanupSummary),
    ) -> Result<CleanupSummary, AppError> {
        let mut done = CleanupSummary::default();
        let cleaned = self.run_cleanup_steps(order, &mut done, on_progress).await;
        if !order.dry_run && done != CleanupSummary::default() {
            let now = self.clock.now();
            let after = json!({"removed": done, "older_than_seconds": order.older_than, "keep": order.keep.name()});
            let change = AuditChange {
                action: "cleanup",
                resource: "media",
                id: "all",
                before: None,
                after: Some(after),
            };
            let mut tx = self.store.begin().await?;
            change.record(&mut tx, &AuditContext::for_actor_name(&order.actor), now).await?;
            tx.save().await?;
            tracing::info!(?done, "media were cleaned up");
        }
        cleaned.map(|()| done)
    }

    async fn run_cleanup_steps(
        &self,
        order: &ApplyRetention,
        done: &mut CleanupSummary,
        on_progress: impl Fn(&CleanupSummary),
    ) -> Result<(), AppError> {
        if let Some(age) = order.older_than {
            let age = TimeDelta::try_seconds(age).unwrap_or(TimeDelta::MAX);
            let until = self.clock.now().checked_sub_signed(age);
            let until = until.unwrap_or(DateTime::UNIX_EPOCH);
            self.apply_retention(order, until, done, &on_progress).await?;
        }
        if !order.dry_run {
            done.inputs = self.remove_expired_inputs().await?;
            on_progress(done);
        }
        self.remove_orphans(order.dry_run, done).await?;
        on_progress(done);
        self.evict_cache(order.dry_run, done).await?;
        on_progress(done);
        Ok(())
    }

    async fn apply_retention(
        &self,
        order: &ApplyRetention,
        until: DateTime<Utc>,
        done: &mut CleanupSummary,
        on_progress: &impl Fn(&CleanupSummary),
    ) -> Result<(), AppError> {
        let keeps_bookmarked = order.keep == RetentionExemption::Bookmarked;
        let mut after = (DateTime::UNIX_EPOCH, Uuid::nil());
        loop {
            let stories = self
                .store
                .stories_past_retention(until, after, STORIES_PER_PAGE, keeps_bookmarked)
                .await?;
            let Some(last) = stories.last() else { return Ok(()) };
            after = *last;
            for (_, story_id) in stories {
                self.remove_story_media(order, story_id, until, done).await?;
                on_progress(done);
            }
        }
    }

    /// Takes a story's media from it, if it still may lose them.
    async fn remove_story_media(
        &self,
        order: &ApplyRetention,
        story_id: Uuid,
        until: DateTime<Utc>,
        done: &mut CleanupSummary,
    ) -> Result<(), AppError> {
        let keeps_bookmarked = order.keep == RetentionExemption::Bookmarked;
        let mut tx = self.store.begin().await?;
        // Somebody may have gone on with it, or kept it, meanwhile.
        if !tx.lock_story(story_id).await?
            || !tx.is_past_retention(story_id, until, keeps_bookmarked).await?
            || tx.open_task(&story_lane(story_id)).await?.is_some()
        {
            return Ok(());
        }
        let mut pictures = tx.frame_images(story_id, 0, i32::MAX).await?;
        pictures.extend(tx.clear_thumbnail(story_id).await?);
        let attachment_keys = tx.attachment_keys(story_id, 0, i32::MAX).await?;
        tx.detach_story_media(story_id).await?;
        let all = pictures.iter().map(|picture| picture.media_key().to_owned());
        let all: Vec<String> = all.chain(attachment_keys.iter().cloned()).collect();
        let bytes = tx.total_media_size(&all).await?;
        let mut keys = tx.delete_images(&pictures).await?;
        let attachment_keys: Vec<&str> = attachment_keys.iter().map(String::as_str).collect();
        keys.extend(tx.remove_media_objects(&attachment_keys).await?);
        done.stories += 1;
        done.files += keys.len() as u64;
        done.bytes += bytes.unsigned_abs();
        if order.dry_run {
            return Ok(());
        }
        self.jobs.enqueue_file_removal(&mut tx, keys).await?;
        tx.save().await?;
        Ok(())
    }

    /// Removes files, on the disk and in the bucket, that bear names of Calliope's own making, were made since this
    /// database is used, and have no row, once nobody can be about to write that row. In a bucket that another
    /// installation uses too they are left alone: they may be its own.
    async fn remove_orphans(
        &self,
        dry_run: bool,
        done: &mut CleanupSummary,
    ) -> Result<(), AppError> {
        let Some(since) = self.store.installed_at().await? else { return Ok(()) };
        let until = self.clock.now() - GRACE;
        if since >= until {
            return Ok(());
        }
        let span = SystemTime::from(since)..SystemTime::from(until);
        let left = self.find_local_orphans(span).await?;
        done.orphans += left.len() as u64;
        if !dry_run {
            remove_orphan_files(left).await;
        }
        let Some(bucket) = &self.bucket else { return Ok(()) };
        let own = format!(
            "{INSTALLATION_MARKER_PREFIX}{}",
            self.store.bucket_marker().await?.unwrap_or_default()
        );
        let (mut others, mut suspects) = (Vec::new(), Vec::new());
        let mut listed = bucket.list();
        while let Some(object) = listed.try_next().await? {
            if object.key.starts_with(INSTALLATION_MARKER_PREFIX) {
                others.extend(Some(object.key).filter(|mark| *mark != own));
            } else if (since..until).contains(&object.modified) && is_generated_key(&object.key) {
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
