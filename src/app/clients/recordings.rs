//! Recordings that clients upload.

use uuid::Uuid;

use crate::app::Page;
use crate::app::clients::Clients;
use crate::app::files::{NewSound, SoundView};
use crate::app::{AppError, ErrorKind};
use crate::domain::{ClientFolder, ClientId, MediaName, ObjectKey};
use crate::store::SoundRow;

impl Clients {
    /// Stores a recording of a client.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::UnsupportedMedia`] if the file is not audio in a supported format.
    pub async fn insert_recording(
        &self,
        client_id: &ClientId,
        sound: NewSound,
    ) -> Result<SoundView, AppError> {
        // UUIDs of version 7 increase with time, so names sort by age.
        let id = Uuid::now_v7();
        let client = ClientFolder::for_client(client_id);
        self.files.check_quota(client_id.as_str(), sound.bytes.len()).await?;
        let checked = self.files.check_new_sound(sound).await?;
        let name = MediaName::generated(id, checked.extension).as_str().to_owned();
        let key =
            ObjectKey::Audio { client, name: MediaName::generated(id, checked.stored_extension) };
        let sound = self.files.prepare_sound(client_id, "recording", name, key, checked).await?;
        let mut sounds = [sound];
        self.files.write_sounds(&mut sounds).await?;
        let [sound] = sounds;
        let mut tx = self.store.begin().await?;
        if let Err(error) =
            self.files.enforce_quota(&mut tx, client_id.as_str(), [&sound.object]).await
        {
            self.files.discard(vec![sound.key]).await;
            return Err(error);
        }
        tx.upsert_media_object(&sound.object).await?;
        tx.insert_recording(client_id.as_str(), &sound.row).await?;
        tx.save().await?;
        self.files.sound_view(sound.row).await
    }

    /// Lists a client's recordings whose names sort before `before`, the newest first.
    pub async fn recordings(
        &self,
        client_id: &ClientId,
        before: Option<String>,
        limit: i64,
    ) -> Result<Page<SoundView, String>, AppError> {
        // Sorts after every name, because names begin with a hexadecimal digit.
        let before = before.unwrap_or_else(|| "g".to_owned());
        let rows = self.store.recordings(client_id.as_str(), &before, limit + 1).await?;
        let page = Page::from_rows_with(rows, limit, |row| row.name.clone(), |row: SoundRow| row);
        let mut items = Vec::with_capacity(page.items.len());
        for row in page.items {
            items.push(self.files.sound_view(row).await?);
        }
        Ok(Page { items, next: page.next })
    }

    /// Returns one recording of a client.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if the client has no recording with this name.
    pub async fn recording(&self, client_id: &ClientId, name: &str) -> Result<SoundView, AppError> {
        let name = MediaName::new(name).map_err(|_| recording_not_found())?;
        let row = self.store.recording(client_id.as_str(), name.as_str()).await?;
        self.files.sound_view(row.ok_or_else(recording_not_found)?).await
    }

    /// Deletes a recording.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::NotFound`] if the client has no recording with this name.
    pub async fn delete_recording(&self, client_id: &ClientId, name: &str) -> Result<(), AppError> {
        let name = MediaName::new(name).map_err(|_| recording_not_found())?;
        let mut tx = self.store.begin().await?;
        let key = tx.delete_recording(client_id.as_str(), name.as_str()).await?;
        let key = key.ok_or_else(recording_not_found)?;
        let gone = tx.delete_media_objects(&[&*key]).await?;
        self.jobs.enqueue_file_removal(&mut tx, gone).await?;
        tx.save().await?;
        Ok(())
    }
}

fn recording_not_found() -> AppError {
    AppError::new(ErrorKind::NotFound, "The client has no recording with this name.")
}
