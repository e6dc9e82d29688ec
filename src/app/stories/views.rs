//! Stories and frames as the API represents them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Stories;
use crate::domain::Provenance;
use crate::store::{FrameAttachments, FrameRow, Story, StoryListing};
use crate::storytellers;

/// A story with frames, and notes on the request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoryResponse {
    /// Frames: the new ones in the response to a POST, all of them in the response to a GET.
    pub frames: Vec<FrameView>,
    /// The story.
    #[serde(flatten)]
    pub story: StoryView,
    /// Id of the request.
    pub request_id: String,
    /// Time of the response in UTC, as `YYYY-MM-DD HH:MM:SS.ffffff`.
    pub generation_date: String,
    /// Details on how the frame was made; empty unless the request asks for `debug`.
    #[schema(value_type = Object)]
    pub debug_data: Map<String, Value>,
    /// Non-fatal problems as sentences; empty if there were none.
    pub errors: Vec<String>,
}

/// A story without its frames.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoryView {
    /// Id of the story.
    pub story_id: String,
    /// Slug of the story for links; empty until the story has a text.
    pub slug: String,
    /// Number of frames in the story.
    pub story_frame_count: i32,
    /// Whether new frames are added after the earlier ones. If false, they replace them.
    pub append_to_prior_frames: bool,
    /// Strategy of the story.
    pub strategy: String,
    /// Whether the requesting client may only read the story.
    pub is_read_only: bool,
    /// Id of the Sparrow that the story was created for.
    pub created_for_sparrow_id: String,
    /// Date on which the story was created (UTC).
    pub date_created: NaiveDate,
    /// Date on which the story was last updated (UTC).
    pub date_updated: NaiveDate,
}

/// A frame of a story.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FrameView {
    /// Text of the frame, ending with a newline; null if it has none.
    pub text: Option<String>,
    /// Illustration in the requested format and size, or else the original; null if there is none.
    pub image: Option<ImageView>,
    /// Original illustration; null if there is none.
    pub source_image: Option<ImageView>,
    /// Video of the illustration; null if none was requested or it is not ready yet.
    pub video: Option<VideoView>,
    /// Narration of the text; null if none was requested or it is not ready yet.
    pub audio: Option<AudioView>,
    /// Minimum time to show the frame, in seconds.
    pub min_duration_seconds: i32,
    /// Condition to wait for before the next frame is requested; null if there is none.
    #[schema(value_type = Option<Object>)]
    pub trigger_condition: Option<Box<RawValue>>,
    /// Details on how the frame was made.
    #[schema(value_type = Object)]
    pub metadata: Box<RawValue>,
    /// Where the illustration comes from; null for one that is older than this field, or if there is none.
    pub provenance: Option<Provenance>,
}

/// An image and its URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImageView {
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    /// Media type of the image.
    #[schema(example = "image/rgb565")]
    pub format: String,
    /// URL relative to the server's root, without a leading slash.
    #[schema(example = "media/0197f2c4-5b1e-7c3a-9d1e-000000000000.raw")]
    pub url: String,
}

/// A video and its URL.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VideoView {
    /// Width in pixels.
    pub width: i32,
    /// Height in pixels.
    pub height: i32,
    /// Media type of the video.
    #[schema(example = "video/mp4")]
    pub format: String,
    /// URL relative to the server's root, without a leading slash.
    pub url: String,
    /// Duration in seconds.
    pub duration_seconds: f64,
    /// Frame rate in frames per second.
    pub frame_rate: f64,
}

/// An audio clip and its URL.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AudioView {
    /// Media type of the clip.
    #[schema(example = "audio/mpeg")]
    pub format: String,
    /// URL relative to the server's root, without a leading slash.
    pub url: String,
    /// Duration in seconds; null if unknown.
    pub duration_seconds: Option<f64>,
}

/// A story in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoryListView {
    /// Id of the story.
    pub story_id: String,
    /// Title of the story on one line. Titles of more than 64 characters are cut and end with `...`.
    pub title: String,
    /// Slug of the story for links; empty until the story has a text.
    pub slug: String,
    /// Number of frames in the story.
    pub story_frame_count: i32,
    /// Whether the client has bookmarked a frame of the story, or has the story in one of its lists.
    pub is_bookmarked: bool,
    /// Whether this is the client's current story.
    pub is_current: bool,
    /// Whether the client may only read the story.
    pub is_read_only: bool,
    /// Slug of the story's strategy.
    pub strategy_name: String,
    /// Id of the Sparrow that the story was created for.
    pub created_for_sparrow_id: String,
    /// Thumbnail of the first illustration, 48 pixels on its longest side; null if there is none.
    pub thumbnail_image: Option<ImageView>,
    /// Date on which the story was created (UTC).
    pub date_created: NaiveDate,
    /// Date on which the story was last updated (UTC).
    pub date_updated: NaiveDate,
}

impl Stories {
    /// Returns the current time in the format of [`StoryResponse::generation_date`].
    #[must_use]
    pub fn generation_date(&self) -> String {
        generation_date(self.clock.now())
    }
}

/// Formats a time as v1 does: UTC, with a space and microseconds.
pub(in crate::app) fn generation_date(now: DateTime<Utc>) -> String {
    now.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

impl StoryResponse {
    /// Builds the response to a read, without debug data and errors.
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
    /// Converts a story to its API representation for a client that may or may not add frames to it.
    pub(in crate::app) fn from_story(story: &Story, can_add: bool) -> Self {
        let storyteller = storytellers::find(&story.storyteller);
        let appends = storyteller.is_none_or(storytellers::Storyteller::appends);
        Self {
            story_id: story.id.to_string(),
            slug: story.slug.clone().unwrap_or_default(),
            story_frame_count: story.frame_count,
            append_to_prior_frames: appends,
            strategy: story.strategy.clone(),
            is_read_only: !can_add,
            created_for_sparrow_id: story.client_id.clone(),
            date_created: story.date_created.date_naive(),
            date_updated: story.date_updated.date_naive(),
        }
    }
}

impl FrameView {
    /// Converts a frame's row to its API representation. `image` and `source_image` are both the original illustration.
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
            provenance: row.provenance.known(),
        }
    }
}

impl StoryListView {
    /// Converts a row of a client's own list. `shared` is the story that the client shares with its flock, if any.
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

/// Ends a text with exactly one newline, as v1 sends it.
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
        let full_second = "2026-11-23T07:04:17Z".parse().expect("a time");
        assert_eq!(generation_date(full_second), "2026-11-23 07:04:17.000000");
    }
}
