//! Branches: stories that begin with copies of another story's frames. The copies share the files of the originals.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{ImageToDelete, Store, StoreError, Tx, dialect, with_read_pool, with_tx};
use crate::domain::FrameKey;

/// The story that a branch begins with.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct BranchOrigin {
    /// Id of the story.
    pub story_id: Uuid,
    /// The story's name in links.
    pub slug: Option<String>,
    /// The story's title.
    pub title: String,
    /// Number of the last frame that the branch shares with the story.
    pub number: i32,
}

/// A branch to complete. Its story exists and has no frames.
#[derive(Debug)]
pub struct NewBranch<'a> {
    /// The new story.
    pub story_id: Uuid,
    /// The last frame that is copied, in the story that the branch begins with.
    pub last: FrameKey,
    /// Whether both stories are of one client. Copies for another client are without what the camera saw, what was heard,
    /// the situation and the parameters.
    pub is_same_client: bool,
    /// The state of the story after the last frame.
    pub state: &'a Value,
    /// Current time.
    pub now: DateTime<Utc>,
}

impl Store {
    /// Returns the story that a branch begins with; `None` if the story is no branch, or its origin is deleted.
    pub async fn branch_origin(&self, story_id: Uuid) -> Result<Option<BranchOrigin>, StoreError> {
        const SQL: &str = "SELECT o.id AS story_id, o.slug, o.title, s.branched_from_number AS number \
             FROM story s JOIN story o ON o.id = s.branched_from_id WHERE s.id = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(story_id).fetch_optional(db).await)
            .map_err(StoreError::failed("read where a story branches off"))
    }

    /// Returns a story that has copies of frames that were told for a client; `None` if there is none.
    pub async fn any_story_with_copies(&self, client_id: &str) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "SELECT story_id FROM story_frame WHERE told_for = $1 LIMIT 1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(client_id).fetch_optional(db).await)
            .map_err(StoreError::failed("look for copies of a client's frames"))
    }
}

impl Tx {
    /// Copies the frames of another story, up to and including the last one, to a new story. The story that they come
    /// from must be locked by [`Tx::lock_story`], so that its files stay. The number of statements does not depend on the
    /// number of frames.
    pub async fn copy_frames(&mut self, branch: &NewBranch<'_>) -> Result<(), StoreError> {
        const VIDEOS: &str = "INSERT INTO video (frame_id, media_key, width, height, format, \
             duration_seconds, frame_rate, date_created) \
             SELECT n.id, v.media_key, v.width, v.height, v.format, v.duration_seconds, v.frame_rate, \
             v.date_created FROM story_frame f JOIN video v ON v.frame_id = f.id \
             JOIN story_frame n ON n.story_id = $2 AND n.number = f.number \
             WHERE f.story_id = $1 AND f.number <= $3";
        const NARRATIONS: &str = "INSERT INTO audio_clip (frame_id, media_key, format, duration_seconds, date_created) \
             SELECT n.id, a.media_key, a.format, a.duration_seconds, a.date_created \
             FROM story_frame f JOIN audio_clip a ON a.frame_id = f.id \
             JOIN story_frame n ON n.story_id = $2 AND n.number = f.number \
             WHERE f.story_id = $1 AND f.number <= $3";
        const STORY: &str = "UPDATE story SET frame_count = $3 + 1, state = $4, branched_from_id = $1, \
             branched_from_number = $3, date_updated = $5, \
             thumbnail_id = (SELECT o.thumbnail_id FROM story o WHERE o.id = $1) WHERE id = $2";
        let failed = StoreError::failed("copy the frames of a story");
        let FrameKey { story_id: from, number: last } = branch.last;
        let frames = dialect::copy_frames_sql(&self.open);
        with_tx!(self, db => sqlx::query(frames)
            .bind(from)
            .bind(branch.story_id)
            .bind(last)
            .bind(branch.is_same_client)
            .bind(branch.now)
            .execute(db)
            .await
            .map(drop))
        .map_err(&failed)?;
        for sql in [VIDEOS, NARRATIONS] {
            with_tx!(self, db => sqlx::query(sql)
                .bind(from)
                .bind(branch.story_id)
                .bind(last)
                .execute(db)
                .await
                .map(drop))
            .map_err(&failed)?;
        }
        with_tx!(self, db => sqlx::query(STORY)
            .bind(from)
            .bind(branch.story_id)
            .bind(last)
            .bind(Json(branch.state))
            .bind(branch.now)
            .execute(db)
            .await
            .map(drop))
        .map_err(&failed)
    }

    /// Returns the first text of a story's copied frames that were told for a client.
    pub async fn first_copied_text(
        &mut self,
        story_id: Uuid,
        client_id: &str,
    ) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT text FROM story_frame WHERE story_id = $1 AND told_for = $2 \
             AND text IS NOT NULL ORDER BY number LIMIT 1";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(story_id)
            .bind(client_id)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read the first copied text"))
    }

    /// Returns the first text of a story as this transaction sees it.
    pub async fn first_text(&mut self, story_id: Uuid) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT text FROM story_frame WHERE story_id = $1 AND text IS NOT NULL \
             ORDER BY number LIMIT 1";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(story_id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a story's first text"))
    }

    /// Empties the copies of frames that were told for a client: their texts, pictures, sounds and everything else about
    /// them. The frames keep their numbers. The story's states are reset, because they know what was in the frames, and its
    /// ended tasks are forgotten. The story must be locked by [`Tx::lock_story`]. Returns the media keys of files that nothing refers to any more.
    pub async fn empty_copied_frames(
        &mut self,
        story_id: Uuid,
        client_id: &str,
    ) -> Result<Vec<String>, StoreError> {
        const VIDEOS: &str = "DELETE FROM video WHERE frame_id IN \
             (SELECT id FROM story_frame WHERE story_id = $1 AND told_for = $2)";
        const NARRATIONS: &str = "DELETE FROM audio_clip WHERE frame_id IN \
             (SELECT id FROM story_frame WHERE story_id = $1 AND told_for = $2)";
        const FRAMES: &str = "UPDATE story_frame SET text = NULL, image_id = NULL, device_image_id = NULL, \
             illustration = NULL, seen = NULL, heard = NULL, metadata = '{}', trigger_condition = NULL, \
             text_terms = '', illustration_terms = NULL, seen_terms = NULL, \
             heard_terms = NULL, told_for = '' WHERE story_id = $1 AND told_for = $2";
        const STATE: &str = "UPDATE story SET state = 'null' WHERE id = $1";
        const STATES: &str = "UPDATE story_frame SET state_before = NULL WHERE story_id = $1";
        // Earlier events and answers name the story by its first words.
        const EVENTS: &str = "DELETE FROM event WHERE story_id = $1 AND kind = 'story'";
        const TASKS: &str = "DELETE FROM task WHERE story_id = $1 \
             AND status IN ('completed', 'failed', 'cancelled')";
        let failed = StoreError::failed("empty copied frames");
        let mut images = self.copied_images(story_id, client_id).await?;
        if images.has_first {
            images.list.extend(self.clear_thumbnail(story_id).await?);
        }
        for sql in [VIDEOS, NARRATIONS, FRAMES] {
            with_tx!(self, db => sqlx::query(sql)
                .bind(story_id)
                .bind(client_id)
                .execute(db)
                .await
                .map(drop))
            .map_err(&failed)?;
        }
        for sql in [STATE, STATES, EVENTS, TASKS] {
            with_tx!(self, db => sqlx::query(sql).bind(story_id).execute(db).await.map(drop))
                .map_err(&failed)?;
        }
        self.delete_frame_media(&images.list, &images.attachments).await
    }

    /// Lists the images and attachments of a story's copied frames. Images rendered from others come first.
    async fn copied_images(
        &mut self,
        story_id: Uuid,
        client_id: &str,
    ) -> Result<CopiedMedia, StoreError> {
        const RENDITIONS: &str = "SELECT r.id, r.media_key FROM story_frame f \
             JOIN image r ON r.rendition_of = f.image_id WHERE f.story_id = $1 AND f.told_for = $2";
        const ORIGINALS: &str = "SELECT i.id, i.media_key FROM story_frame f \
             JOIN image i ON i.id = f.image_id WHERE f.story_id = $1 AND f.told_for = $2 \
             UNION SELECT i.id, i.media_key FROM story_frame f \
             JOIN image i ON i.id = f.device_image_id WHERE f.story_id = $1 AND f.told_for = $2";
        const ATTACHMENTS: &str = "SELECT v.media_key FROM story_frame f JOIN video v ON v.frame_id = f.id \
             WHERE f.story_id = $1 AND f.told_for = $2 \
             UNION ALL SELECT a.media_key FROM story_frame f JOIN audio_clip a ON a.frame_id = f.id \
             WHERE f.story_id = $1 AND f.told_for = $2";
        const FIRST: &str = "SELECT COUNT(*) FROM story_frame \
             WHERE story_id = $1 AND number = 0 AND told_for = $2";
        let failed = StoreError::failed("list the media of copied frames");
        let mut list: Vec<ImageToDelete> = Vec::new();
        for sql in [RENDITIONS, ORIGINALS] {
            let found: Vec<ImageToDelete> = with_tx!(self, db => sqlx::query_as(sql)
                .bind(story_id)
                .bind(client_id)
                .fetch_all(db)
                .await)
            .map_err(&failed)?;
            list.extend(found);
        }
        let attachments = with_tx!(self, db => sqlx::query_scalar(ATTACHMENTS)
            .bind(story_id)
            .bind(client_id)
            .fetch_all(db)
            .await)
        .map_err(&failed)?;
        let first: i64 = with_tx!(self, db => sqlx::query_scalar(FIRST)
            .bind(story_id)
            .bind(client_id)
            .fetch_one(db)
            .await)
        .map_err(&failed)?;
        Ok(CopiedMedia { list, attachments, has_first: first == 1 })
    }

    /// Removes a story's title and slug, so that it can be named anew. Only the erasure of a client does that, because
    /// links contain the slug.
    pub async fn clear_story_title(&mut self, story_id: Uuid) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE story SET title = '', slug = NULL, slug_base = NULL, slug_number = NULL \
             WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(story_id).execute(db).await.map(drop))
            .map_err(StoreError::failed("remove a story's title"))
    }
}

/// The media of copied frames.
struct CopiedMedia {
    list: Vec<ImageToDelete>,
    attachments: Vec<String>,
    /// Whether the story's first frame is among the copies, so that its thumbnail is too.
    has_first: bool,
}
