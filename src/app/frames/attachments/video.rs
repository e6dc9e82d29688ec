//! A film of a frame's picture.

use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use super::{Attachments, NewAttachment, attachment_error};
use crate::app::frames::perception::Photograph;
use crate::app::frames::random_seed::{mix, seed_from_id};
use crate::app::jobs::{GenerateVideo, StepTracker, TaskOutcome};
use crate::app::stories::{VideoView, frame_not_found};
use crate::app::{AppError, ErrorKind};
use crate::domain::{FrameKey, FrameParameters};
use crate::inference::{GeneratedVideo, ModelSession, VideoRequest};
use crate::store::{IllustrationSource, Lease, NewVideo, Story};

/// How long to wait before looking again whether a film is made.
const POLL_INTERVAL: TimeDelta = TimeDelta::seconds(5);

impl Attachments {
    /// Begins the film of a claimed task's frame, or looks whether it is made; then the task ends in the transaction that
    /// keeps it.
    ///
    /// # Errors
    ///
    /// [`AppError`] when nobody could; nothing was kept then. [`AppError::may_pass`] tells whether to try again.
    pub(in crate::app::frames) async fn generate_video(
        &self,
        lease: &Lease,
        job: GenerateVideo,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        let (story, words) = self.load_frame(lease, job.number).await?;
        if words.image_id != Some(job.image_id) {
            let detail = "The frame has another picture by now.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        let session = self.model_session(&story).await?;
        let now = self.clock.now();
        let nobody = |nobody| attachment_error("No film was made", nobody);
        let Some((filming, since)) = job.filming.clone() else {
            let ask = self.video_request(&job, words, lease.task().id).await?;
            let filming = steps.run("begin", session.start_video(&ask)).await.map_err(nobody)?;
            let job = GenerateVideo { filming: Some((filming, now)), ..job };
            return self.jobs.defer(lease, &job, self.clock.now() + POLL_INTERVAL).await;
        };
        let video = steps.run("look", session.poll_video(&filming)).await.map_err(nobody)?;
        match video {
            Some(video) => {
                self.save_video(lease, &story, &job, video, steps).await?;
                Ok(TaskOutcome::Completed)
            }
            None if now - since > self.models.video_timeout() => {
                Err(AppError::new(ErrorKind::Provider, "The film was not made in time."))
            }
            None => self.jobs.defer(lease, &job, self.clock.now() + POLL_INTERVAL).await,
        }
    }

    async fn video_request(
        &self,
        job: &GenerateVideo,
        words: IllustrationSource,
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
        let prompt = words.illustration.filter(|prompt| !prompt.is_empty()).or(words.text);
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
        let keep = async {
            let now = self.clock.now();
            let mut tx = self.store.begin().await?;
            // A redraw of the picture waits, or has ended; then the film is of another picture.
            tx.lock_story(story.id).await?;
            let words = tx.frame_image_id(frame).await?;
            if words != Some(job.image_id) {
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
            let given = NewAttachment { view, replaced: old.into_iter().collect() };
            self.finish(tx, lease, story, given).await
        };
        self.save_or_discard(steps.run("keep", keep).await, &key).await
    }
}

/// Whether a film is wished for and can be made; notes where it cannot.
pub(in crate::app::frames) fn wants_video(
    parameters: &FrameParameters,
    minds: &ModelSession,
) -> bool {
    if parameters.generate_video != Some(true) {
        return false;
    }
    if !minds.can_generate_video() {
        let note = "No film is made, because no model for films is configured.";
        minds.add_note(note.to_owned());
    }
    minds.can_generate_video()
}
