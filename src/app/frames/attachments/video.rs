//! Videos of a frame's picture.

use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use super::{Attachments, NewAttachment, attachment_error};
use crate::app::frames::photograph::Photograph;
use crate::app::frames::random_seed::{mix, seed_from_id};
use crate::app::jobs::{GenerateVideo, StepTracker, TaskOutcome};
use crate::app::stories::{VideoView, frame_not_found};
use crate::app::{AppError, ErrorKind};
use crate::domain::{FrameKey, FrameParameters};
use crate::inference::{GeneratedVideo, ModelSession, VideoRequest};
use crate::store::{IllustrationSource, Lease, NewVideo, Story};

/// Time between two polls of a provider's video job.
const POLL_INTERVAL: TimeDelta = TimeDelta::seconds(5);

impl Attachments {
    /// Starts the video of a claimed task's frame, or polls it. While the video is not ready the task is deferred; the
    /// transaction that saves the video completes it.
    ///
    /// # Errors
    ///
    /// [`AppError`] if no model could; nothing was saved then. [`AppError::is_retryable`] says whether to try again.
    pub(in crate::app::frames) async fn generate_video(
        &self,
        lease: &Lease,
        job: GenerateVideo,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        let (story, source) = self.load_frame(lease, job.number).await?;
        if source.image_id != Some(job.image_id) {
            let detail = "The frame has another picture by now.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let session = self.model_session(&story).await?;
        let now = self.clock.now();
        let video_error = |error| attachment_error("No video was made", error);
        let Some((pending, since)) = job.pending.clone() else {
            let request = self.video_request(&job, source, lease.task().id).await?;
            let pending = steps.run("begin", session.start_video(&request)).await;
            let pending = pending.map_err(video_error)?;
            let job = GenerateVideo { pending: Some((pending, now)), ..job };
            return self.jobs.defer(lease, &job, self.clock.now() + POLL_INTERVAL).await;
        };
        let video = steps.run("look", session.poll_video(&pending)).await.map_err(video_error)?;
        match video {
            Some(video) => {
                self.save_video(lease, &story, &job, video, steps).await?;
                Ok(TaskOutcome::Completed)
            }
            None if now - since > self.models.video_timeout() => {
                Err(AppError::new(ErrorKind::Provider, "The video was not made in time."))
            }
            None => self.jobs.defer(lease, &job, self.clock.now() + POLL_INTERVAL).await,
        }
    }

    async fn video_request(
        &self,
        job: &GenerateVideo,
        source: IllustrationSource,
        task_id: Uuid,
    ) -> Result<VideoRequest, AppError> {
        let picture = self.store.image(job.image_id).await?.ok_or_else(frame_not_found)?;
        let bytes = self
            .files
            .read_bytes(&picture.key)
            .await?
            .ok_or_else(|| AppError::file_missing(&picture.key))?;
        let photograph = self.compute.run(move || Photograph::decode(&bytes)).await?;
        let picture = photograph.map_err(AppError::internal)?.pixels;
        let prompt = source.illustration.filter(|prompt| !prompt.is_empty()).or(source.text);
        let prompt = prompt.unwrap_or_default();
        Ok(VideoRequest { prompt, picture, seed: mix(seed_from_id(task_id)) })
    }

    async fn save_video(
        &self,
        lease: &Lease,
        story: &Story,
        job: &GenerateVideo,
        video: GeneratedVideo,
        steps: &StepTracker,
    ) -> Result<(), AppError> {
        let (key, object) =
            self.write_media(&story.client_id, video.bytes, "mp4", "video/mp4").await?;
        let (width, height) = (video.size.width.cast_signed(), video.size.height.cast_signed());
        let view = VideoView {
            width,
            height,
            format: object.content_type.clone(),
            url: object.key.clone(),
            duration_seconds: video.seconds,
            frame_rate: video.frame_rate,
        };
        let frame = FrameKey { story_id: story.id, number: job.number };
        let write = async {
            let now = self.clock.now();
            let mut tx = self.store.begin().await?;
            // The lock excludes a redraw. One that has ended already replaced the picture that this video shows.
            tx.lock_story(story.id).await?;
            let image_id = tx.frame_image_id(frame).await?;
            if image_id != Some(job.image_id) {
                let detail = "The frame has another picture by now.";
                return Err(AppError::new(ErrorKind::Conflict, detail));
            }
            let old = tx.delete_video(frame).await?;
            tx.upsert_media_object(&object).await?;
            let row = NewVideo {
                media_key: &object.key,
                width,
                height,
                format: &object.content_type,
                duration_seconds: video.seconds,
                frame_rate: video.frame_rate,
                now,
            };
            if !tx.set_video(frame, row).await? {
                return Err(frame_not_found());
            }
            let view = json!({"number": job.number, "video": view});
            let attachment = NewAttachment { view, replaced: old.into_iter().collect() };
            self.finish(tx, lease, story, attachment).await
        };
        self.save_or_discard(steps.run("keep", write).await, &key).await
    }
}

/// Returns whether a video was requested and can be made. Adds a note if it was requested but cannot be made.
pub(in crate::app::frames) fn wants_video(
    parameters: &FrameParameters,
    session: &ModelSession,
) -> bool {
    if parameters.generate_video != Some(true) {
        return false;
    }
    if !session.can_generate_video() {
        let note = "No video is made, because no video model is configured.";
        session.add_note(note.to_owned());
    }
    session.can_generate_video()
}
