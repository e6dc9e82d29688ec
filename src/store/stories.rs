//! Stories: made for one Sparrow, read by anyone who has the link.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Store, StoreError, Tx, dialect, with_read_pool, with_tx};

/// A story without its frames.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Story {
    /// UUIDv7.
    pub id: Uuid,
    /// The Sparrow that it was made for, and that alone may add to it.
    pub client_id: String,
    /// The flock whose members may add to it too.
    pub flock_id: Option<String>,
    /// The strategy's slug that was asked for.
    pub strategy: String,
    /// The storyteller behind that slug when the story was begun.
    pub storyteller: String,
    /// The first text on one line; empty until there is one.
    pub title: String,
    /// Given with the title, never changed.
    pub slug: Option<String>,
    /// The storyteller's memory of it.
    #[sqlx(json)]
    pub state: Value,
    /// How many frames it has.
    pub frame_count: i32,
    /// When it was begun.
    pub date_created: DateTime<Utc>,
    /// When its last frame was added.
    pub date_updated: DateTime<Utc>,
}

/// A story that begins.
#[derive(Debug)]
pub struct NewStory<'a> {
    /// UUIDv7.
    pub id: Uuid,
    /// For whom.
    pub client_id: &'a str,
    /// The flock whose members share it.
    pub flock_id: Option<&'a str>,
    /// The strategy's slug.
    pub strategy: &'a str,
    /// The storyteller behind it.
    pub storyteller: &'a str,
    /// When.
    pub now: DateTime<Utc>,
}

/// The name that a story takes from its first text.
#[derive(Debug)]
pub struct StoryTitle<'a> {
    /// The text on one line.
    pub title: &'a str,
    /// The slug before a number makes it unique.
    pub slug_base: &'a str,
}

const BY_ID: &str = "SELECT id, client_id, flock_id, strategy, storyteller, title, slug, state, frame_count, \
                     date_created, date_updated FROM story WHERE id = $1";

impl Store {
    /// The story with this id.
    pub async fn story(&self, id: Uuid) -> Result<Option<Story>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a story"))
    }

    /// The id of the story with this slug.
    pub async fn story_id_by_slug(&self, slug: &str) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "SELECT id FROM story WHERE slug = $1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(slug).fetch_optional(db).await)
            .map_err(StoreError::failed("find a story by its slug"))
    }

    /// The id of the story that had this id in the service it was imported from.
    pub async fn story_id_by_legacy_id(&self, id: &str) -> Result<Option<Uuid>, StoreError> {
        const SQL: &str = "SELECT id FROM story WHERE legacy_id = $1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("find a story by its former id"))
    }
}

impl Tx {
    /// The story with this id, as this transaction sees it.
    pub async fn story(&mut self, id: Uuid) -> Result<Option<Story>, StoreError> {
        with_tx!(self, db => sqlx::query_as(BY_ID).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a story"))
    }

    /// Begins a story without frames.
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

    /// Removes a story that nothing was ever told or ordered in; any other stays.
    pub async fn remove_empty_story(&mut self, id: Uuid) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM story WHERE id = $1 AND frame_count = 0 \
             AND NOT EXISTS (SELECT 1 FROM task WHERE task.story_id = $1)";
        with_tx!(self, db => sqlx::query(SQL).bind(id).execute(db).await.map(drop))
            .map_err(StoreError::failed("remove an empty story"))
    }

    /// Gives a story that has no frame yet another strategy.
    pub async fn change_strategy(
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

    /// Takes the `count` frame numbers from `first` on for a story and keeps its state; false when `first` is not its
    /// next number, or there is no such story. The row stays locked until the transaction ends, so that numbers have
    /// no gaps.
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
        .map_err(StoreError::failed("take frame numbers"))
    }

    /// Names a story that has no name, with the next free number of its slug; returns the slug.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails; [`StoreError::is_conflict`] when a title such as `A b 1` took the
    /// slug of another base at the same instant.
    pub async fn name_story(
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
        // `a-b` with number 1 may meet another story's title `A b 1`.
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

    /// Gives a story the picture that lists show, unless it has one.
    pub async fn set_thumbnail(&mut self, id: Uuid, image: Uuid) -> Result<(), StoreError> {
        const SQL: &str =
            "UPDATE story SET thumbnail_id = $2 WHERE id = $1 AND thumbnail_id IS NULL";
        with_tx!(self, db => sqlx::query(SQL).bind(id).bind(image).execute(db).await.map(drop))
            .map_err(StoreError::failed("set a story's thumbnail"))
    }
}
