//! Bookmarks of frames.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::stories::{Stories, with_newline};
use crate::app::{AppError, ErrorKind};
use crate::domain::ClientId;
use crate::store::FrameBookmark;

/// Maximum number of bookmarks in v1's list, which has no pages.
const MAX_LISTED: i64 = 1000;

/// Maximum length of comments on a frame or a story, in characters.
const MAX_COMMENTS: usize = 10_000;

/// A bookmarked frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FrameBookmarkView {
    /// Id of the bookmark.
    pub id: i64,
    /// Id of the frame's story.
    pub story_id: String,
    /// Number of the frame in its story, from 0.
    pub frame_number: i32,
    /// Id of the frame.
    pub frame_id: i64,
    /// The client's comments on the frame; null if there are none.
    pub comments: Option<String>,
    /// Time at which the frame was first bookmarked.
    pub date_created: DateTime<Utc>,
    /// Time at which the bookmark was last updated.
    pub date_updated: DateTime<Utc>,
    /// Text of the frame, ending with a newline; null if it has none.
    pub frame_text: Option<String>,
    /// URL of the original illustration, with a leading slash; null if there is none.
    #[schema(example = "/media/0197f2c4-5b1e-7c3a-9d1e-000000000000.png")]
    pub frame_image_url: Option<String>,
}

impl From<FrameBookmark> for FrameBookmarkView {
    fn from(row: FrameBookmark) -> Self {
        Self {
            id: row.id,
            story_id: row.story_id.to_string(),
            frame_number: row.frame_number,
            frame_id: row.frame_id,
            comments: row.comments,
            date_created: row.date_created,
            date_updated: row.date_updated,
            frame_text: row.frame_text.as_deref().map(with_newline),
            frame_image_url: row.image_key.map(|key| format!("/{key}")),
        }
    }
}

impl Stories {
    /// Bookmarks a frame for a client, or replaces the comments of its bookmark.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the story or frame is unknown, and with [`ErrorKind::Invalid`] if the
    /// comments are too long.
    pub async fn bookmark_frame(
        &self,
        client_id: &ClientId,
        story_id: &str,
        frame_number: i64,
        comments: Option<&str>,
    ) -> Result<FrameBookmarkView, AppError> {
        check_comments(comments)?;
        let story = self.find_story(story_id).await?;
        // A number outside the column's range cannot belong to a frame.
        let number = i32::try_from(frame_number).map_err(|_| frame_not_found())?;
        let (client_id, now) = (client_id.as_str(), self.clock.now());
        let mut tx = self.store.begin().await?;
        if !tx.upsert_frame_bookmark(client_id, story.id, number, comments, now).await? {
            return Err(frame_not_found());
        }
        tx.save().await?;
        let bookmark = self.store.frame_bookmark(client_id, story.id, number).await?;
        bookmark.map(Into::into).ok_or_else(bookmark_not_found)
    }

    /// Returns a client's frame bookmarks in one story or in all, newest first.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the story is unknown.
    pub async fn list_frame_bookmarks(
        &self,
        client_id: &ClientId,
        story_id: Option<&str>,
    ) -> Result<Vec<FrameBookmarkView>, AppError> {
        let client_id = client_id.as_str();
        let bookmarks = match story_id {
            Some(id) => {
                let story = self.find_story(id).await?;
                self.store.frame_bookmarks_in_story(client_id, story.id, MAX_LISTED).await?
            }
            None => self.store.frame_bookmarks(client_id, MAX_LISTED).await?,
        };
        Ok(bookmarks.into_iter().map(Into::into).collect())
    }

    /// Returns a client's bookmark of one frame.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the client has not bookmarked this frame.
    pub async fn frame_bookmark(
        &self,
        client_id: &ClientId,
        story_id: &str,
        frame_number: i32,
    ) -> Result<FrameBookmarkView, AppError> {
        let story = self.find_story(story_id).await.map_err(|error| match error.kind {
            ErrorKind::NotFound => bookmark_not_found(),
            _ => error,
        })?;
        let bookmark =
            self.store.frame_bookmark(client_id.as_str(), story.id, frame_number).await?;
        bookmark.map(Into::into).ok_or_else(bookmark_not_found)
    }

    /// Removes one of the client's own bookmarks.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the bookmark does not exist or belongs to another client.
    pub async fn delete_frame_bookmark(
        &self,
        client_id: &ClientId,
        id: i64,
    ) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        if !tx.delete_frame_bookmark(client_id.as_str(), id).await? {
            return Err(bookmark_not_found());
        }
        Ok(tx.save().await?)
    }
}

/// Rejects comments that are too long or contain a NUL, which PostgreSQL cannot store.
pub(in crate::app) fn check_comments(comments: Option<&str>) -> Result<(), AppError> {
    let comments = comments.unwrap_or_default();
    let chars = comments.chars().count();
    if chars > MAX_COMMENTS {
        let reason = format!("has {chars} characters; at most {MAX_COMMENTS} are allowed");
        return Err(AppError::invalid("comments", reason));
    }
    if comments.contains('\0') {
        return Err(AppError::invalid("comments", "must not have a NUL character"));
    }
    Ok(())
}

fn frame_not_found() -> AppError {
    let detail = "The story has no such frame; its frames are numbered from 0.";
    AppError::new(ErrorKind::NotFound, detail)
}

/// Returns the error with v1's wording.
fn bookmark_not_found() -> AppError {
    AppError::new(ErrorKind::NotFound, "Bookmark not found")
}
