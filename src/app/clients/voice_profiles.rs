//! Voice profiles: named sets of voice samples, which are replaced and deleted as a whole.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::Page;
use crate::app::clients::Clients;
use crate::app::files::{NewSound, SoundView};
use crate::app::{AppError, ErrorKind};
use crate::domain::{ClientFolder, ClientId, Extension, ObjectKey, ProfileName, has_nul};
use crate::store::VoiceProfile;

/// The maximum number of samples in one profile.
pub const MAX_SAMPLES: usize = 16;

/// The maximum size of the metadata in bytes of JSON.
const MAX_METADATA: usize = 16 << 10;

/// A voice profile.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoiceProfileView {
    /// The profile's name: 1-64 of `A-Za-z0-9._-`.
    pub profile_id: String,
    /// Data that the owner stored with the profile, at most 16 KiB of JSON.
    #[schema(value_type = Object)]
    pub metadata: Value,
    /// 1-16 samples, in the order in which they were sent.
    pub samples: Vec<SoundView>,
    /// When the profile was created.
    pub date_created: DateTime<Utc>,
    /// When the profile was last replaced.
    pub date_updated: DateTime<Utc>,
}

impl Clients {
    /// Creates or replaces a voice profile, and returns whether it is new. The old samples are deleted in the same
    /// transaction that adds the new ones.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Invalid`] if the name, the metadata or the number of samples is invalid, and
    /// [`ErrorKind::UnsupportedMedia`] if a sample is not audio in a supported format.
    pub async fn upsert_voice_profile(
        &self,
        client_id: &ClientId,
        profile: &str,
        metadata: Map<String, Value>,
        samples: Vec<NewSound>,
    ) -> Result<bool, AppError> {
        let profile = profile_name(profile)?;
        let metadata = Value::Object(metadata);
        let text = metadata.to_string();
        if text.len() > MAX_METADATA || has_nul(&text) {
            let reason = "must be a JSON object of at most 16 KiB, without NUL";
            return Err(AppError::invalid("metadata", reason));
        }
        if samples.is_empty() || samples.len() > MAX_SAMPLES {
            let reason = format!("send one to {MAX_SAMPLES} files as the field samples");
            return Err(AppError::invalid("samples", reason));
        }
        let size = samples.iter().map(|sample| sample.bytes.len()).sum();
        self.files.check_quota(client_id.as_str(), size).await?;
        let checked = samples.into_iter().map(|sample| self.files.check_new_sound(sample));
        let checked = try_join_all(checked).await?;
        let mut sounds = Vec::with_capacity(checked.len());
        for (number, checked) in (self.first_number()..).zip(checked) {
            let (client, profile) = (ClientFolder::for_client(client_id), profile.clone());
            let name = profile.as_str().to_owned();
            let extension = Extension::from_text_lossy(checked.stored_extension);
            let key = ObjectKey::VoiceSample { client, profile, number, extension };
            sounds.push(self.files.prepare_sound(client_id, "voice", name, key, checked).await?);
        }
        self.files.write_sounds(&mut sounds).await?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let owner = client_id.as_str();
        let objects = sounds.iter().map(|sound| &sound.object);
        if let Err(error) = self.files.enforce_quota(&mut tx, owner, objects).await {
            self.files.discard(sounds.into_iter().map(|sound| sound.key).collect()).await;
            return Err(error);
        }
        let old_keys = tx.upsert_voice_profile(owner, profile.as_str(), &metadata, now).await?;
        for (place, sound) in (0..).zip(&sounds) {
            tx.upsert_media_object(&sound.object).await?;
            tx.insert_voice_sample(owner, place, &sound.row).await?;
        }
        let keys: Vec<&str> = old_keys.iter().map(String::as_str).collect();
        let gone = tx.delete_media_objects(&keys).await?;
        self.jobs.enqueue_file_removal(&mut tx, gone).await?;
        tx.save().await?;
        Ok(old_keys.is_empty())
    }

    /// Lists a client's voice profiles whose names sort after `after`, ordered by name.
    pub async fn voice_profiles(
        &self,
        client_id: &ClientId,
        after: Option<String>,
        limit: i64,
    ) -> Result<Page<VoiceProfileView, String>, AppError> {
        let after = after.unwrap_or_default();
        let rows = self.store.voice_profiles(client_id.as_str(), &after, limit + 1).await?;
        let page = Page::from_rows_with(
            rows,
            limit,
            |row| row.profile_id.clone(),
            |row: VoiceProfile| row,
        );
        let items = self.with_samples(client_id, page.items).await?;
        Ok(Page { items, next: page.next })
    }

    /// Returns one voice profile of a client.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if the client has no voice profile with this name.
    pub async fn voice_profile(
        &self,
        client_id: &ClientId,
        profile: &str,
    ) -> Result<VoiceProfileView, AppError> {
        let profile = profile_name(profile)?;
        let row = self.store.voice_profile(client_id.as_str(), profile.as_str()).await?;
        let views = self.with_samples(client_id, row.into_iter().collect()).await?;
        views.into_iter().next().ok_or_else(voice_profile_not_found)
    }

    /// Deletes a voice profile with its samples.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if the client has no voice profile with this name.
    pub async fn delete_voice_profile(
        &self,
        client_id: &ClientId,
        profile: &str,
    ) -> Result<(), AppError> {
        let profile = profile_name(profile)?;
        let mut tx = self.store.begin().await?;
        let keys = tx.delete_voice_profile(client_id.as_str(), profile.as_str()).await?;
        let keys = keys.ok_or_else(voice_profile_not_found)?;
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let gone = tx.delete_media_objects(&keys).await?;
        self.jobs.enqueue_file_removal(&mut tx, gone).await?;
        tx.save().await?;
        Ok(())
    }

    /// Returns a number that no sample has or had, so that the removal of an old file never deletes a new one.
    ///
    /// It consists of the milliseconds since 1970, 16 random bits, and 4 zero bits that leave room for the
    /// [`MAX_SAMPLES`] samples of one profile.
    fn first_number(&self) -> u64 {
        let random = u64::from(Uuid::now_v7().as_u128() as u16);
        (self.clock.now().timestamp_millis().unsigned_abs() << 20) | (random << 4)
    }

    async fn with_samples(
        &self,
        client_id: &ClientId,
        rows: Vec<VoiceProfile>,
    ) -> Result<Vec<VoiceProfileView>, AppError> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
        let (first, last) = (first.profile_id.as_str(), last.profile_id.as_str());
        let samples = self.store.voice_samples(client_id.as_str(), first, last).await?;
        let mut by_profile: HashMap<String, Vec<SoundView>> = HashMap::new();
        for sample in samples {
            let profile = sample.name.clone();
            let mut view = self.files.sound_view(sample).await?;
            if let Ok(key) = view.key.parse::<ObjectKey>() {
                view.name = key.file_name();
            }
            by_profile.entry(profile).or_default().push(view);
        }
        let view = |row: VoiceProfile| VoiceProfileView {
            samples: by_profile.remove(&row.profile_id).unwrap_or_default(),
            profile_id: row.profile_id,
            metadata: row.metadata,
            date_created: row.date_created,
            date_updated: row.date_updated,
        };
        Ok(rows.into_iter().map(view).collect())
    }
}

fn profile_name(name: &str) -> Result<ProfileName, AppError> {
    ProfileName::new(name).map_err(|error| AppError::invalid("profile_id", error))
}

fn voice_profile_not_found() -> AppError {
    AppError::new(ErrorKind::NotFound, "The client has no voice profile with this name.")
}
