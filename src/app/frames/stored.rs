//! The answer to a frame request, as it is stored in its task's row.
//!
//! The waiting request and every repeat with the same idempotency key read this answer, perhaps in another version of
//! Calliope than the one that wrote it. So it is a database format of its own: a change of the API's answer
//! ([`StoryResponse`]) does not change the meaning of earlier rows.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::app::AppError;
use crate::app::stories::{AudioView, FrameView, ImageView, StoryResponse, StoryView, VideoView};
use crate::domain::Provenance;

/// The `result` of a completed [`TellFrame`](crate::app::jobs::TellFrame) task.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredStoryResponse {
    frames: Vec<StoredFrame>,
    story_id: String,
    slug: String,
    story_frame_count: i32,
    append_to_prior_frames: bool,
    strategy: String,
    is_read_only: bool,
    created_for_sparrow_id: String,
    date_created: NaiveDate,
    date_updated: NaiveDate,
    request_id: String,
    generation_date: String,
    debug_data: Map<String, Value>,
    errors: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredFrame {
    text: Option<String>,
    image: Option<StoredImage>,
    source_image: Option<StoredImage>,
    video: Option<StoredVideo>,
    audio: Option<StoredAudio>,
    min_duration_seconds: i32,
    trigger_condition: Option<Box<RawValue>>,
    metadata: Box<RawValue>,
    /// Missing in rows that are older than this field.
    #[serde(default)]
    provenance: Option<Provenance>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredImage {
    width: i32,
    height: i32,
    format: String,
    url: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredVideo {
    width: i32,
    height: i32,
    format: String,
    url: String,
    duration_seconds: f64,
    frame_rate: f64,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredAudio {
    format: String,
    url: String,
    duration_seconds: Option<f64>,
}

impl StoredStoryResponse {
    /// Reads the `result` of a completed task.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`](crate::app::ErrorKind::Internal) if it cannot be read.
    pub(super) fn from_value(result: Option<Value>) -> Result<Self, AppError> {
        serde_json::from_value(result.unwrap_or_default()).map_err(AppError::internal)
    }

    /// Returns the JSON for a task's row.
    pub(super) fn to_value(&self) -> Result<Value, AppError> {
        serde_json::to_value(self).map_err(AppError::internal)
    }
}

impl From<StoryResponse> for StoredStoryResponse {
    fn from(answer: StoryResponse) -> Self {
        let StoryResponse { frames, story, request_id, generation_date, debug_data, errors } =
            answer;
        Self {
            frames: frames.into_iter().map(StoredFrame::from).collect(),
            story_id: story.story_id,
            slug: story.slug,
            story_frame_count: story.story_frame_count,
            append_to_prior_frames: story.append_to_prior_frames,
            strategy: story.strategy,
            is_read_only: story.is_read_only,
            created_for_sparrow_id: story.created_for_sparrow_id,
            date_created: story.date_created,
            date_updated: story.date_updated,
            request_id,
            generation_date,
            debug_data,
            errors,
        }
    }
}

impl From<StoredStoryResponse> for StoryResponse {
    fn from(stored: StoredStoryResponse) -> Self {
        Self {
            frames: stored.frames.into_iter().map(FrameView::from).collect(),
            story: StoryView {
                story_id: stored.story_id,
                slug: stored.slug,
                story_frame_count: stored.story_frame_count,
                append_to_prior_frames: stored.append_to_prior_frames,
                strategy: stored.strategy,
                is_read_only: stored.is_read_only,
                created_for_sparrow_id: stored.created_for_sparrow_id,
                date_created: stored.date_created,
                date_updated: stored.date_updated,
            },
            request_id: stored.request_id,
            generation_date: stored.generation_date,
            debug_data: stored.debug_data,
            errors: stored.errors,
        }
    }
}

/// Implements `From` in both directions between a stored type and a view with the same fields.
macro_rules! both_ways {
    ($stored:ident, $view:ident { $($field:ident),* }) => {
        impl From<$view> for $stored {
            fn from(view: $view) -> Self {
                Self { $($field: view.$field),* }
            }
        }

        impl From<$stored> for $view {
            fn from(stored: $stored) -> Self {
                Self { $($field: stored.$field),* }
            }
        }
    };
}

both_ways!(StoredImage, ImageView { width, height, format, url });
both_ways!(StoredVideo, VideoView { width, height, format, url, duration_seconds, frame_rate });
both_ways!(StoredAudio, AudioView { format, url, duration_seconds });

impl From<FrameView> for StoredFrame {
    fn from(frame: FrameView) -> Self {
        Self {
            text: frame.text,
            image: frame.image.map(Into::into),
            source_image: frame.source_image.map(Into::into),
            video: frame.video.map(Into::into),
            audio: frame.audio.map(Into::into),
            min_duration_seconds: frame.min_duration_seconds,
            trigger_condition: frame.trigger_condition,
            metadata: frame.metadata,
            provenance: frame.provenance,
        }
    }
}

impl From<StoredFrame> for FrameView {
    fn from(stored: StoredFrame) -> Self {
        Self {
            text: stored.text,
            image: stored.image.map(Into::into),
            source_image: stored.source_image.map(Into::into),
            video: stored.video.map(Into::into),
            audio: stored.audio.map(Into::into),
            min_duration_seconds: stored.min_duration_seconds,
            trigger_condition: stored.trigger_condition,
            metadata: stored.metadata,
            provenance: stored.provenance,
        }
    }
}
