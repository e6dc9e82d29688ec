//! The database's own row: since when it is there, and up to when files were swept.

use chrono::{DateTime, Utc};

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

impl Store {
    /// Files changed until then were looked at by a sweep, or are older than this database.
    pub async fn orphans_checked_until(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        const SQL: &str = "SELECT swept_until FROM installation WHERE id = 1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
            .map_err(StoreError::failed("read how far the sweep came"))
    }
}

impl Store {
    /// The bucket that files are noted as in; `None` where there was none yet.
    pub async fn bucket_url(&self) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT bucket FROM installation WHERE id = 1";
        let found: Option<Option<String>> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
                .map_err(StoreError::failed("read which bucket files are in"))?;
        Ok(found.flatten())
    }

    /// What this installation leaves in its bucket; `None` where it has left nothing yet.
    pub async fn bucket_marker(&self) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT mark FROM installation WHERE id = 1";
        let found: Option<Option<String>> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
                .map_err(StoreError::failed("read the installation's mark"))?;
        Ok(found.flatten())
    }
}

impl Tx {
    /// Gives the installation a mark, unless it has one; the one that it has then. `None` takes it away.
    pub async fn set_bucket_marker(
        &mut self,
        mark: Option<&str>,
    ) -> Result<Option<String>, StoreError> {
        const SQL: &str = "UPDATE installation SET mark = CASE WHEN $1 IS NULL THEN NULL \
             ELSE COALESCE(mark, $1) END WHERE id = 1 RETURNING mark";
        let kept: Option<Option<String>> =
            with_tx!(self, db => sqlx::query_scalar(SQL).bind(mark).fetch_optional(db).await)
                .map_err(StoreError::failed("mark the installation"))?;
        Ok(kept.flatten())
    }

    /// Notes which bucket files are noted as in.
    pub async fn set_bucket_url(&mut self, url: &str) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE installation SET bucket = $1 WHERE id = 1";
        with_tx!(self, db => sqlx::query(SQL).bind(url).execute(db).await.map(drop))
            .map_err(StoreError::failed("note which bucket files are in"))
    }

    /// Notes when the database began to be used, unless that is noted.
    pub async fn insert_installation(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO installation (id, date_created, swept_until) \
             VALUES (1, $1, $1) ON CONFLICT (id) DO NOTHING";
        with_tx!(self, db => sqlx::query(SQL).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("note the installation"))
    }

    /// Notes that files changed until `until` were looked at.
    pub async fn set_orphans_checked_until(
        &mut self,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE installation SET swept_until = $1 WHERE id = 1";
        with_tx!(self, db => sqlx::query(SQL).bind(until).execute(db).await.map(drop))
            .map_err(StoreError::failed("note how far the sweep came"))
    }
}
