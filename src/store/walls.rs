//! What walls show: the newest frames of Sparrows and flocks, and those that people have kept.

use sqlx_macros::FromRow;
use uuid::Uuid;

use super::frames::frame_media_joins;
use super::story_pages::{ReadableFrame, readable_frame_columns};
use super::{Store, StoreError, with_read_pool};

/// A frame with its story's name in links.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct WallFrame {
    /// Frame id.
    pub id: i64,
    /// The frame's story.
    pub story_id: Uuid,
    /// The story's name in links; `None` until it has a title.
    pub slug: Option<String>,
    /// The frame.
    #[sqlx(flatten)]
    pub frame: ReadableFrame,
}

impl Store {
    /// Returns the members of a flock and of the flocks in it whose stories are not private, those with the last
    /// updated stories first, at most `limit`.
    pub async fn flock_members(
        &self,
        flock_id: &str,
        limit: i64,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "WITH RECURSIVE known (flock_id) AS ( \
             SELECT f.flock_id FROM flock_config f WHERE f.flock_id = $1 \
             UNION SELECT f.flock_id FROM known JOIN flock_config f ON f.parent_flock_id = known.flock_id) \
             SELECT c.client_id FROM known JOIN sparrow_config c ON c.parent_flock_id = known.flock_id \
             WHERE NOT c.is_private ORDER BY \
             (SELECT MAX(s.date_updated) FROM story s WHERE s.client_id = c.client_id) DESC NULLS LAST, \
             c.client_id LIMIT $2";
        with_read_pool!(self, db => sqlx::query_scalar(SQL)
            .bind(flock_id)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list the members of a flock"))
    }

    /// Returns the clients of the last updated stories that are not private, at most `limit`. A client with several of
    /// these stories is there several times.
    pub async fn latest_clients(&self, limit: i64) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT s.client_id FROM story s WHERE s.frame_count > 0 AND NOT EXISTS \
             (SELECT 1 FROM sparrow_config c WHERE c.client_id = s.client_id AND c.is_private) \
             ORDER BY s.date_updated DESC, s.id DESC LIMIT $1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("list the clients of the latest stories"))
    }

    /// Returns the newest frames of the stories that a client takes part in: its own, and those that it shares with its
    /// flock unless they are another client's and private. The newest comes first; at most `limit`.
    pub async fn newest_frames_of_client(
        &self,
        client_id: &str,
        limit: i64,
    ) -> Result<Vec<WallFrame>, StoreError> {
        const SQL: &str = concat!(
            "SELECT f.id, s.id AS story_id, s.slug, ",
            readable_frame_columns!(),
            " FROM story s JOIN story_frame f ON f.story_id = s.id AND f.number >= s.frame_count - $2 ",
            frame_media_joins!(),
            " WHERE s.id IN (SELECT known.id FROM (SELECT o.id FROM story o WHERE o.client_id = $1 \
             ORDER BY o.date_updated DESC, o.id DESC LIMIT $2) AS known \
             UNION ALL SELECT t.story_id FROM sparrow_config m JOIN flock_story t ON t.flock_id = m.parent_flock_id \
             WHERE m.client_id = $1 AND m.follow_parent_story) \
             AND (s.client_id = $1 OR NOT EXISTS \
             (SELECT 1 FROM sparrow_config c WHERE c.client_id = s.client_id AND c.is_private)) \
             ORDER BY f.date_created DESC, f.id DESC LIMIT $2"
        );
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("read the newest frames of a client"))
    }

    /// Returns the bookmarked frames of a client's last updated stories, with the bookmarks of all clients. The latest
    /// bookmark comes first; at most `limit`. A frame with several bookmarks is there several times.
    pub async fn kept_frames_of_client(
        &self,
        client_id: &str,
        limit: i64,
    ) -> Result<Vec<WallFrame>, StoreError> {
        const SQL: &str = concat!(
            "SELECT f.id, s.id AS story_id, s.slug, ",
            readable_frame_columns!(),
            " FROM story s JOIN story_frame_bookmark b ON b.story_id = s.id \
             JOIN story_frame f ON f.id = b.frame_id ",
            frame_media_joins!(),
            " WHERE s.id IN (SELECT o.id FROM story o WHERE o.client_id = $1 \
             ORDER BY o.date_updated DESC, o.id DESC LIMIT 50) ORDER BY b.id DESC LIMIT $2"
        );
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("read the bookmarked frames of a client's stories"))
    }
}
