//! Named lists of stories, each one client's, some for all to read.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

use super::like::containing;
use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A list.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize, ToSchema)]
#[schema(as = BookmarkListView)]
pub struct BookmarkList {
    /// The list's id.
    pub id: i64,
    /// Whose it is.
    pub client_id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether others may read it.
    pub is_public: bool,
    /// When it was made.
    pub date_created: DateTime<Utc>,
    /// When it, or what it holds, last changed.
    pub date_updated: DateTime<Utc>,
}

/// A list to be added.
#[derive(Debug)]
pub struct NewBookmarkList<'a> {
    /// Whose.
    pub client_id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// Whether others may read it.
    pub is_public: bool,
    /// When.
    pub now: DateTime<Utc>,
}

/// What changes of a list; what is `None` stays.
#[derive(Debug, Default)]
pub struct BookmarkListChange<'a> {
    /// Its name.
    pub name: Option<&'a str>,
    /// What it is for.
    pub description: Option<&'a str>,
    /// Whether others may read it.
    pub is_public: Option<bool>,
}

impl Store {
    /// The list with this id.
    pub async fn bookmark_list(&self, id: i64) -> Result<Option<BookmarkList>, StoreError> {
        const SQL: &str = "SELECT * FROM bookmark_list WHERE id = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a bookmark list"))
    }

    /// A client's lists in the order of their names, from behind `after`, at most `limit`.
    pub async fn bookmark_lists_of_client(
        &self,
        client_id: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<BookmarkList>, StoreError> {
        const SQL: &str = "SELECT * FROM bookmark_list WHERE client_id = $1 AND name > $2 \
             ORDER BY name LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(after)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list a client's bookmark lists"))
    }

    /// The lists that all may read, the newest first, those older than `before`, at most `limit`.
    pub async fn public_bookmark_lists(
        &self,
        before: i64,
        limit: i64,
    ) -> Result<Vec<BookmarkList>, StoreError> {
        const SQL: &str = "SELECT * FROM bookmark_list WHERE is_public AND id < $1 \
             ORDER BY id DESC LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(before).bind(limit).fetch_all(db).await)
            .map_err(StoreError::failed("list the public bookmark lists"))
    }

    /// Everyone's lists whose name or owner contains `q`, the newest first, those older than `before`, at most `limit`.
    pub async fn all_bookmark_lists(
        &self,
        q: &str,
        before: i64,
        limit: i64,
    ) -> Result<Vec<BookmarkList>, StoreError> {
        const SQL: &str = "SELECT * FROM bookmark_list WHERE id < $1 \
             AND (LOWER(name) LIKE LOWER($2) ESCAPE '!' OR LOWER(client_id) LIKE LOWER($2) ESCAPE '!') \
             ORDER BY id DESC LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(before)
            .bind(containing(q))
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list all bookmark lists"))
    }
}

impl Tx {
    /// How many lists a client has.
    pub async fn count_bookmark_lists(&mut self, client_id: &str) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM bookmark_list WHERE client_id = $1";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(client_id).fetch_one(db).await)
            .map_err(StoreError::failed("count a client's bookmark lists"))
    }

    /// Adds a list.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_conflict`] when the client has one of this name; [`StoreError`] when the database fails.
    pub async fn add_bookmark_list(
        &mut self,
        list: NewBookmarkList<'_>,
    ) -> Result<BookmarkList, StoreError> {
        const SQL: &str = "INSERT INTO bookmark_list \
             (client_id, name, description, is_public, date_created, date_updated) \
             VALUES ($1, $2, $3, $4, $5, $5) RETURNING *";
        with_tx!(self, db => sqlx::query_as(SQL)
            .bind(list.client_id)
            .bind(list.name)
            .bind(list.description)
            .bind(list.is_public)
            .bind(list.now)
            .fetch_one(db)
            .await)
        .map_err(StoreError::failed("add a bookmark list"))
    }

    /// Changes a list, or only notes that what it holds changes; `None` when it is gone. It stays locked until the
    /// transaction ends.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_conflict`] when the client has another of this name; [`StoreError`] when the database fails.
    pub async fn change_bookmark_list(
        &mut self,
        id: i64,
        change: BookmarkListChange<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<BookmarkList>, StoreError> {
        const SQL: &str = "UPDATE bookmark_list SET name = COALESCE($2, name), \
             description = COALESCE($3, description), is_public = COALESCE($4, is_public), \
             date_updated = $5 WHERE id = $1 RETURNING *";
        with_tx!(self, db => sqlx::query_as(SQL)
            .bind(id)
            .bind(change.name)
            .bind(change.description)
            .bind(change.is_public)
            .bind(now)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("change a bookmark list"))
    }

    /// Removes a list with what it holds; `None` when it is gone already.
    pub async fn remove_bookmark_list(
        &mut self,
        id: i64,
    ) -> Result<Option<BookmarkList>, StoreError> {
        const SQL: &str = "DELETE FROM bookmark_list WHERE id = $1 RETURNING *";
        with_tx!(self, db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("remove a bookmark list"))
    }
}
