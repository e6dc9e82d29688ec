//! Stories. Each is made for one Sparrow and readable by anyone who has the link.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx_macros::FromRow;
use uuid::Uuid;

use super::{Store, StoreError, Tx, dialect, with_read_pool, with_tx};

/// A story without its frames.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Story {
    /// Story id, a UUIDv7.
    pub id: Uuid,
    /// The Sparrow that the story belongs to. No other Sparrow outside the Flock may add to it.
    pub client_id: String,
    /// The Flock whose members may add to the story, too.
    pub flock_id: Option<String>,
    /// Slug of the strategy that was requested.
    pub strategy: String,
    /// Name of the strategy's storyteller when the story was created.
    pub storyteller: String,
    /// The story's title: its first text on a single line, unless it was renamed. Empty until the first text exists.
    pub title: String,
    /// The story's name in links. Set together with the title and never changed.
    pub slug: Option<String>,
    /// The storyteller's state for this story.
    #[sqlx(json)]
    pub state: Value,
    /// Number of frames.
    pub frame_count: i32,
    /// When the story was created.
    pub date_created: DateTime<Utc>,
    /// When the story's last frame was added.
    pub date_updated: DateTime<Utc>,
    /// The story that the first frames were copied from; it may be deleted.
    pub branched_from_id: Option<Uuid>,
    /// Number of the last frame that was copied.
    pub branched_from_number: Option<i32>,
}

/// A story to insert.
#[derive(Debug)]
pub struct NewStory<'a> {
    /// Story id, a UUIDv7.
    pub id: Uuid,
    /// The client that the story belongs to.
    pub client_id: &'a str,
    /// The Flock whose members share the story.
    pub flock_id: Option<&'a str>,
    /// The strategy's slug.
    pub strategy: &'a str,
    /// Name of the strategy's storyteller.
    pub storyteller: &'a str,
    /// Current time.
    pub now: DateTime<Utc>,
}

/// The title that a story gets from its first text.
#[derive(Debug)]
pub struct StoryTitle<'a> {
    /// The text on a single line.
    pub title: &'a str,
    /// The slug, to which a number is appended if it is not unique.
    pub slug_base: &'a str,
}

const BY_ID: &str = "SELECT id, client_id, flock_id, strategy, storyteller, title, slug, state, frame_count, \
                     date_created, date_updated, branched_from_id, branched_from_number \
                     FROM story WHERE id = $1";

impl Store {
    /// Returns the story with this id.
    pub async fn story(&self, id: Uuid) -> Result<Option<Story>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a story"))
    }

    /// Returns the id of the story with this slug.
    pub async fn story_id_by_slug(&self, slug: &str) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "SELECT id FROM story WHERE slug = $1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(slug).fetch_optional(db).await)
            .map_err(StoreError::failed("find a story by its slug"))
    }

    /// Returns the id of the story that had this id in the service that it was imported from.
    pub async fn story_id_by_legacy_id(&self, id: &str) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "SELECT id FROM story WHERE legacy_id = $1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("find a story by its former id"))
    }
}

impl Tx {
    /// Returns the story with this id as this transaction sees it.
    pub async fn story(&mut self, id: Uuid) -> Result<Option<Story>, StoreError> {
        with_tx!(self, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a story"))
    }

    /// Inserts a story without frames.
    pub async fn create_story(&mut self, story: NewStory<'_>) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO story \
             (id, client_id, flock_id, strategy, storyteller, title, state, frame_count, date_created, \
             date_updated) VALUES ($1, $2, $3, $4, $5, '', $6, 0, $7, $7)";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(story.id)
            .bind(story.client_id)
            .bind(story.flock_id)
            .bind(story.strategy)
            .bind(story.storyteller)
            .bind(Json(Value::Null))
            .bind(story.now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("create a story"))
    }

    /// Deletes a story that has no frames and no tasks. Any other story stays.
    pub async fn delete_empty_story(&mut self, id: Uuid) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM story WHERE id = $1 AND frame_count = 0 \
             AND NOT EXISTS (SELECT 1 FROM task WHERE task.story_id = $1)";
        with_tx!(self, db => sqlx::query(SQL).bind(id).execute(db).await.map(drop))
            .map_err(StoreError::failed("remove an empty story"))
    }

    /// Changes the strategy of a story that has no frames yet.
    pub async fn update_strategy(
        &mut self,
        id: Uuid,
        strategy: &str,
        storyteller: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE story SET strategy = $2, storyteller = $3 \
             WHERE id = $1 AND frame_count = 0";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(id)
            .bind(strategy)
            .bind(storyteller)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("change a story's strategy"))
    }

    /// Reserves `count` frame numbers from `first` on and saves the story's state.
    ///
    /// Returns `false` if `first` is not the story's next number or the story does not exist. The row stays locked
    /// until the transaction ends, so that numbers have no gaps.
    pub async fn reserve_frame_numbers(
        &mut self,
        id: Uuid,
        first: i32,
        count: i32,
        state: &Value,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE story SET frame_count = frame_count + $3, state = $4, \
             date_updated = $5 WHERE id = $1 AND frame_count = $2";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(id)
            .bind(first)
            .bind(count)
            .bind(Json(state))
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("reserve frame numbers"))
    }

    /// Sets the title of an untitled story and gives it the next free slug. Returns the slug.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_conflict`] is true if a title such as `A b 1` took the slug of another base at the same
    /// moment.
    pub async fn set_story_title(
        &mut self,
        id: Uuid,
        title: StoryTitle<'_>,
    ) -> Result<String, StoreError> {
        const LAST: &str = "SELECT MAX(slug_number) FROM story WHERE slug_base = $1";
        const TAKEN: &str = "SELECT 1 FROM story WHERE slug = $1";
        const NAME: &str = "UPDATE story SET title = $2, slug = $3, slug_base = $4, slug_number = $5 \
             WHERE id = $1 AND slug IS NULL";
        let failed = StoreError::failed("name a story");
        dialect::lock_slug(&mut self.open, title.slug_base).await?;
        let last: Option<i32> =
            with_tx!(self, db => sqlx::query_scalar(LAST).bind(title.slug_base).fetch_one(db).await)
                .map_err(&failed)?;
        let mut number = last.map_or(0, |last| last + 1);
        // `a-b` with number 1 may collide with the slug of another story's title `A b 1`.
        let slug = loop {
            let slug = if number == 0 {
                title.slug_base.to_owned()
            } else {
                format!("{}-{number}", title.slug_base)
            };
            let taken: Option<i32> =
                with_tx!(self, db => sqlx::query_scalar(TAKEN).bind(&slug).fetch_optional(db).await)
                    .map_err(&failed)?;
            if taken.is_none() {
                break slug;
            }
            number += 1;
        };
        with_tx!(self, db => sqlx::query(NAME)
            .bind(id)
            .bind(title.title)
            .bind(&slug)
            .bind(title.slug_base)
            .bind(number)
            .execute(db)
            .await
            .map(drop))
        .map_err(&failed)?;
        Ok(slug)
    }

    /// Sets a story's thumbnail, unless it has one.
    pub async fn set_thumbnail(&mut self, id: Uuid, image: Uuid) -> Result<(), StoreError> {
        const SQL: &str =
            "UPDATE story SET thumbnail_id = $2 WHERE id = $1 AND thumbnail_id IS NULL";
        with_tx!(self, db => sqlx::query(SQL).bind(id).bind(image).execute(db).await.map(drop))
            .map_err(StoreError::failed("set a story's thumbnail"))
    }
}
