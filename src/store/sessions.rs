//! Login sessions. Only the SHA-256 of a session's cookie is stored.

use chrono::{DateTime, Utc};
use sqlx_macros::FromRow;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A valid session and its user.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Session {
    /// The user's id.
    pub user_id: i64,
    /// The user's name.
    pub username: String,
    /// When the session expires.
    pub date_expires: DateTime<Utc>,
}

impl Store {
    /// Returns the session with this SHA-256 if it has not expired and its user is active.
    pub async fn session(
        &self,
        sha256: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError> {
        const SQL: &str = "SELECT s.user_id, u.username, s.date_expires \
             FROM session s JOIN admin_user u ON u.id = s.user_id \
             WHERE s.sha256 = $1 AND s.date_expires > $2 AND u.is_active";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(&sha256[..]).bind(now).fetch_optional(db).await)
            .map_err(StoreError::failed("look for a session"))
    }
}

impl Tx {
    /// Inserts a session.
    pub async fn create_session(
        &mut self,
        sha256: &[u8; 32],
        user_id: i64,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO session (sha256, user_id, date_created, date_expires) \
             VALUES ($1, $2, $3, $4)";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&sha256[..])
            .bind(user_id)
            .bind(now)
            .bind(until)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("begin a session"))
    }

    /// Deletes a session.
    pub async fn delete_session(&mut self, sha256: &[u8; 32]) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM session WHERE sha256 = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(&sha256[..]).execute(db).await.map(drop))
            .map_err(StoreError::failed("end a session"))
    }

    /// Deletes all sessions of a user.
    pub async fn end_sessions_of_user(&mut self, user_id: i64) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM session WHERE user_id = $1";
        with_tx!(self, db => sqlx::query(SQL).bind(user_id).execute(db).await.map(drop))
            .map_err(StoreError::failed("end a user's sessions"))
    }

    /// Deletes sessions that expired before `before`. Returns their number.
    pub async fn delete_expired_sessions(
        &mut self,
        before: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM session WHERE date_expires < $1";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(before)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))
        .map_err(StoreError::failed("delete expired sessions"))
    }
}
