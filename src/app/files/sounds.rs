//! Sounds that clients upload, such as recordings and voice samples: checks them, compresses them losslessly, and
//! describes them.

use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::Files;
use super::presign::PresignedUrl;
use crate::app::{AppError, ErrorKind};
use crate::audio::{self, AudioFormat, PcmFormat, SoundFormat, lossless};
use crate::domain::{ClientId, ObjectKey};
use crate::store::{MediaObject, SoundRow};

/// The longest accepted file name, in characters.
const MAX_FILE_NAME: usize = 255;

/// A sound that a client uploads.
#[derive(Debug)]
pub struct NewSound {
    /// The sender's name for the file; `None` or empty if it has none.
    pub file_name: Option<String>,
    /// The format of raw PCM, which has no header to recognize it by; `None` for a file.
    pub pcm: Option<PcmFormat>,
    /// The uploaded bytes.
    pub bytes: Bytes,
}

/// An uploaded sound.
#[derive(Debug, Serialize, ToSchema)]
pub struct SoundView {
    /// Name that identifies the recording, or the sample within its voice profile.
    pub name: String,
    /// Object key, which can be presigned.
    pub key: String,
    /// File name given by the sender; null if none.
    pub file_name: Option<String>,
    /// Media type of the sound as it was uploaded.
    pub content_type: String,
    /// Size of the sound as it was uploaded, in bytes.
    pub size: i64,
    /// Duration in seconds; null if it cannot be measured.
    pub duration_seconds: Option<f64>,
    /// Time of the upload.
    pub date_created: chrono::DateTime<chrono::Utc>,
    /// Presigned URL of the sound, which needs no other credentials.
    pub url: String,
    /// Time at which `url` expires.
    pub url_expires: chrono::DateTime<chrono::Utc>,
}

/// A sound that was checked and is about to be written.
pub(in crate::app) struct PreparedSound {
    pub(in crate::app) key: ObjectKey,
    /// The bytes to store, compressed if that is possible.
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
    /// File extension of the uploaded format.
    pub(in crate::app) extension: &'static str,
    /// File extension of the stored format.
    pub(in crate::app) stored_extension: &'static str,
    stored_content_type: &'static str,
    stored_bytes: Bytes,
}

impl Files {
    /// Checks a sound's name and format, measures its duration, and compresses it to FLAC if the settings allow that.
    pub(in crate::app) async fn check_new_sound(
        &self,
        sound: NewSound,
    ) -> Result<CheckedSound, AppError> {
        let NewSound { file_name, pcm, bytes } = sound;
        let file_name = file_name.filter(|name| !name.is_empty());
        if file_name.as_ref().is_some_and(|name| {
            name.chars().count() > MAX_FILE_NAME || name.chars().any(char::is_control)
        }) {
            let reason = "a file's name is at most 255 printable characters";
            return Err(AppError::invalid("file_name", reason));
        }
        let format = SoundFormat::detect(&bytes, pcm).ok_or_else(|| {
            let detail = "Only whole sounds are accepted: send WAV, FLAC, MP3, M4A, Ogg or WebM, or raw PCM as audio/pcm.";
            AppError::new(ErrorKind::UnsupportedMedia, detail)
        })?;
        let (extension, content_type) = (format.extension(), format.media_type());
        let pcm = match format {
            SoundFormat::Pcm(pcm) => Some(pcm),
            SoundFormat::File(_) => None,
        };
        let may_compress = self.settings.compress_audio && matches!(extension, "wav" | "pcm");
        let content = bytes.clone();
        let work = move || {
            let file = match pcm {
                Some(pcm) => audio::pcm_to_wav(&content, pcm).into(),
                None => content.clone(),
            };
            let seconds = audio::measure(file).map(|measured| measured.seconds);
            let flac = may_compress.then(|| lossless::compress(&content, pcm)).flatten();
            (seconds, flac)
        };
        let (duration_seconds, flac) = self.compute.run(work).await?;
        let size = i64::try_from(bytes.len()).map_err(AppError::internal)?;
        let (stored_bytes, stored_extension, stored_content_type) = match flac {
            Some(flac) => (flac.into(), "flac", AudioFormat::Flac.media_type()),
            None => (bytes, extension, content_type),
        };
        Ok(CheckedSound {
            file_name,
            content_type,
            size,
            duration_seconds,
            extension,
            stored_extension,
            stored_content_type,
            stored_bytes,
        })
    }

    /// Builds the rows of a checked sound. `kind` is `recording` or `voice`; `name` is the sound's name in its row.
    pub(in crate::app) async fn prepare_sound(
        &self,
        client_id: &ClientId,
        kind: &'static str,
        name: String,
        key: ObjectKey,
        checked: CheckedSound,
    ) -> Result<PreparedSound, AppError> {
        let is_compressed = checked.stored_extension != checked.extension;
        let object = self
            .build_media_object(&key, kind, &checked.stored_bytes, checked.stored_content_type)
            .await?;
        let object = MediaObject {
            client_id: Some(client_id.as_str().to_owned()),
            original_type: is_compressed.then(|| checked.content_type.to_owned()),
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
            is_compressed,
        };
        Ok(PreparedSound { key, bytes: checked.stored_bytes, object, row })
    }

    /// Writes sounds to the disk and, if that is fast enough, to the bucket. Either all of them are written or none.
    pub(in crate::app) async fn write_sounds(
        &self,
        sounds: &mut [PreparedSound],
    ) -> Result<(), AppError> {
        let files = sounds.iter().map(|sound| (sound.key.clone(), sound.bytes.clone())).collect();
        let placement = self.write_files(files).await?;
        for sound in sounds {
            sound.object = self.with_sync_state(sound.object.clone(), &placement);
            sound.row.is_synced = placement.is_synced();
        }
        Ok(())
    }

    /// Converts a sound's row to its API representation, with a presigned URL.
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
