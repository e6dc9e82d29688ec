//! Keeping frames, to find them again.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::stories::{Stories, with_newline};
use crate::app::{AppError, ErrorKind};
use crate::domain::ClientId;
use crate::store::FrameBookmark;

/// Bookmarks at most in v1's list, which has no pages.
const MAX_LISTED: i64 = 1000;

/// Characters at most in what is noted about a frame or a story.
const MAX_COMMENTS: usize = 10_000;

/// A frame that a client keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FrameBookmarkView {
    /// The bookmark's id.
    pub id: i64,
    /// The story that the frame is in.
    pub story_id: String,
    /// The frame's number, from 0.
    pub frame_number: i32,
    /// The frame's id.
    pub frame_id: i64,
    /// What the client notes about it.
    pub comments: Option<String>,
    /// When it was first kept.
    pub date_created: DateTime<Utc>,
    /// When it was last kept.
    pub date_updated: DateTime<Utc>,
    /// The frame's text; it ends with a newline.
    pub frame_text: Option<String>,
    /// The original illustration, with a leading slash.
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
    /// Keeps a frame for a client, or renews what is noted about it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown story or frame; [`ErrorKind::Invalid`] for comments that are too long.
    pub async fn bookmark_frame(
        &self,
        client_id: &ClientId,
        story_id: &str,
        frame_number: i64,
        comments: Option<&str>,
    ) -> Result<FrameBookmarkView, AppError> {
        check_comments(comments)?;
        let story = self.find_story(story_id).await?;
        // A number that no column can hold is no frame's.
        let number = i32::try_from(frame_number).map_err(|_| frame_not_found())?;
        let (client_id, now) = (client_id.as_str(), self.clock.now());
        let mut tx = self.store.begin().await?;
        if !tx.upsert_frame_bookmark(client_id, story.id, number, comments, now).await? {
            return Err(frame_not_found());
        }
        tx.save().await?;
        let kept = self.store.frame_bookmark(client_id, story.id, number).await?;
        kept.map(Into::into).ok_or_else(bookmark_not_found)
    }

    /// The frames that a client keeps, of one story or of all, the newest bookmark first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown story.
    pub async fn list_frame_bookmarks(
        &self,
        client_id: &ClientId,
        story_id: Option<&str>,
    ) -> Result<Vec<FrameBookmarkView>, AppError> {
        let client_id = client_id.as_str();
        let kept = match story_id {
            Some(id) => {
                let story = self.find_story(id).await?;
                self.store.frame_bookmarks_in_story(client_id, story.id, MAX_LISTED).await?
            }
            None => self.store.frame_bookmarks(client_id, MAX_LISTED).await?,
        };
        Ok(kept.into_iter().map(Into::into).collect())
    }

    /// A client's bookmark of one frame.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when it keeps no such frame.
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
        let kept = self.store.frame_bookmark(client_id.as_str(), story.id, frame_number).await?;
        kept.map(Into::into).ok_or_else(bookmark_not_found)
    }

    /// Removes a bookmark of the client's own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] when it is another client's, or none's.
    pub async fn remove_frame_bookmark(
        &self,
        client_id: &ClientId,
        id: i64,
    ) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        if !tx.remove_frame_bookmark(client_id.as_str(), id).await? {
            return Err(bookmark_not_found());
        }
        Ok(tx.save().await?)
    }
}

/// Refuses comments that are too long, or that no database takes.
pub(in crate::app) fn check_comments(comments: Option<&str>) -> Result<(), AppError> {
    let comments = comments.unwrap_or_default();
    let chars = comments.chars().count();
    if chars > MAX_COMMENTS {
        let reason = format!("has {chars} characters; at most {MAX_COMMENTS} are kept");
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

/// These words are v1's.
fn bookmark_not_found() -> AppError {
    AppError::new(ErrorKind::NotFound, "Bookmark not found")
}
