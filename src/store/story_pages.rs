//! What pages show of stories and frames.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::frames::frame_media_joins;
use super::{ImageProvenance, Store, StoreError, with_read_pool};

/// A story as its readers see it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ReadableStory {
    /// Story id.
    pub id: Uuid,
    /// The client that the story belongs to.
    pub client_id: String,
    /// The story's title; empty until it has a text.
    pub title: String,
    /// The story's name in links; `None` until it has a title.
    pub slug: Option<String>,
    /// Number of frames.
    pub frame_count: i32,
    /// Whether the client's stories are private.
    pub is_private: bool,
    /// When the story's last frame was added.
    pub date_updated: DateTime<Utc>,
    /// The story that the first frames were copied from; it may be deleted.
    pub branched_from_id: Option<Uuid>,
}

/// A frame with everything that a reader sees of it.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct ReadableFrame {
    /// Number within the story, from 0.
    pub number: i32,
    /// The frame's text.
    pub text: Option<String>,
    /// Language of the text; `None` means English.
    pub language: Option<String>,
    /// The prompt of the illustration.
    pub illustration: Option<String>,
    /// What the camera saw, in words.
    pub seen: Option<String>,
    /// Media key of the original illustration.
    pub image_key: Option<String>,
    /// Width of the illustration in pixels.
    pub image_width: Option<i32>,
    /// Height of the illustration in pixels.
    pub image_height: Option<i32>,
    /// Where the illustration comes from.
    #[sqlx(flatten)]
    pub provenance: ImageProvenance,
    /// Media key of the video.
    pub video_key: Option<String>,
    /// Media type of the video.
    pub video_format: Option<String>,
    /// Media key of the narration.
    pub audio_key: Option<String>,
    /// Media type of the narration.
    pub audio_format: Option<String>,
    /// Duration of the narration in seconds, if known.
    pub audio_seconds: Option<f64>,
    /// When the frame was created.
    pub date_created: DateTime<Utc>,
}

/// The columns of a [`ReadableStory`], of a story `s`.
macro_rules! readable_story_columns {
    () => {
        "s.id, s.client_id, s.title, s.slug, s.frame_count, s.date_updated, s.branched_from_id, \
         EXISTS (SELECT 1 FROM sparrow_config c WHERE c.client_id = s.client_id AND c.is_private) AS is_private"
    };
}

/// The columns of a [`ReadableFrame`], of a frame `f` with what `frame_media_joins` adds to it.
macro_rules! readable_frame_columns {
    () => {
        "f.number, f.text, f.language, f.illustration, f.seen, \
         i.media_key AS image_key, i.width AS image_width, i.height AS image_height, \
         i.digital_source_type, i.creator_tool, i.model, v.media_key AS video_key, v.format AS video_format, \
         a.media_key AS audio_key, a.format AS audio_format, a.duration_seconds AS audio_seconds, f.date_created"
    };
}

pub(super) use readable_frame_columns;

/// A story with its first illustration.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct StoryCover {
    /// Story id.
    pub id: Uuid,
    /// The client that the story belongs to.
    pub client_id: String,
    /// The strategy's slug.
    pub strategy: String,
    /// The story's title.
    pub title: String,
    /// The story's name in links; `None` until it has a title.
    pub slug: Option<String>,
    /// Number of frames.
    pub frame_count: i32,
    /// Media key of the first illustration.
    pub image_key: Option<String>,
    /// Width of the illustration in pixels.
    pub image_width: Option<i32>,
    /// Height of the illustration in pixels.
    pub image_height: Option<i32>,
    /// When the story's last frame was added.
    pub date_updated: DateTime<Utc>,
    /// Id of the bookmark, for a story in a list; else 0.
    pub bookmark_id: i64,
}

/// A bookmarked frame with its story's name in links.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct BookmarkedFrame {
    /// Bookmark id.
    pub id: i64,
    /// The frame's story.
    pub story_id: Uuid,
    /// The story's name in links.
    pub slug: Option<String>,
    /// Number of the frame, from 0.
    pub number: i32,
    /// The client's comments on the frame.
    pub comments: Option<String>,
    /// The frame's text.
    pub text: Option<String>,
    /// Media key of the illustration.
    pub image_key: Option<String>,
    /// Width of the illustration in pixels.
    pub image_width: Option<i32>,
    /// Height of the illustration in pixels.
    pub image_height: Option<i32>,
}

/// Whose stories a reader sees, beside those that are not private.
#[derive(Debug, Clone, Copy)]
pub struct ReaderScope<'a> {
    /// Whether the reader sees every story.
    pub sees_all: bool,
    /// The reader's own client; empty if it has none.
    pub client_id: &'a str,
}

impl Store {
    /// Returns the story with this slug as its readers see it.
    pub async fn readable_story(&self, slug: &str) -> Result<Option<ReadableStory>, StoreError> {
        const SQL: &str =
            concat!("SELECT ", readable_story_columns!(), " FROM story s WHERE s.slug = $1");
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(slug).fetch_optional(db).await)
            .map_err(StoreError::failed("read a story for a page"))
    }

    /// Returns the story with this id as its readers see it.
    pub async fn readable_story_by_id(
        &self,
        id: Uuid,
    ) -> Result<Option<ReadableStory>, StoreError> {
        const SQL: &str =
            concat!("SELECT ", readable_story_columns!(), " FROM story s WHERE s.id = $1");
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a story for a page"))
    }

    /// Returns a story's frames from the number `first`, in order, at most `limit`.
    pub async fn readable_frames(
        &self,
        story_id: Uuid,
        first: i32,
        limit: i64,
    ) -> Result<Vec<ReadableFrame>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            readable_frame_columns!(),
            " FROM story_frame f ",
            frame_media_joins!(),
            " WHERE f.story_id = $1 AND f.number >= $2 ORDER BY f.number LIMIT $3"
        );
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(story_id)
            .bind(first)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("read frames for a page"))
    }

    /// Returns the stories with frames that a reader may see, last updated first, at most `limit`. `before` is the time
    /// of the last update and the id of the story after which they start.
    pub async fn story_covers(
        &self,
        scope: ReaderScope<'_>,
        before: Option<(DateTime<Utc>, Uuid)>,
        limit: i64,
    ) -> Result<Vec<StoryCover>, StoreError> {
        const SQL: &str = "SELECT s.id, s.client_id, s.strategy, s.title, s.slug, s.frame_count, \
             i.media_key AS image_key, i.width AS image_width, i.height AS image_height, \
             s.date_updated, CAST(0 AS BIGINT) AS bookmark_id FROM story s \
             LEFT JOIN story_frame f ON f.story_id = s.id AND f.number = 0 \
             LEFT JOIN image i ON i.id = f.image_id \
             WHERE (s.date_updated, s.id) < ($1, $2) AND s.frame_count > 0 \
             AND ($3 OR s.client_id = $4 OR NOT EXISTS \
             (SELECT 1 FROM sparrow_config c WHERE c.client_id = s.client_id AND c.is_private)) \
             ORDER BY s.date_updated DESC, s.id DESC LIMIT $5";
        let (time, id) = before.unwrap_or((LATEST, Uuid::max()));
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(time.clamp(DateTime::UNIX_EPOCH, LATEST))
            .bind(id)
            .bind(scope.sees_all)
            .bind(scope.client_id)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list stories for a page"))
    }

    /// Returns the stories of a list that a reader may see, the latest added first, at most `limit`. `before` is the id
    /// of the bookmark after which they start.
    pub async fn covers_in_list(
        &self,
        list_id: i64,
        scope: ReaderScope<'_>,
        before: i64,
        limit: i64,
    ) -> Result<Vec<StoryCover>, StoreError> {
        const SQL: &str = "SELECT s.id, s.client_id, s.strategy, s.title, s.slug, s.frame_count, \
             i.media_key AS image_key, i.width AS image_width, i.height AS image_height, \
             s.date_updated, b.id AS bookmark_id FROM story_bookmark b JOIN story s ON s.id = b.story_id \
             LEFT JOIN story_frame f ON f.story_id = s.id AND f.number = 0 \
             LEFT JOIN image i ON i.id = f.image_id \
             WHERE b.list_id = $1 AND b.id < $2 AND s.frame_count > 0 \
             AND ($3 OR s.client_id = $4 OR NOT EXISTS \
             (SELECT 1 FROM sparrow_config c WHERE c.client_id = s.client_id AND c.is_private)) \
             ORDER BY b.id DESC LIMIT $5";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(list_id)
            .bind(before)
            .bind(scope.sees_all)
            .bind(scope.client_id)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list the stories of a list for a page"))
    }

    /// Returns a client's newest bookmarks of frames, newest first, at most `limit`.
    pub async fn bookmarked_frames(
        &self,
        client_id: &str,
        limit: i64,
    ) -> Result<Vec<BookmarkedFrame>, StoreError> {
        const SQL: &str = "SELECT b.id, b.story_id, s.slug, b.frame_number AS number, b.comments, \
             f.text, i.media_key AS image_key, i.width AS image_width, i.height AS image_height \
             FROM story_frame_bookmark b JOIN story s ON s.id = b.story_id \
             JOIN story_frame f ON f.id = b.frame_id LEFT JOIN image i ON i.id = f.image_id \
             WHERE b.client_id = $1 ORDER BY b.id DESC LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(client_id).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("list bookmarked frames for a page"))
    }
}

/// A time later than any story's: the start of the year 9999.
const LATEST: DateTime<Utc> = match DateTime::from_timestamp(253_370_764_800, 0) {
    Some(time) => time,
    None => DateTime::UNIX_EPOCH,
};
