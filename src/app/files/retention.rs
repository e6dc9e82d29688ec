//! Media cleanup: removes the media of stories that have not been continued for a while, expired inputs and orphans,
//! and evicts files from the disk that the bucket has too. Texts stay, so a story without its media can still be read.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::Files;
use super::orphans::{GRACE, remove_orphan_files};
use crate::app::AppError;
use crate::app::audit::{AuditChange, AuditContext};
use crate::app::jobs::{ApplyRetention, TaskOutcome, story_lane};
use crate::settings::RetentionExemption;
use crate::store::Lease;

/// Number of stories that one query lists.
const STORIES_PER_PAGE: i64 = 100;

/// Counts of what a cleanup removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CleanupSummary {
    /// Number of stories whose media were removed.
    pub stories: u64,
    /// Number of files removed from these stories.
    pub files: u64,
    /// Total size of `files`, in bytes.
    pub bytes: u64,
    /// Number of expired inputs removed.
    pub inputs: u64,
    /// Number of files without a row, on the disk or in the bucket.
    pub orphans: u64,
    /// Number of files evicted from the disk; the bucket still has them.
    pub evicted: u64,
    /// Total size of `evicted`, in bytes.
    pub evicted_bytes: u64,
}

impl Files {
    /// Runs a claimed cleanup task.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database, the disk or the bucket fails; the task is then retried and continues with
    /// what is left.
    pub async fn run_cleanup_task(
        &self,
        lease: &Lease,
        job: ApplyRetention,
    ) -> Result<TaskOutcome, AppError> {
        let cleaned = self.run_cleanup(&job, |_| ()).await?;
        self.jobs.complete(lease, &json!(cleaned)).await
    }

    /// Removes old media, expired inputs and orphans, evicts cached files, and records the counts in the audit log.
    /// Calls `on_progress` after each step.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database, the disk or the bucket fails; earlier removals are not undone.
    pub async fn run_cleanup(
        &self,
        job: &ApplyRetention,
        on_progress: impl Fn(&CleanupSummary),
    ) -> Result<CleanupSummary, AppError> {
        let mut done = CleanupSummary::default();
        let cleaned = self.run_cleanup_steps(job, &mut done, on_progress).await;
        if !job.dry_run && done != CleanupSummary::default() {
            let now = self.clock.now();
            let after = json!({"removed": done, "older_than_seconds": job.older_than, "keep": job.keep.name()});
            let change = AuditChange {
                action: "cleanup",
                resource: "media",
                id: "all",
                before: None,
                after: Some(after),
            };
            let mut tx = self.store.begin().await?;
            change.record(&mut tx, &AuditContext::for_actor_name(&job.actor), now).await?;
            tx.save().await?;
            tracing::info!(
                stories = done.stories,
                files = done.files,
                bytes = done.bytes,
                inputs = done.inputs,
                orphans = done.orphans,
                evicted = done.evicted,
                evicted_bytes = done.evicted_bytes,
                "media cleanup finished"
            );
        }
        cleaned.map(|()| done)
    }

    async fn run_cleanup_steps(
        &self,
        job: &ApplyRetention,
        done: &mut CleanupSummary,
        on_progress: impl Fn(&CleanupSummary),
    ) -> Result<(), AppError> {
        if let Some(age) = job.older_than {
            let age = TimeDelta::try_seconds(age).unwrap_or(TimeDelta::MAX);
            let until = self.clock.now().checked_sub_signed(age);
            let until = until.unwrap_or(DateTime::UNIX_EPOCH);
            self.apply_retention(job, until, done, &on_progress).await?;
        }
        if !job.dry_run {
            done.inputs = self.remove_expired_inputs().await?;
            on_progress(done);
        }
        self.remove_orphans(job.dry_run, done).await?;
        on_progress(done);
        self.evict_cache(job.dry_run, done).await?;
        on_progress(done);
        Ok(())
    }

    async fn apply_retention(
        &self,
        job: &ApplyRetention,
        until: DateTime<Utc>,
        done: &mut CleanupSummary,
        on_progress: &impl Fn(&CleanupSummary),
    ) -> Result<(), AppError> {
        let keeps_bookmarked = job.keep == RetentionExemption::Bookmarked;
        let mut after = (DateTime::UNIX_EPOCH, Uuid::nil());
        loop {
            let stories = self
                .store
                .stories_past_retention(until, after, STORIES_PER_PAGE, keeps_bookmarked)
                .await?;
            let Some(last) = stories.last() else { return Ok(()) };
            after = *last;
            for (_, story_id) in stories {
                self.remove_story_media(job, story_id, until, done).await?;
                on_progress(done);
            }
        }
    }

    /// Removes a story's media, unless the story was continued, bookmarked or deleted since it was listed.
    async fn remove_story_media(
        &self,
        job: &ApplyRetention,
        story_id: Uuid,
        until: DateTime<Utc>,
        done: &mut CleanupSummary,
    ) -> Result<(), AppError> {
        let keeps_bookmarked = job.keep == RetentionExemption::Bookmarked;
        let mut tx = self.store.begin().await?;
        // The story may have been continued or bookmarked since it was listed.
        if !tx.lock_story(story_id).await?
            || !tx.is_past_retention(story_id, until, keeps_bookmarked).await?
            || tx.open_task(&story_lane(story_id)).await?.is_some()
        {
            return Ok(());
        }
        let mut images = tx.frame_images(story_id, 0, i32::MAX).await?;
        images.extend(tx.clear_thumbnail(story_id).await?);
        let attachment_keys = tx.attachment_keys(story_id, 0, i32::MAX).await?;
        tx.detach_story_media(story_id).await?;
        let all = images.iter().map(|image| image.media_key().to_owned());
        let all: Vec<String> = all.chain(attachment_keys.iter().cloned()).collect();
        let bytes = tx.total_media_size(&all).await?;
        let keys = tx.delete_frame_media(&images, &attachment_keys).await?;
        // What branches share stays.
        let bytes = bytes - tx.total_media_size(&all).await?;
        done.stories += 1;
        done.files += keys.len() as u64;
        done.bytes += bytes.unsigned_abs();
        if job.dry_run {
            return Ok(());
        }
        self.jobs.enqueue_file_removal(&mut tx, keys).await?;
        tx.save().await?;
        Ok(())
    }

    /// Removes files without a row from the disk and the bucket. Only files count that have a name that only Calliope
    /// generates, are newer than this database and are older than [`GRACE`]. In a bucket that another installation uses
    /// too, nothing is removed, because the files may belong to that installation.
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
        let local_orphans = self.find_local_orphans(span).await?;
        done.orphans += local_orphans.len() as u64;
        if !dry_run {
            remove_orphan_files(local_orphans).await;
        }
        let Some(bucket) = &self.bucket else { return Ok(()) };
        let orphans = self.find_bucket_orphans(bucket, None, since..until).await?;
        done.orphans += orphans.len() as u64;
        if !dry_run {
            bucket.remove_all(&orphans).await?;
        }
        Ok(())
    }
}
