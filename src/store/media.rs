//! Every file that is kept: one row each, in the transaction that makes the file part of something.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Store, StoreError, Tx, read, within};

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct MediaObject {
    /// Its path below the root of a store.
    pub key: String,
    /// `frame`, `input` or `upload`.
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
}

const BY_KEY: &str = "SELECT key, kind, client_id, size, content_type, sha256, date_created \
                      FROM media_object WHERE key = $1";

impl Store {
    /// The file with this key.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn media_object(&self, key: &str) -> Result<Option<MediaObject>, StoreError> {
        read!(self, db => sqlx::query_as(BY_KEY).bind(key).fetch_optional(db).await)
            .map_err(StoreError::failed("read a media object"))
    }
}

impl Tx {
    /// The file with this key, as this transaction sees it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn media_object(&mut self, key: &str) -> Result<Option<MediaObject>, StoreError> {
        within!(self, db => sqlx::query_as(BY_KEY).bind(key).fetch_optional(db).await)
            .map_err(StoreError::failed("read a media object"))
    }

    /// Keeps a file's row; one that is there under the same key takes the new size, type and checksum.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn keep_media_object(&mut self, object: &MediaObject) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO media_object \
             (key, kind, client_id, size, content_type, sha256, date_created, date_updated) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7) \
             ON CONFLICT (key) DO UPDATE SET size = excluded.size, \
             content_type = excluded.content_type, sha256 = excluded.sha256, \
             date_updated = excluded.date_updated";
        within!(self, db => sqlx::query(SQL)
            .bind(&object.key)
            .bind(&object.kind)
            .bind(&object.client_id)
            .bind(object.size)
            .bind(&object.content_type)
            .bind(&object.sha256)
            .bind(object.date_created)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("keep a media object"))
    }
}
