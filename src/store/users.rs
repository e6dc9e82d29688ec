//! The people who may log in.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Store, StoreError, Tx, like, with_read_pool, with_tx};

/// A person, without the password.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct User {
    /// The row's id.
    pub id: i64,
    /// The name to log in with.
    pub username: String,
    /// Who that is.
    pub description: String,
    /// Whether the person may log in.
    pub is_active: bool,
    /// When the person was added.
    pub date_created: DateTime<Utc>,
    /// When that was last changed.
    pub date_updated: DateTime<Utc>,
}

/// What a login is checked against.
#[derive(Clone, FromRow)]
pub struct Credentials {
    /// The user's id.
    pub id: i64,
    /// argon2id, in PHC form.
    pub password_hash: String,
    /// Whether the person may log in.
    pub is_active: bool,
}

/// A user as it is to be.
#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    /// The name to log in with.
    pub username: &'a str,
    /// Who that is.
    pub description: &'a str,
    /// argon2id, in PHC form; `None` leaves it as it is.
    pub password_hash: Option<&'a str>,
    /// Whether the person may log in.
    pub is_active: bool,
    /// When this is decided.
    pub now: DateTime<Utc>,
}

const BY_NAME: &str = "SELECT id, username, description, is_active, date_created, date_updated \
     FROM admin_user WHERE username = $1";

impl Store {
    /// What a login with this name is checked against.
    pub async fn credentials(&self, username: &str) -> Result<Option<Credentials>, StoreError> {
        const SQL: &str = "SELECT id, password_hash, is_active FROM admin_user WHERE username = $1";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(username).fetch_optional(db).await)
            .map_err(StoreError::failed("look for a user"))
    }

    /// The user of this name.
    pub async fn user(&self, username: &str) -> Result<Option<User>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(BY_NAME).bind(username).fetch_optional(db).await)
            .map_err(StoreError::failed("read a user"))
    }

    /// Users whose name comes after `after` and whose name or description contains `text`, by name, at most `limit`.
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
    /// Adds a user; false when the name is taken.
    pub async fn add_user(&mut self, new: NewUser<'_>) -> Result<bool, StoreError> {
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

    /// The user of this name, as this transaction sees it.
    pub async fn user(&mut self, username: &str) -> Result<Option<User>, StoreError> {
        with_tx!(self, db => sqlx::query_as(BY_NAME).bind(username).fetch_optional(db).await)
            .map_err(StoreError::failed("read a user"))
    }

    /// Changes the user of this name.
    pub async fn change_user(&mut self, user: NewUser<'_>) -> Result<(), StoreError> {
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

    /// Removes a user, and with it the user's sessions.
    pub async fn delete_user(&mut self, id: i64) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM admin_user WHERE id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(id).execute(db).await.map(drop))
            .map_err(StoreError::failed("delete a user"))
    }

    /// Whether anyone else may log in.
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
