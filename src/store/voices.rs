//! Voice profiles and recordings of clients.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx_macros::FromRow;

use super::{Store, StoreError, Tx, with_read_pool, with_tx};

/// A voice profile.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct VoiceProfile {
    /// Profile id, chosen by the client and unique among its profiles.
    pub profile_id: String,
    /// Metadata from the client; any JSON.
    #[sqlx(json)]
    pub metadata: Value,
    /// When the profile was created.
    pub date_created: DateTime<Utc>,
    /// When the profile was last replaced.
    pub date_updated: DateTime<Utc>,
}

/// A sound file that a client uploaded: a sample of a voice profile, or a recording.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct SoundRow {
    /// The profile id of a sample, or the name of a recording.
    pub name: String,
    /// Media key of the file.
    pub media_key: String,
    /// File name that the client gave.
    pub file_name: Option<String>,
    /// Media type of the file as received.
    pub content_type: String,
    /// Size in bytes as received.
    pub size: i64,
    /// Duration in seconds, if it can be determined.
    pub duration_seconds: Option<f64>,
    /// When the file was saved.
    pub date_created: DateTime<Utc>,
    /// Whether the file is in the bucket.
    pub is_synced: bool,
    /// Whether the file is stored in another format than it was received in.
    pub is_compressed: bool,
}

impl Store {
    /// Returns a client's voice profiles with an id above `after`, in the order of their ids, at most `limit`.
    pub async fn voice_profiles(
        &self,
        client_id: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<VoiceProfile>, StoreError> {
        const SQL: &str = "SELECT profile_id, metadata, date_created, date_updated \
             FROM voice_profile WHERE client_id = $1 AND profile_id > $2 \
             ORDER BY profile_id LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(after)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list voice profiles"))
    }

    /// Returns a client's voice profile.
    pub async fn voice_profile(
        &self,
        client_id: &str,
        profile_id: &str,
    ) -> Result<Option<VoiceProfile>, StoreError> {
        const SQL: &str = "SELECT profile_id, metadata, date_created, date_updated \
             FROM voice_profile WHERE client_id = $1 AND profile_id = $2";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(profile_id)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("read a voice profile"))
    }

    /// Returns the samples of a client's profiles with ids from `first` to `last` inclusive, in the order of profile
    /// and position.
    pub async fn voice_samples(
        &self,
        client_id: &str,
        first: &str,
        last: &str,
    ) -> Result<Vec<SoundRow>, StoreError> {
        const SQL: &str = "SELECT s.profile_id AS name, s.media_key, s.file_name, s.content_type, \
             s.size, s.duration_seconds, m.date_created, m.date_synced IS NOT NULL AS is_synced, \
             m.original_type IS NOT NULL AS is_compressed \
             FROM voice_sample s JOIN media_object m ON m.key = s.media_key \
             WHERE s.client_id = $1 AND s.profile_id >= $2 AND s.profile_id <= $3 \
             ORDER BY s.profile_id, s.place";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(first)
            .bind(last)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list voice samples"))
    }

    /// Returns a client's recordings with a name below `before`, newest first, at most `limit`.
    pub async fn recordings(
        &self,
        client_id: &str,
        before: &str,
        limit: i64,
    ) -> Result<Vec<SoundRow>, StoreError> {
        const SQL: &str = "SELECT r.name, r.media_key, r.file_name, r.content_type, r.size, \
             r.duration_seconds, r.date_created, m.date_synced IS NOT NULL AS is_synced, \
             m.original_type IS NOT NULL AS is_compressed \
             FROM recording r JOIN media_object m ON m.key = r.media_key \
             WHERE r.client_id = $1 AND r.name < $2 ORDER BY r.name DESC LIMIT $3";
        with_read_pool!(self, db => sqlx::query_as(SQL)
            .bind(client_id)
            .bind(before)
            .bind(limit)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("list recordings"))
    }

    /// Returns a client's recording.
    pub async fn recording(
        &self,
        client_id: &str,
        name: &str,
    ) -> Result<Option<SoundRow>, StoreError> {
        const SQL: &str = "SELECT r.name, r.media_key, r.file_name, r.content_type, r.size, \
             r.duration_seconds, r.date_created, m.date_synced IS NOT NULL AS is_synced, \
             m.original_type IS NOT NULL AS is_compressed \
             FROM recording r JOIN media_object m ON m.key = r.media_key \
             WHERE r.client_id = $1 AND r.name = $2";
        with_read_pool!(self, db => sqlx::query_as(SQL).bind(client_id).bind(name).fetch_optional(db).await)
            .map_err(StoreError::failed("read a recording"))
    }
}

impl Tx {
    /// Inserts a voice profile, or replaces one and deletes its samples.
    ///
    /// Returns the media keys of the deleted samples, none if the profile is new.
    pub async fn upsert_voice_profile(
        &mut self,
        client_id: &str,
        profile_id: &str,
        metadata: &Value,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, StoreError> {
        // The upsert locks the row, so that two clients that replace a profile at the same time do so one after the
        // other.
        const PROFILE: &str = "INSERT INTO voice_profile \
             (client_id, profile_id, metadata, date_created, date_updated) \
             VALUES ($1, $2, $3, $4, $4) ON CONFLICT (client_id, profile_id) DO UPDATE \
             SET metadata = excluded.metadata, date_updated = excluded.date_updated";
        let failed = StoreError::failed("save a voice profile");
        with_tx!(self, db => sqlx::query(PROFILE)
            .bind(client_id)
            .bind(profile_id)
            .bind(Json(metadata))
            .bind(now)
            .execute(db)
            .await
            .map(drop))
        .map_err(&failed)?;
        self.delete_voice_samples(client_id, profile_id).await
    }

    async fn delete_voice_samples(
        &mut self,
        client_id: &str,
        profile_id: &str,
    ) -> Result<Vec<String>, StoreError> {
        const SQL: &str = "DELETE FROM voice_sample WHERE client_id = $1 AND profile_id = $2 \
             RETURNING media_key";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(client_id)
            .bind(profile_id)
            .fetch_all(db)
            .await)
        .map_err(StoreError::failed("delete the samples of a voice profile"))
    }

    /// Adds a sample to a profile at the position `place`.
    pub async fn insert_voice_sample(
        &mut self,
        client_id: &str,
        place: i32,
        sample: &SoundRow,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO voice_sample (media_key, client_id, profile_id, place, \
             file_name, content_type, size, duration_seconds) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(&sample.media_key)
            .bind(client_id)
            .bind(&sample.name)
            .bind(place)
            .bind(&sample.file_name)
            .bind(&sample.content_type)
            .bind(sample.size)
            .bind(sample.duration_seconds)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("add a voice sample"))
    }

    /// Deletes a voice profile. Returns the media keys of its samples, or `None` if the profile does not exist.
    pub async fn delete_voice_profile(
        &mut self,
        client_id: &str,
        profile_id: &str,
    ) -> Result<Option<Vec<String>>, StoreError> {
        const PROFILE: &str = "DELETE FROM voice_profile WHERE client_id = $1 AND profile_id = $2";
        let failed = StoreError::failed("delete a voice profile");
        let keys = self.delete_voice_samples(client_id, profile_id).await?;
        let existed = with_tx!(self, db => sqlx::query(PROFILE)
            .bind(client_id)
            .bind(profile_id)
            .execute(db)
            .await
            .map(|done| done.rows_affected() == 1))
        .map_err(&failed)?;
        Ok(existed.then_some(keys))
    }

    /// Inserts a recording.
    pub async fn insert_recording(
        &mut self,
        client_id: &str,
        recording: &SoundRow,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO recording (client_id, name, media_key, file_name, \
             content_type, size, duration_seconds, date_created) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        with_tx!(self, db => sqlx::query(SQL)
            .bind(client_id)
            .bind(&recording.name)
            .bind(&recording.media_key)
            .bind(&recording.file_name)
            .bind(&recording.content_type)
            .bind(recording.size)
            .bind(recording.duration_seconds)
            .bind(recording.date_created)
            .execute(db)
            .await
            .map(drop))
        .map_err(StoreError::failed("add a recording"))
    }

    /// Deletes a recording. Returns the media key of its file, or `None` if the recording does not exist.
    pub async fn delete_recording(
        &mut self,
        client_id: &str,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        const SQL: &str =
            "DELETE FROM recording WHERE client_id = $1 AND name = $2 RETURNING media_key";
        with_tx!(self, db => sqlx::query_scalar(SQL)
            .bind(client_id)
            .bind(name)
            .fetch_optional(db)
            .await)
        .map_err(StoreError::failed("delete a recording"))
    }
}
