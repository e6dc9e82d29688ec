//! Media files: one row each, inserted in the transaction that makes the file part of something.

use std::borrow::Borrow;
use std::collections::HashSet;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{Stream, stream};
use sqlx::QueryBuilder;
use sqlx_macros::FromRow;

use super::{Store, StoreError, Tx, dialect, with_read_pool, with_tx};

/// Rows per page when all files are read.
const PAGE_SIZE: i64 = 500;

/// Maximum number of keys per statement; databases limit the number of bound values.
const MAX_BINDS: usize = 500;

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct MediaObject {
    /// Media key: the path relative to the root of a file store.
    pub key: String,
    /// What the file is for: `frame`, `input`, `upload`, `recording` or `voice`.
    pub kind: String,
    /// The owning client's id; `None` for files that belong to no single client.
    pub client_id: Option<String>,
    /// Size in bytes.
    pub size: i64,
    /// Media type.
    pub content_type: String,
    /// SHA-256 of the content.
    pub sha256: Vec<u8>,
    /// When the row was inserted.
    pub date_created: DateTime<Utc>,
    /// URL of the file in a bucket; `None` while it is only on disk.
    pub location: Option<String>,
    /// When the file was uploaded to the bucket.
    pub date_synced: Option<DateTime<Utc>>,
    /// When the bucket's copy was last read and found equal.
    pub date_compared: Option<DateTime<Utc>>,
    /// Media type of the file as received, if it was converted to FLAC.
    pub original_type: Option<String>,
    /// The file itself, if its row holds it for instances that do not have it on their disk. Only
    /// [`Store::media_object_with_content`] reads it.
    #[sqlx(skip)]
    pub content: Option<Bytes>,
}

/// The size in bytes up to which an input is stored in its row instead of the bucket.
///
/// At this size, PostgreSQL saves a file in less than a millisecond and within the transaction that accepts the order; a
/// bucket needs two requests of some ten milliseconds each. The photographs of small cameras (640 by 480 pixels) are
/// smaller. The database selects unsynced files by the same number in the index `media_object_unsynced`.
pub const MAX_INPUT_IN_ROW: usize = 65_536;

/// A file's row with the file itself.
#[derive(FromRow)]
struct RowWithContent {
    #[sqlx(flatten)]
    object: MediaObject,
    content: Option<Vec<u8>>,
}

/// Storage used by one client's files of one kind in one month.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct MediaUsage {
    /// The owning client's id; `None` for files that belong to no single client.
    pub client_id: Option<String>,
    /// What the files are for: `frame`, `input`, `upload`, `recording` or `voice`.
    pub kind: String,
    /// Month in which the files were created, such as `2026-11`.
    pub month: String,
    /// Number of files.
    pub files: i64,
    /// Total size in bytes.
    pub bytes: i64,
}

/// Files that are not in the bucket yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct SyncBacklog {
    /// Number of files.
    pub files: i64,
    /// Total size in bytes.
    pub bytes: i64,
    /// When the oldest of them was created; `None` if there is none.
    pub oldest: Option<DateTime<Utc>>,
}

const BY_KEY: &str = "SELECT key, kind, client_id, size, content_type, sha256, \
     date_created, location, date_synced, date_compared, original_type FROM media_object WHERE key = $1";

const BYTES_OF_CLIENT: &str = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM media_object \
     WHERE client_id = $1";

/// Position in the list of files that are not in the bucket yet: creation time and key.
pub type UnsyncedCursor<'a> = (DateTime<Utc>, &'a str);

impl Store {
    /// Returns the file with this key.
    pub async fn media_object(&self, key: &str) -> Result<Option<MediaObject>, StoreError> {
        with_read_pool!(self, db => sqlx::query_as(BY_KEY).bind(key).fetch_optional(db).await)
            .map_err(StoreError::failed("read a media object"))
    }

    /// Returns the file with this key, with its content if the row holds it.
    pub async fn media_object_with_content(
        &self,
        key: &str,
    ) -> Result<Option<MediaObject>, StoreError> {
        const SQL: &str = "SELECT key, kind, client_id, size, content_type, sha256, \
             date_created, location, date_synced, date_compared, original_type, content \
             FROM media_object WHERE key = $1";
        let found: Option<RowWithContent> =
            with_read_pool!(self, db => sqlx::query_as(SQL).bind(key).fetch_optional(db).await)
                .map_err(StoreError::failed("read a media object"))?;
        Ok(found.map(|RowWithContent { object, content }| MediaObject {
            content: content.map(Bytes::from),
            ..object
        }))
    }

    /// Returns the total size in bytes of the files that rows hold until the bucket has them.
    pub async fn bytes_held_for_bucket(&self) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM media_object \
             WHERE date_synced IS NULL AND (kind <> 'input' OR size > 65536) AND content IS NOT NULL";
        with_read_pool!(self, db => sqlx::query_scalar(SQL).fetch_one(db).await)
            .map_err(StoreError::failed("measure the files that wait for the bucket"))
    }

    /// Returns the total size of a client's files in bytes.
    pub async fn client_bytes(&self, client_id: &str) -> Result<i64, StoreError> {
        with_read_pool!(self, db => sqlx::query_scalar(BYTES_OF_CLIENT).bind(client_id).fetch_one(db).await)
            .map_err(StoreError::failed("measure a client's files"))
    }

    /// Returns files that are not in the bucket yet, oldest first, starting after `after`, at most `limit`.
    ///
    /// Small inputs are not listed, because their rows hold them. On SQLite no input is listed: the one instance that can
    /// read the database has its inputs on its disk.
    pub async fn unsynced_files(
        &self,
        after: UnsyncedCursor<'_>,
        limit: i64,
    ) -> Result<Vec<MediaObject>, StoreError> {
        const SQL: &str = "SELECT key, kind, client_id, size, content_type, sha256, \
             date_created, location, date_synced, date_compared, original_type FROM media_object \
             WHERE date_synced IS NULL AND (kind <> 'input' OR size > 65536) \
             AND (kind <> 'input' OR $4) AND (date_created, key) > ($1, $2) \
             ORDER BY date_created, key LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(after.0)
            .bind(after.1)
            .bind(limit)
            .bind(!self.is_sqlite())
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list files that are not in the bucket"))
    }

    /// Returns all files in the order of their keys, in pages of some hundreds.
    ///
    /// # Errors
    ///
    /// The stream yields [`StoreError`] if the database fails, and then ends.
    pub fn files(&self) -> impl Stream<Item = Result<Vec<MediaObject>, StoreError>> + Send {
        stream::try_unfold(String::new(), move |after| async move {
            let rows = self.files_after(&after).await?;
            let last = rows.last().map(|last| last.key.clone());
            Ok(last.map(|last| (rows, last)))
        })
    }

    async fn files_after(&self, after: &str) -> Result<Vec<MediaObject>, StoreError> {
        const SQL: &str = "SELECT key, kind, client_id, size, content_type, sha256, \
             date_created, location, date_synced, date_compared, original_type FROM media_object \
             WHERE key > $1 ORDER BY key LIMIT $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(after).bind(PAGE_SIZE).fetch_all(db).await)
            .map_err(StoreError::failed("list files"))
    }

    /// Returns the keys that have no row.
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
            .map_err(StoreError::failed("check which files are known"))?;
            known.extend(found);
        }
        Ok(keys.into_iter().filter(|key| !known.contains(key)).collect())
    }

    /// Returns the storage used by client, kind and month, most bytes first.
    pub async fn media_usage(&self) -> Result<Vec<MediaUsage>, StoreError> {
        const SQL: &str = "SELECT client_id, kind, SUBSTR(CAST(date_created AS TEXT), 1, 7) AS month, \
             COUNT(*) AS files, CAST(SUM(size) AS BIGINT) AS bytes FROM media_object \
             GROUP BY client_id, kind, SUBSTR(CAST(date_created AS TEXT), 1, 7) ORDER BY 5 DESC, 1, 2, 3";
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_all(db).await)
            .map_err(StoreError::failed("measure storage use"))
    }

    /// Returns the number and size of the files that are not in the bucket yet.
    pub async fn sync_backlog(&self) -> Result<SyncBacklog, StoreError> {
        const SQL: &str = "SELECT COUNT(*) AS files, \
             CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes, MIN(date_created) AS oldest \
             FROM media_object \
             WHERE date_synced IS NULL AND (kind <> 'input' OR size > 65536) AND (kind <> 'input' OR $1)";
        let includes_inputs = !self.is_sqlite();
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(includes_inputs).fetch_one(db).await)
            .map_err(StoreError::failed("count files that are not in the bucket"))
    }
}

impl Tx {
    /// Records that the file is in a bucket, and removes it from its row. Returns `false` if its content has changed since or the file is gone.
    pub async fn mark_synced(
        &mut self,
        object: &MediaObject,
        location: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE media_object SET location = $3, date_synced = $4, content = NULL \
             WHERE key = $1 AND sha256 = $2";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&object.key)
            .bind(&object.sha256)
            .bind(location)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(StoreError::failed("record that a file is in the bucket"))
    }

    /// Stores a file in its row until the bucket has it. Does nothing if the bucket has it already, or if the file has been
    /// replaced.
    pub async fn hold_content(
        &mut self,
        object: &MediaObject,
        content: &Bytes,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE media_object SET content = $3 \
             WHERE key = $1 AND sha256 = $2 AND date_synced IS NULL";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&object.key)
            .bind(&object.sha256)
            .bind(&**content)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("store a file in its row"))
    }

    /// Returns the total size of a client's files in bytes, and blocks other transactions that ask for it until this one
    /// ends.
    pub async fn lock_client_bytes(&mut self, client_id: &str) -> Result<i64, StoreError> {
        dialect::lock_quota(&mut self.open, client_id).await?;
        with_tx!(self, db => sqlx::query_scalar(BYTES_OF_CLIENT).bind(client_id).fetch_one(db).await)
            .map_err(StoreError::failed("measure a client's files"))
    }

    /// Returns the file with this key as this transaction sees it.
    pub async fn media_object(&mut self, key: &str) -> Result<Option<MediaObject>, StoreError> {
        with_tx!(self, db => sqlx::query_as(BY_KEY).bind(key).fetch_optional(db).await)
            .map_err(StoreError::failed("read a media object"))
    }

    /// Inserts a file's row. An existing row with the same key takes the new size, media type, checksum and location.
    pub async fn upsert_media_object(&mut self, object: &MediaObject) -> Result<(), StoreError> {
        self.upsert_media_objects(std::slice::from_ref(object)).await
    }

    /// Saves media objects like [`Tx::upsert_media_object`], all in one statement. Their keys must differ.
    pub async fn upsert_media_objects(
        &mut self,
        objects: &[impl Borrow<MediaObject>],
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO media_object \
             (key, kind, client_id, size, content_type, sha256, date_created, date_updated, \
             location, date_synced, original_type, content) ";
        const REPLACE: &str = " ON CONFLICT (key) DO UPDATE SET size = excluded.size, \
             content_type = excluded.content_type, sha256 = excluded.sha256, \
             date_updated = excluded.date_updated, location = excluded.location, \
             date_synced = excluded.date_synced, original_type = excluded.original_type, \
             content = excluded.content, \
             date_compared = NULL";
        if objects.is_empty() {
            return Ok(());
        }
        with_tx!(self, db => {
            let mut insert = QueryBuilder::new(SQL);
            insert.push_values(objects, |mut row, object| {
                let object: &MediaObject = object.borrow();
                row.push_bind(&object.key)
                    .push_bind(&object.kind)
                    .push_bind(&object.client_id)
                    .push_bind(object.size)
                    .push_bind(&object.content_type)
                    .push_bind(&object.sha256)
                    .push_bind(object.date_created)
                    .push_bind(object.date_created)
                    .push_bind(&object.location)
                    .push_bind(object.date_synced)
                    .push_bind(&object.original_type)
                    .push_bind(object.content.as_deref());
            });
            insert.push(REPLACE).build().execute(db).await.map(drop)
        })
        .map_err(StoreError::failed("save media objects"))
    }
}
