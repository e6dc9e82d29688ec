//! Named lists of stories. Each belongs to one client and may be public.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx_macros::FromRow;
use utoipa::ToSchema;

use super::like::containing;
use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A bookmark list.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize, ToSchema)]
#[schema(as = BookmarkListView)]
pub struct BookmarkList {
    /// List id.
    pub id: i64,
    /// The owning client's id.
    pub client_id: String,
    /// Name; unique among the client's lists.
    pub name: String,
    /// What the list is for.
    pub description: String,
    /// Whether other clients may read the list.
    pub is_public: bool,
    /// When the list was created.
    pub date_created: DateTime<Utc>,
    /// When the list or its entries last changed.
    pub date_updated: DateTime<Utc>,
}

/// A bookmark list to insert.
#[derive(Debug)]
pub struct NewBookmarkList<'a> {
    /// The owning client's id.
    pub client_id: &'a str,
    /// Name; unique among the client's lists.
    pub name: &'a str,
    /// What the list is for.
    pub description: &'a str,
    /// Whether other clients may read the list.
    pub is_public: bool,
    /// Current time.
    pub now: DateTime<Utc>,
}

/// Changes to a bookmark list; `None` leaves a field unchanged.
#[derive(Debug, Default)]
pub struct BookmarkListChange<'a> {
    /// New name.
    pub name: Option<&'a str>,
    /// New description.
    pub description: Option<&'a str>,
    /// Whether other clients may read the list.
    pub is_public: Option<bool>,
}

impl Store {
    /// Returns the list with this id.
    pub async fn bookmark_list(&self, id: i64) -> Result<Option<BookmarkList>, StoreError> {
        const SQL: &str = "SELECT * FROM bookmark_list WHERE id = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("read a bookmark list"))
    }

    /// Returns a client's lists in the order of their names, starting after the name `after`, at most `limit`.
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

    /// Returns public lists with an id below `before`, newest first, at most `limit`.
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

    /// Returns lists of all clients with an id below `before`, newest first, at most `limit`.
    ///
    /// Only lists whose name or owner contains `q` are returned.
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
    /// Returns the number of lists of a client.
    pub async fn count_bookmark_lists(&mut self, client_id: &str) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM bookmark_list WHERE client_id = $1";
        with_tx!(self, db => sqlx::query_scalar(SQL).bind(client_id).fetch_one(db).await)
            .map_err(StoreError::failed("count a client's bookmark lists"))
    }

    /// Inserts a list.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_conflict`] is true if the client already has a list of this name.
    pub async fn insert_bookmark_list(
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

    /// Updates a list, or only its `date_updated` if its entries change. Returns `None` if the list does not exist.
    ///
    /// The list stays locked until the transaction ends.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_conflict`] is true if the client has another list of this name.
    pub async fn update_bookmark_list(
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

    /// Deletes a list and its entries. Returns the deleted list, or `None` if it does not exist.
    pub async fn delete_bookmark_list(
        &mut self,
        id: i64,
    ) -> Result<Option<BookmarkList>, StoreError> {
        const SQL: &str = "DELETE FROM bookmark_list WHERE id = $1 RETURNING *";
        with_tx!(self, db => sqlx::query_as(SQL).bind(id).fetch_optional(db).await)
            .map_err(StoreError::failed("remove a bookmark list"))
    }
}
