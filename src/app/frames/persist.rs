//! Saving a told frame whose files are written. One transaction writes all its rows and completes its task.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::FrameDependencies;
use super::attachments::{AttachmentPlan, Attachments};
use super::pictures::BeatPictures;
use super::run::{FrameRun, GeneratedFrame, strategy_prompts};
use super::stored::StoredStoryResponse;
use crate::app::files::Files;
use crate::app::jobs::{Jobs, Subject};
use crate::app::models::write_settlement;
use crate::app::stories::{FrameView, StoryResponse, StoryView, generation_date, with_newline};
use crate::app::{AppError, ErrorKind};
use crate::domain::{Clock, EventKind, FrameKey, ObjectKey, slug_base, story_title};
use crate::store::{NewFrame, NewImage, Store, StoreError, StoryTitle, Tx};
use crate::storytellers::Telling;

/// Default minimum time for which a frame is shown, in seconds.
const MIN_DURATION: i32 = 20;

/// How long a picture may take before the words are published. A frame that takes less costs no further transaction.
const UNNOTICED_WAIT: Duration = Duration::from_millis(200);

/// Saves frames.
#[derive(Debug)]
pub(super) struct FramePersister {
    store: Store,
    clock: Arc<dyn Clock>,
    files: Arc<Files>,
    jobs: Arc<Jobs>,
    attachments: Arc<Attachments>,
}

impl FramePersister {
    pub(super) fn new(deps: &FrameDependencies, attachments: Arc<Attachments>) -> Self {
        Self {
            store: deps.store.clone(),
            clock: Arc::clone(&deps.clock),
            files: Arc::clone(&deps.files),
            jobs: Arc::clone(&deps.jobs),
            attachments,
        }
    }

    /// Removes the files of a frame that is not saved.
    pub(super) async fn discard(&self, keys: Vec<ObjectKey>) {
        self.files.discard(keys).await;
    }

    /// Runs the work on a frame's pictures. If it takes long enough to be waited for, publishes the frame's words
    /// meanwhile, so that a person can read them at once.
    pub(super) async fn publish_words_during<T>(
        &self,
        run: &FrameRun<'_>,
        telling: &Telling,
        work: impl Future<Output = T>,
    ) -> T {
        // Boxed because the future is large, and the caller's future would hold it twice.
        let mut work = Box::pin(work);
        tokio::select! {
            result = &mut work => return result,
            () = tokio::time::sleep(UNNOTICED_WAIT) => {}
        }
        let (result, published) = tokio::join!(work, self.publish_words(run, telling));
        if let Err(error) = published {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "words cannot be published before their picture");
        }
        result
    }

    async fn publish_words(&self, run: &FrameRun<'_>, telling: &Telling) -> Result<(), StoreError> {
        let words: Vec<&str> =
            telling.beats.iter().filter_map(|beat| beat.text.as_deref()).map(str::trim).collect();
        if words.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        tx.publish_words(run.lease.task(), &words.join("\n"), self.clock.now());
        tx.save().await
    }

    /// Saves a frame and completes its task in one transaction. If the rows cannot be written, removes the frame's
    /// files.
    pub(super) async fn save(
        &self,
        run: &FrameRun<'_>,
        generated: GeneratedFrame,
    ) -> Result<(), AppError> {
        match self.write_rows(run, &generated).await {
            // If the save fails, its outcome is unknown. So the files stay; maintenance removes them if they are
            // orphans.
            Ok(tx) => {
                // Calls that may have been recorded are not recorded again; their reservation stays spent. This comes
                // first, because the run may be dropped as soon as others see that the task has ended.
                generated.spend.clear();
                Ok(tx.save().await?)
            }
            Err(error) => {
                let files = generated.pictures.iter().flat_map(BeatPictures::files);
                let mut keys: Vec<_> = files.map(|file| file.key.clone()).collect();
                keys.extend(generated.narration.keys());
                self.discard(keys).await;
                Err(error)
            }
        }
    }

    /// Writes all rows of a frame and completes its task, without saving. The task comes last: completing it fails if
    /// another worker has taken the task over, and then all rows are rolled back.
    async fn write_rows(
        &self,
        run: &FrameRun<'_>,
        generated: &GeneratedFrame,
    ) -> Result<Tx, AppError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let count = i32::try_from(generated.telling.beats.len()).map_err(AppError::internal)?;
        let state = json!({"telling": generated.telling.state, "memories": generated.memories});
        let first = run.story.frame_count;
        if !tx.reserve_frame_numbers(run.story.id, first, count, &state, now).await? {
            // An earlier frame was removed while this one was told. If the story is gone, the next attempt finds out.
            let detail = "The story changed meanwhile; the frame is told again.";
            return Err(AppError::new(ErrorKind::Unavailable, detail));
        }
        let metadata = generated.metadata(run, &generation_date(now));
        for (index, picture) in generated.pictures.iter().enumerate() {
            let number = first + i32::try_from(index).map_err(AppError::internal)?;
            let slot = BeatSlot { index, number, state: &state, metadata: &metadata, now };
            self.insert_frame(&mut tx, run, generated, picture, &slot).await?;
        }
        if let Some(thumbnail) = generated.pictures.iter().find_map(|p| p.thumbnail.as_ref()) {
            tx.set_thumbnail(run.story.id, thumbnail.id).await?;
        }
        if let Some(learn_job) = &generated.learn_job {
            self.jobs.enqueue(&mut tx, Subject::default(), learn_job).await?;
        }
        let name = set_story_title(&mut tx, run, generated, now).await?;
        if !self.files.should_keep_inputs() {
            self.delete_inputs(&mut tx, run).await?;
        }
        let answer = build_response(run, generated, &metadata, name, first + count, now)?;
        run.lease.complete(&mut tx, &answer, now).await?;
        write_settlement(&mut tx, &generated.spend.settlement(), now).await?;
        Ok(tx)
    }

    /// Writes the rows of one frame, and enqueues the jobs that follow from it.
    async fn insert_frame(
        &self,
        tx: &mut Tx,
        run: &FrameRun<'_>,
        generated: &GeneratedFrame,
        picture: &BeatPictures,
        slot: &BeatSlot<'_>,
    ) -> Result<(), AppError> {
        let BeatSlot { index, number, state, metadata, now } = *slot;
        insert_pictures(tx, picture, now).await?;
        let beat = &generated.telling.beats[index];
        let is_first = index == 0;
        let seen = generated.perceived.seen.as_ref().map(|analysis| &*analysis.description);
        let heard = heard_text(run, generated);
        let frame = NewFrame {
            story_id: run.story.id,
            number,
            text: beat.text.as_deref(),
            image_id: Some(picture.original.id),
            device_image_id: Some(picture.device_or_original().id),
            illustration: beat.illustration.description(),
            seen: seen.filter(|_| is_first),
            heard: heard.as_deref().filter(|_| is_first),
            language: strategy_prompts(&run.strategy).language,
            min_duration_seconds: min_duration(run),
            trigger_condition: run.job.trigger_condition.as_ref(),
            metadata,
            state_before: if is_first { &run.story.state } else { state },
            now,
        };
        tx.insert_frame(frame).await?;
        if let Some(clip) = generated.narration.clip(index) {
            clip.insert(tx, FrameKey { story_id: run.story.id, number }, now).await?;
        }
        self.jobs.enqueue_indexing(tx, run.story.id, number).await?;
        let plan = AttachmentPlan {
            number,
            needs_narration: generated.narration.is_pending(index),
            video_image_id: generated.wants_video.then_some(picture.original.id),
        };
        self.attachments.enqueue(tx, run, &plan).await?;
        let client_id = Some(run.story.client_id.as_str());
        let payload = json!({"number": number});
        tx.publish(EventKind::Frame, client_id, Some(run.story.id), payload, now);
        Ok(())
    }

    /// Removes the rows of the frame's inputs, and enqueues the removal of their files.
    async fn delete_inputs(&self, tx: &mut Tx, run: &FrameRun<'_>) -> Result<(), AppError> {
        let keys = tx.delete_media_objects(&run.job.inputs()).await?;
        self.jobs.enqueue_file_removal(tx, keys).await
    }
}

/// The place of one frame in its telling, and the values that all frames of the telling share.
struct BeatSlot<'a> {
    /// Index of the beat in the telling.
    index: usize,
    /// The frame's number in its story.
    number: i32,
    /// The story's state after the telling.
    state: &'a Value,
    metadata: &'a Value,
    now: DateTime<Utc>,
}

/// Returns the recording's transcript and the request's text, joined by a newline; `None` if there is neither.
fn heard_text(run: &FrameRun<'_>, generated: &GeneratedFrame) -> Option<String> {
    let texts = [generated.perceived.heard.as_deref(), run.parameters.input_text.as_deref()];
    let heard = texts.into_iter().flatten().collect::<Vec<_>>().join("\n");
    Some(heard).filter(|heard| !heard.is_empty())
}

fn min_duration(run: &FrameRun<'_>) -> i32 {
    let scheduled = run.job.min_duration_seconds;
    scheduled.and_then(|seconds| i32::try_from(seconds).ok()).unwrap_or(MIN_DURATION)
}

/// Writes the rows of pictures whose files are written.
pub(super) async fn insert_pictures(
    tx: &mut Tx,
    picture: &BeatPictures,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    let objects: Vec<_> = picture.files().map(|file| &file.object).collect();
    tx.upsert_media_objects(&objects).await?;
    let images = picture.files().map(|file| NewImage {
        id: file.id,
        media_key: &file.object.key,
        width: file.view.width,
        height: file.view.height,
        format: &file.view.format,
        dither: file.dither,
        provenance: Some(&picture.provenance),
        now,
    });
    let images: Vec<NewImage<'_>> = images.collect();
    Ok(tx.insert_images(&images).await?)
}

/// A story's title and slug; both are empty until the story has a text.
#[derive(Default)]
struct StoryName {
    title: String,
    slug: String,
}

/// Names the story after its first text, unless it has a name. Returns its name.
async fn set_story_title(
    tx: &mut Tx,
    run: &FrameRun<'_>,
    generated: &GeneratedFrame,
    now: DateTime<Utc>,
) -> Result<StoryName, AppError> {
    if let Some(slug) = &run.story.slug {
        return Ok(StoryName { title: run.story.title.clone(), slug: slug.clone() });
    }
    let Some(text) = generated.telling.beats.iter().find_map(|beat| beat.text.as_deref()) else {
        return Ok(StoryName::default());
    };
    let title = story_title(text);
    let base = slug_base(&title);
    let slug =
        tx.set_story_title(run.story.id, StoryTitle { title: &title, slug_base: &base }).await?;
    let payload = json!({"title": title, "slug": slug});
    let client_id = Some(run.story.client_id.as_str());
    tx.publish(EventKind::Story, client_id, Some(run.story.id), payload, now);
    Ok(StoryName { title, slug })
}

/// Builds the task's result. It is stored with the task, so that the waiting request and a repeated one get the same
/// answer.
fn build_response(
    run: &FrameRun<'_>,
    generated: &GeneratedFrame,
    metadata: &Value,
    name: StoryName,
    frame_count: i32,
    now: DateTime<Utc>,
) -> Result<Value, AppError> {
    let story = &run.story;
    let mut frames = Vec::with_capacity(generated.pictures.len());
    let trigger = run.job.trigger_condition.as_ref();
    let trigger = trigger.map(serde_json::value::to_raw_value).transpose();
    let trigger = trigger.map_err(AppError::internal)?;
    let metadata = serde_json::value::to_raw_value(metadata).map_err(AppError::internal)?;
    for (index, (beat, picture)) in
        generated.telling.beats.iter().zip(&generated.pictures).enumerate()
    {
        frames.push(FrameView {
            text: beat.text.as_deref().map(with_newline),
            image: Some(picture.device_or_original().view.clone()),
            source_image: Some(picture.original.view.clone()),
            video: None,
            audio: generated.narration.clip(index).map(|clip| clip.view.clone()),
            min_duration_seconds: min_duration(run),
            trigger_condition: trigger.clone(),
            metadata: metadata.clone(),
            provenance: Some(picture.provenance.clone()),
        });
    }
    frames.extend(generated.repeated_frame.clone());
    let answer = StoryResponse {
        frames,
        story: StoryView {
            slug: name.slug,
            story_frame_count: frame_count,
            date_updated: now.date_naive(),
            ..StoryView::from_story(story, true)
        },
        request_id: run.job.origin.request_id.clone(),
        generation_date: generation_date(now),
        debug_data: debug_data(run, generated, &name.title),
        errors: generated.notes.clone(),
    };
    StoredStoryResponse::from(answer).to_value()
}

fn debug_data(run: &FrameRun<'_>, generated: &GeneratedFrame, title: &str) -> Map<String, Value> {
    if run.parameters.debug != Some(true) {
        return Map::new();
    }
    let seen = generated.perceived.seen.as_ref();
    let mut debug = Map::new();
    let mut put = |name: &str, value: Value| debug.insert(name.to_owned(), value);
    put("story_id", json!(run.story.id));
    put("story_title", json!(title));
    put("thoth_link", Value::Null);
    put("i_see", json!(seen.map(|analysis| &analysis.description)));
    put("image_analysis", json!(seen));
    put("i_hear", json!(generated.perceived.heard));
    put(&run.strategy.strategy_name, generated.telling.state.clone());
    debug
}
