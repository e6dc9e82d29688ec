//! Sounds that clients send to be kept: checked, kept smaller where nothing is lost by it, and described.

use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::Files;
use super::presign::PresignedUrl;
use crate::app::{AppError, ErrorKind};
use crate::audio::{self, AudioFormat, lossless};
use crate::domain::{ClientId, ObjectKey};
use crate::store::{MediaObject, SoundRow};

/// What bare PCM is called.
const PCM_MEDIA_TYPE: &str = "audio/pcm;rate=16000";

/// The longest name of a file, in characters, that is kept.
const MAX_FILE_NAME: usize = 255;

/// A sound that a client sends.
#[derive(Debug)]
pub struct NewSound {
    /// As its sender calls it.
    pub file_name: Option<String>,
    /// Whether it is bare 16-bit little-endian mono PCM at 16 kHz, which has no header to know it by.
    pub is_pcm: bool,
    /// As it was sent.
    pub bytes: Bytes,
}

/// A sound that a client sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct SoundView {
    /// What it is called here.
    pub name: String,
    /// Its key in the store of objects.
    pub key: String,
    /// As its sender calls it.
    pub file_name: Option<String>,
    /// As it came.
    pub content_type: String,
    /// In bytes, as it came.
    pub size: i64,
    /// Where that can be told.
    pub duration_seconds: Option<f64>,
    /// When it was kept.
    pub date_created: chrono::DateTime<chrono::Utc>,
    /// Where it can be fetched without any other proof.
    pub url: String,
    /// Until when.
    pub url_expires: chrono::DateTime<chrono::Utc>,
}

/// A sound that was checked and is about to be written.
pub(in crate::app) struct PreparedSound {
    pub(in crate::app) key: ObjectKey,
    /// As they are kept.
    pub(in crate::app) bytes: Bytes,
    pub(in crate::app) object: MediaObject,
    pub(in crate::app) row: SoundRow,
}

/// A sound that was checked and has no name yet.
pub(in crate::app) struct CheckedSound {
    file_name: Option<String>,
    content_type: &'static str,
    size: i64,
    duration_seconds: Option<f64>,
    /// The extension of what came.
    pub(in crate::app) extension: &'static str,
    /// The extension of what is kept.
    pub(in crate::app) stored_extension: &'static str,
    stored_content_type: &'static str,
    stored_bytes: Bytes,
}

impl Files {
    /// Checks a sound, and has it kept smaller where the settings say so.
    pub(in crate::app) async fn check_new_sound(
        &self,
        sound: NewSound,
    ) -> Result<CheckedSound, AppError> {
        let NewSound { file_name, is_pcm, bytes } = sound;
        let file_name = file_name.filter(|name| !name.is_empty());
        if file_name.as_ref().is_some_and(|name| {
            name.chars().count() > MAX_FILE_NAME || name.chars().any(char::is_control)
        }) {
            let reason = "a file's name is at most 255 printable characters";
            return Err(AppError::invalid("file_name", reason));
        }
        let (extension, content_type) = if is_pcm && !bytes.is_empty() {
            ("pcm", PCM_MEDIA_TYPE)
        } else {
            let format = AudioFormat::sniff(&bytes).filter(|_| !is_pcm).ok_or_else(|| {
                let detail = "Only sounds are kept here: send WAV, FLAC, MP3, M4A, Ogg or WebM, or bare PCM as audio/pcm.";
                AppError::new(ErrorKind::UnsupportedMedia, detail)
            })?;
            (format.extension(), format.media_type())
        };
        let may_compress = self.settings.compress_audio && matches!(extension, "wav" | "pcm");
        let content = bytes.clone();
        let work = move || {
            let whole = if is_pcm { audio::pcm_to_wav(&content).into() } else { content.clone() };
            let seconds = audio::measure(whole).map(|measured| measured.seconds);
            let flac = may_compress.then(|| lossless::compress(&content, is_pcm)).flatten();
            (seconds, flac)
        };
        let (duration_seconds, flac) = self.compute.run(work).await?;
        let size = i64::try_from(bytes.len()).map_err(AppError::internal)?;
        let (kept, kept_as, kept_type) = match flac {
            Some(flac) => (flac.into(), "flac", AudioFormat::Flac.media_type()),
            None => (bytes, extension, content_type),
        };
        Ok(CheckedSound {
            file_name,
            content_type,
            size,
            duration_seconds,
            extension,
            stored_extension: kept_as,
            stored_content_type: kept_type,
            stored_bytes: kept,
        })
    }

    /// A checked sound of a client under this key; `kind` is `recording` or `voice`, `name` is what its row calls it.
    pub(in crate::app) async fn prepare_sound(
        &self,
        client_id: &ClientId,
        kind: &'static str,
        name: String,
        key: ObjectKey,
        checked: CheckedSound,
    ) -> Result<PreparedSound, AppError> {
        let is_as_it_came = checked.stored_extension == checked.extension;
        let object = self
            .build_media_object(&key, kind, &checked.stored_bytes, checked.stored_content_type)
            .await?;
        let object = MediaObject {
            client_id: Some(client_id.as_str().to_owned()),
            original_type: (!is_as_it_came).then(|| checked.content_type.to_owned()),
            ..object
        };
        let row = SoundRow {
            name,
            media_key: object.key.clone(),
            file_name: checked.file_name,
            content_type: checked.content_type.to_owned(),
            size: checked.size,
            duration_seconds: checked.duration_seconds,
            date_created: object.date_created,
            is_synced: false,
            is_compressed: !is_as_it_came,
        };
        Ok(PreparedSound { key, bytes: checked.stored_bytes, object, row })
    }

    /// Writes sounds, and has them in the bucket too, if that is quick; all of them, or none that anyone would see.
    pub(in crate::app) async fn write_sounds(
        &self,
        sounds: &mut [PreparedSound],
    ) -> Result<(), AppError> {
        let files = sounds.iter().map(|sound| (sound.key.clone(), sound.bytes.clone())).collect();
        let since = self.write_files(files).await?;
        for sound in sounds {
            sound.object = self.with_sync_state(sound.object.clone(), since);
            sound.row.is_synced = since.is_some();
        }
        Ok(())
    }

    /// A sound as its client sees it.
    pub(in crate::app) async fn sound_view(&self, row: SoundRow) -> Result<SoundView, AppError> {
        let PresignedUrl { url, url_expires, .. } =
            self.presigned_url(&row.media_key, row.is_synced && !row.is_compressed, None).await?;
        Ok(SoundView {
            name: row.name,
            key: row.media_key,
            file_name: row.file_name,
            content_type: row.content_type,
            size: row.size,
            duration_seconds: row.duration_seconds,
            date_created: row.date_created,
            url,
            url_expires,
        })
    }
}
