//! Stories and frames as clients see them: the shapes of the HTTP contract's StoryResponse.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Stories;
use crate::store::{FrameAttachments, FrameRow, Story, StoryListing};
use crate::storytellers;

/// A story with frames, and the notes of the request that asked for it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoryResponse {
    /// The frames: the new ones of a POST, all of them of a read.
    pub frames: Vec<FrameView>,
    /// The story itself.
    #[serde(flatten)]
    pub story: StoryView,
    /// The request that this answers.
    pub request_id: String,
    /// When it was answered: UTC, with a space and microseconds.
    pub generation_date: String,
    /// How the frame came to be, when `debug` was asked for; else empty.
    #[schema(value_type = Object)]
    pub debug_data: Map<String, Value>,
    /// Non-fatal notes in plain words.
    pub errors: Vec<String>,
}

/// What is the same for every frame of a story.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoryView {
    /// The story's id.
    pub story_id: String,
    /// Its name in links; empty until it has a text.
    pub slug: String,
    /// How many frames it has.
    pub story_frame_count: i32,
    /// Whether the frames follow the earlier ones, or take their place.
    pub append_to_prior_frames: bool,
    /// The strategy that was asked for.
    pub strategy: String,
    /// Whether the asking client may only read it.
    pub is_read_only: bool,
    /// The Sparrow that it was made for.
    pub created_for_sparrow_id: String,
    /// The day it was begun.
    pub date_created: NaiveDate,
    /// The day of its last frame.
    pub date_updated: NaiveDate,
}

/// One frame.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FrameView {
    /// Prose that ends with a newline.
    pub text: Option<String>,
    /// The illustration: in the asked format and size, or the original.
    pub image: Option<ImageView>,
    /// The original illustration.
    pub source_image: Option<ImageView>,
    /// A film of the illustration, where one was asked for and is made by now.
    pub video: Option<VideoView>,
    /// The text, spoken.
    pub audio: Option<AudioView>,
    /// How long to show it at least.
    pub min_duration_seconds: i32,
    /// What to wait for before the next one.
    #[schema(value_type = Option<Object>)]
    pub trigger_condition: Option<Box<RawValue>>,
    /// How it came to be.
    #[schema(value_type = Object)]
    pub metadata: Box<RawValue>,
}

/// A picture and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImageView {
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
    /// A media type.
    #[schema(example = "image/rgb565")]
    pub format: String,
    /// Relative, without a leading slash.
    #[schema(example = "media/0197f2c4-5b1e-7c3a-9d1e-000000000000.raw")]
    pub url: String,
}

/// A film and where it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VideoView {
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
    /// A media type.
    #[schema(example = "video/mp4")]
    pub format: String,
    /// Relative, without a leading slash.
    pub url: String,
    /// How long it is.
    pub duration_seconds: f64,
    /// Pictures a second.
    pub frame_rate: f64,
}

/// A voice and where it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AudioView {
    /// A media type.
    #[schema(example = "audio/mpeg")]
    pub format: String,
    /// Relative, without a leading slash.
    pub url: String,
    /// How long it is, where that can be told.
    pub duration_seconds: Option<f64>,
}

/// A story in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoryListView {
    /// The story's id.
    pub story_id: String,
    /// At most 64 characters, then `...`; newlines as spaces.
    pub title: String,
    /// Its name in links.
    pub slug: String,
    /// How many frames it has.
    pub story_frame_count: i32,
    /// Whether the client keeps a frame of it, or has it in a list of its own.
    pub is_bookmarked: bool,
    /// Whether the client is in it.
    pub is_current: bool,
    /// Whether the client may only read it.
    pub is_read_only: bool,
    /// The strategy's slug.
    pub strategy_name: String,
    /// The Sparrow that it was made for.
    pub created_for_sparrow_id: String,
    /// Its first illustration, its longest side 48 pixels.
    pub thumbnail_image: Option<ImageView>,
    /// The day it was begun.
    pub date_created: NaiveDate,
    /// The day of its last frame.
    pub date_updated: NaiveDate,
}

impl Stories {
    /// Now, as answers write it.
    #[must_use]
    pub fn generation_date(&self) -> String {
        generation_date(self.clock.now())
    }
}

/// A time as v1 writes it: UTC, with a space and microseconds.
pub(in crate::app) fn generation_date(now: DateTime<Utc>) -> String {
    now.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

impl StoryResponse {
    /// The answer to a read that has no notes.
    pub(in crate::app) fn for_read(
        frames: Vec<FrameRow>,
        story: StoryView,
        request_id: String,
        generation_date: String,
    ) -> Self {
        Self {
            frames: frames.into_iter().map(FrameView::from_row).collect(),
            story,
            request_id,
            generation_date,
            debug_data: Map::new(),
            errors: Vec::new(),
        }
    }
}

impl StoryView {
    /// A story as a client sees it that may add to it, or not.
    pub(in crate::app) fn from_story(story: &Story, may_add: bool) -> Self {
        let storyteller = storytellers::find(&story.storyteller);
        let appends = storyteller.is_none_or(storytellers::Storyteller::appends);
        Self {
            story_id: story.id.to_string(),
            slug: story.slug.clone().unwrap_or_default(),
            story_frame_count: story.frame_count,
            append_to_prior_frames: appends,
            strategy: story.strategy.clone(),
            is_read_only: !may_add,
            created_for_sparrow_id: story.client_id.clone(),
            date_created: story.date_created.date_naive(),
            date_updated: story.date_updated.date_naive(),
        }
    }
}

impl FrameView {
    /// A kept frame with its original illustration in both places.
    pub(in crate::app) fn from_row(row: FrameRow) -> Self {
        let image = image(row.image_key, row.image_width, row.image_height, row.image_format);
        Self {
            text: row.text.as_deref().map(with_newline),
            source_image: image.clone(),
            image,
            video: video(&row.attachments),
            audio: audio(row.attachments),
            min_duration_seconds: row.min_duration_seconds,
            trigger_condition: row.trigger_condition.map(|json| json.0),
            metadata: row.metadata.0,
        }
    }
}

impl StoryListView {
    /// A story in the list of the client that it was made for, and that shares story `shared` with its flock.
    pub(in crate::app) fn from_row(
        row: StoryListing,
        client_id: &str,
        shared: Option<Uuid>,
    ) -> Self {
        let is_current = shared.or(row.current_story_id) == Some(row.id);
        let mut title: String = row.title.chars().take(64).collect();
        if row.title.chars().nth(64).is_some() {
            title.push_str("...");
        }
        let png = Some("image/png".to_owned());
        Self {
            story_id: row.id.to_string(),
            title,
            slug: row.slug.unwrap_or_default(),
            story_frame_count: row.frame_count,
            is_bookmarked: row.is_bookmarked,
            is_current,
            is_read_only: false,
            strategy_name: row.strategy,
            created_for_sparrow_id: client_id.to_owned(),
            thumbnail_image: image(
                row.thumbnail_key,
                row.thumbnail_width,
                row.thumbnail_height,
                png,
            ),
            date_created: row.date_created.date_naive(),
            date_updated: row.date_updated.date_naive(),
        }
    }
}

/// A text as v1 sends it.
pub(in crate::app) fn with_newline(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

fn image(
    key: Option<String>,
    width: Option<i32>,
    height: Option<i32>,
    format: Option<String>,
) -> Option<ImageView> {
    Some(ImageView { width: width?, height: height?, format: format?, url: key? })
}

fn video(attachments: &FrameAttachments) -> Option<VideoView> {
    Some(VideoView {
        width: attachments.video_width?,
        height: attachments.video_height?,
        format: attachments.video_format.clone()?,
        url: attachments.video_key.clone()?,
        duration_seconds: attachments.video_seconds?,
        frame_rate: attachments.video_rate?,
    })
}

fn audio(attachments: FrameAttachments) -> Option<AudioView> {
    let FrameAttachments { audio_key, audio_format, audio_seconds, .. } = attachments;
    Some(AudioView { format: audio_format?, url: audio_key?, duration_seconds: audio_seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_date_has_a_space_and_microseconds() {
        let now = "2026-11-23T07:04:17.382226Z".parse().expect("a time");
        assert_eq!(generation_date(now), "2026-11-23 07:04:17.382226");
        let whole = "2026-11-23T07:04:17Z".parse().expect("a time");
        assert_eq!(generation_date(whole), "2026-11-23 07:04:17.000000");
    }
}
