//! Every file that is kept: one row each, in the transaction that makes the file part of something.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures_util::{Stream, stream};
use sqlx::{FromRow, QueryBuilder};

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// Rows that a page of all files has.
const PAGE_SIZE: i64 = 500;

/// Keys that one statement looks for at most: databases bound how much may be bound.
const MAX_BINDS: usize = 500;

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct MediaObject {
    /// Its path below the root of a store.
    pub key: String,
    /// `frame`, `input`, `upload`, `recording` or `voice`.
    pub kind: String,
    /// Whose it is, where it is one client's.
    pub client_id: Option<String>,
    /// In bytes.
    pub size: i64,
    /// A media type.
    pub content_type: String,
    /// Of its bytes.
    pub sha256: Vec<u8>,
    /// When its row was written.
    pub date_created: DateTime<Utc>,
    /// Where it is in a bucket; `None` while it is on a disk alone.
    pub location: Option<String>,
    /// Since when.
    pub date_synced: Option<DateTime<Utc>>,
    /// When what the bucket has was last read and found to be the same.
    pub date_compared: Option<DateTime<Utc>>,
    /// The media type that the file came with, where it is kept as FLAC.
    pub original_type: Option<String>,
}

/// What is kept for one client, of one kind, in one month.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct MediaUsage {
    /// Whose; `None` for what belongs to nobody alone.
    pub client_id: Option<String>,
    /// `frame`, `input` or `upload`.
    pub kind: String,
    /// `2026-11`.
    pub month: String,
    /// How many files.
    pub files: i64,
    /// Their bytes.
    pub bytes: i64,
}

/// Files that are not in the bucket yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct SyncBacklog {
    /// How many.
    pub files: i64,
    /// Their bytes.
    pub bytes: i64,
    /// Since when the oldest of them is kept.
    pub oldest: Option<DateTime<Utc>>,
}

const BY_KEY: &str = "SELECT * FROM media_object WHERE key = $1";

/// The place of a file among those that are not in the bucket yet: when it was kept, and its key.
pub type UnsyncedCursor<'a> = (DateTime<Utc>, &'a str);

impl Store {
    /// The file with this key.
    pub async fn media_object(&self, key: &str) -> Result<Option<MediaObject>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(BY_KEY).bind(key).fetch_optional(db).await)
            .map_err(StoreError::failed("read a media object"))
    }

    /// Files that are to be in the bucket and are not yet, the oldest first, those behind `after`, at most `limit`.
    pub async fn unsynced_files(
        &self,
        after: UnsyncedCursor<'_>,
        limit: i64,
    ) -> Result<Vec<MediaObject>, StoreError> {
        const SQL: &str = "SELECT * FROM media_object \
             WHERE date_synced IS NULL AND kind <> 'input' AND (date_created, key) > ($1, $2) \
             ORDER BY date_created, key LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(after.0)
            .bind(after.1)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list files that are not in the bucket"))
    }

    /// Every file by its key, some hundreds at a time.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails; that is the end then.
    pub fn files(&self) -> impl Stream<Item = Result<Vec<MediaObject>, StoreError>> + Send {
        stream::try_unfold(String::new(), move |after| async move {
            let rows = self.files_after(&after).await?;
            let last = rows.last().map(|last| last.key.clone());
            Ok(last.map(|last| (rows, last)))
        })
    }

    async fn files_after(&self, after: &str) -> Result<Vec<MediaObject>, StoreError> {
        const SQL: &str = "SELECT * FROM media_object WHERE key > $1 ORDER BY key LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(after).bind(PAGE_SIZE).fetch_all(db).await)
            .map_err(StoreError::failed("list files"))
    }

    /// Those of these keys that no row has.
    pub async fn unknown_keys(&self, keys: Vec<String>) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "SELECT key FROM media_object WHERE key IN (";
        let mut known: HashSet<String> = HashSet::new();
        for keys in keys.chunks(MAX_BINDS) {
            let found: Vec<String> = with_read_pool!(self, db => {
                let mut select = QueryBuilder::new(SQL);
                let mut list = select.separated(", ");
                for key in keys {
                    list.push_bind(key);
                }
                list.push_unseparated(")");
                select.build_query_scalar().fetch_all(db).await
            })
            .map_err(StoreError::failed("look which files are known"))?;
            known.extend(found);
        }
        Ok(keys.into_iter().filter(|key| !known.contains(key)).collect())
    }

    /// What is kept, by client, kind and month; the most bytes first.
    pub async fn media_usage(&self) -> Result<Vec<MediaUsage>, StoreError> {
        const SQL: &str = "SELECT client_id, kind, SUBSTR(CAST(date_created AS TEXT), 1, 7) AS month, \
             COUNT(*) AS files, CAST(SUM(size) AS BIGINT) AS bytes FROM media_object \
             GROUP BY client_id, kind, SUBSTR(CAST(date_created AS TEXT), 1, 7) ORDER BY 5 DESC, 1, 2, 3";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_all(db).await)
            .map_err(StoreError::failed("count what is kept"))
    }

    /// How many files are to be in the bucket and are not yet.
    pub async fn sync_backlog(&self) -> Result<SyncBacklog, StoreError> {
        const SQL: &str = "SELECT COUNT(*) AS files, \
             CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes, MIN(date_created) AS oldest \
             FROM media_object \
             WHERE date_synced IS NULL AND kind <> 'input'";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_one(db).await)
            .map_err(StoreError::failed("count files that are not in the bucket"))
    }
}

impl Tx {
    /// Notes that a file of these bytes is in a bucket; false when it has other bytes by now, or is gone.
    pub async fn mark_synced(
        &mut self,
        object: &MediaObject,
        location: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE media_object SET location = $3, date_synced = $4 \
             WHERE key = $1 AND sha256 = $2";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&object.key)
            .bind(&object.sha256)
            .bind(location)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("note that a file is in the bucket"))
    }

    /// The file with this key, as this transaction sees it.
    pub async fn media_object(&mut self, key: &str) -> Result<Option<MediaObject>, StoreError> {
        with_tx!(self, db => sqlx::query_as(BY_KEY).bind(key).fetch_optional(db).await)
            .map_err(StoreError::failed("read a media object"))
    }

    /// Keeps a file's row; one that is there under the same key takes the new size, type and checksum.
    pub async fn upsert_media_object(&mut self, object: &MediaObject) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO media_object \
             (key, kind, client_id, size, content_type, sha256, date_created, date_updated, \
             location, date_synced, original_type) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10) \
             ON CONFLICT (key) DO UPDATE SET size = excluded.size, \
             content_type = excluded.content_type, sha256 = excluded.sha256, \
             date_updated = excluded.date_updated, location = excluded.location, \
             date_synced = excluded.date_synced, original_type = excluded.original_type, \
             date_compared = NULL";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&object.key)
            .bind(&object.kind)
            .bind(&object.client_id)
            .bind(object.size)
            .bind(&object.content_type)
            .bind(&object.sha256)
            .bind(object.date_created)
            .bind(&object.location)
            .bind(object.date_synced)
            .bind(&object.original_type)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("keep a media object"))
    }
}
