//! The users who may log in.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;

use super::{Store, StoreError, Tx, like, with_read_pool, with_tx};

/// A user, without the password.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct User {
    /// User id.
    pub id: i64,
    /// The name to log in with.
    pub username: String,
    /// Who the user is.
    pub description: String,
    /// Whether the user may log in.
    pub is_active: bool,
    /// When the user was added.
    pub date_created: DateTime<Utc>,
    /// When the user was last changed.
    pub date_updated: DateTime<Utc>,
}

/// The data that a login is checked against.
#[derive(Clone, FromRow)]
pub struct Credentials {
    /// User id.
    pub id: i64,
    /// The password's argon2id hash in PHC string format.
    pub password_hash: String,
    /// Whether the user may log in.
    pub is_active: bool,
}

/// A user to insert or update.
#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    /// The name to log in with.
    pub username: &'a str,
    /// Who the user is.
    pub description: &'a str,
    /// The password's argon2id hash in PHC string format; `None` leaves it unchanged.
    pub password_hash: Option<&'a str>,
    /// Whether the user may log in.
    pub is_active: bool,
    /// Current time.
    pub now: DateTime<Utc>,
}

const BY_NAME: &str = "SELECT id, username, description, is_active, date_created, date_updated \
     FROM admin_user WHERE username = $1";

impl Store {
    /// Returns the data that a login with this name is checked against.
    pub async fn credentials(&self, username: &str) -> Result<Option<Credentials>, StoreError> {
        const SQL: &str = "SELECT id, password_hash, is_active FROM admin_user WHERE username = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(username).fetch_optional(db).await)
            .map_err(StoreError::failed("look for a user"))
    }

    /// Returns the user with this name.
    pub async fn user(&self, username: &str) -> Result<Option<User>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(BY_NAME).bind(username).fetch_optional(db).await)
            .map_err(StoreError::failed("read a user"))
    }

    /// Returns users with a name above `after` whose name or description contains `text`, in the order of their
    /// names, at most `limit`.
    pub async fn users(
        &self,
        after: &str,
        text: &str,
        limit: i64,
    ) -> Result<Vec<User>, StoreError> {
        const SQL: &str = "SELECT id, username, description, is_active, date_created, date_updated \
             FROM admin_user WHERE username > $1 \
             AND (lower(username) LIKE lower($2) ESCAPE '!' OR lower(description) LIKE lower($2) ESCAPE '!') \
             ORDER BY username LIMIT $3";
        let pattern = like::containing(text);
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(after)
            .bind(&pattern)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list users"))
    }
}

impl Tx {
    /// Inserts a user. Returns `false` if the name is taken.
    pub async fn insert_user(&mut self, new: NewUser<'_>) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO admin_user \
             (username, description, password_hash, is_active, date_created, date_updated) \
             VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (username) DO NOTHING";
        let added = with_tx!(self, db => sqlx::query(SQL)
            .bind(new.username)
            .bind(new.description)
            .bind(new.password_hash)
            .bind(new.is_active)
            .bind(new.now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("add a user"))?;
        Ok(added == 1)
    }

    /// Returns the user with this name as this transaction sees it.
    pub async fn user(&mut self, username: &str) -> Result<Option<User>, StoreError> {
        with_tx!(self, db => sqlx::query_as(BY_NAME).bind(username).fetch_optional(db).await)
            .map_err(StoreError::failed("read a user"))
    }

    /// Updates the user with this name.
    pub async fn update_user(&mut self, user: NewUser<'_>) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE admin_user SET description = $2, \
             password_hash = COALESCE($3, password_hash), is_active = $4, date_updated = $5 \
             WHERE username = $1";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(user.username)
            .bind(user.description)
            .bind(user.password_hash)
            .bind(user.is_active)
            .bind(user.now)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("change a user"))
    }

    /// Deletes a user with the user's sessions.
    pub async fn delete_user(&mut self, id: i64) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM admin_user WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete a user"))
    }

    /// Reports whether any other user may log in.
    pub async fn has_other_active_user(&mut self, username: &str) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT id FROM admin_user WHERE is_active AND username <> $1 \
             ORDER BY username LIMIT 1";
        let found: Option<i64> = with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(username)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("look for other users"))?;
        Ok(found.is_some())
    }
}
