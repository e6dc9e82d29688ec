//! The row that describes the installation: its age, its bucket, and the progress of the search for orphaned files.

use chrono::{DateTime, Utc};

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

impl Store {
    /// Returns the time up to which files were checked for orphans. Files changed earlier were checked, or are older
    /// than this database.
    pub async fn orphans_checked_until(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        const SQL: &str = "SELECT swept_until FROM installation WHERE id = 1";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
            .map_err(StoreError::failed("read how far files were checked for orphans"))
    }
}

impl Store {
    /// Returns the URL of the bucket that files were synced to; `None` if there was none yet.
    pub async fn bucket_url(&self) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT bucket FROM installation WHERE id = 1";
        let found: Option<Option<String>> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
                .map_err(StoreError::failed("read the bucket's URL"))?;
        Ok(found.flatten())
    }

    /// Returns the marker that identifies this installation in its bucket; `None` if it has written none yet.
    pub async fn bucket_marker(&self) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT mark FROM installation WHERE id = 1";
        let found: Option<Option<String>> =
            with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_optional(db).await)
                .map_err(StoreError::failed("read the installation's bucket marker"))?;
        Ok(found.flatten())
    }
}

impl Tx {
    /// Sets the bucket marker unless one exists, and returns the marker in effect. `None` clears it.
    pub async fn set_bucket_marker(
        &mut self,
        mark: Option<&str>,
    ) -> Result<Option<String>, StoreError> {
        const SQL: &str = "UPDATE installation SET mark = CASE WHEN $1 IS NULL THEN NULL \
             ELSE COALESCE(mark, $1) END WHERE id = 1 RETURNING mark";
        let marker: Option<Option<String>> =
            with_tx!(self, db => sqlx::query_scalar(SQL).bind(mark).fetch_optional(db).await)
                .map_err(StoreError::failed("set the installation's bucket marker"))?;
        Ok(marker.flatten())
    }

    /// Saves the URL of the bucket that files are synced to.
    pub async fn set_bucket_url(&mut self, url: &str) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE installation SET bucket = $1 WHERE id = 1";
        with_tx!(self, db => sqlx::query(SQL).bind(url).execute(db).await.map(drop))
            .map_err(StoreError::failed("save the bucket's URL"))
    }

    /// Inserts the installation's row with its start time, unless it exists.
    pub async fn insert_installation(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO installation (id, date_created, swept_until) \
             VALUES (1, $1, $1) ON CONFLICT (id) DO NOTHING";
        with_tx!(self, db => sqlx::query(SQL).bind(now).execute(db).await.map(drop))
            .map_err(StoreError::failed("insert the installation"))
    }

    /// Saves the time up to which files were checked for orphans.
    pub async fn set_orphans_checked_until(
        &mut self,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE installation SET swept_until = $1 WHERE id = 1";
        with_tx!(self, db => sqlx::query(SQL).bind(until).execute(db).await.map(drop))
            .map_err(StoreError::failed("save how far files were checked for orphans"))
    }
}
