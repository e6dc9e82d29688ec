//! User uploads of media, and the formats that are recognized.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::Files;
use crate::app::{AppError, ErrorKind};
use crate::audio::{AudioFormat, VideoFormat};
use crate::domain::{MediaName, ObjectKey};
use crate::imaging;
use crate::store::MediaObject;

/// Size in bytes above which hashing runs on the compute threads. Hashing this much takes about a tenth of a
/// millisecond.
const MAX_INLINE_HASH_BYTES: usize = 64 * 1024;

/// A media format, as a file extension names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaFormat {
    /// Media type for the `Content-Type` header.
    pub media_type: &'static str,
    /// The encoding by which its bytes are recognized.
    encoding: Encoding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Image(imaging::InputFormat),
    Audio(AudioFormat),
    Video(VideoFormat),
    /// Device pixels. They have no header, so only their length can be checked.
    RawPixels,
}

impl MediaFormat {
    /// Returns the format that a key's extension names, or `None` if it is not a supported media format.
    #[must_use]
    pub fn from_key(key: &ObjectKey) -> Option<Self> {
        use imaging::InputFormat::{Bmp, Gif, Jpeg, Png, Webp};
        let audio = |format: AudioFormat| (format.media_type(), Encoding::Audio(format));
        let (media_type, family) = match key.extension().as_str() {
            "png" => ("image/png", Encoding::Image(Png)),
            "jpg" | "jpeg" => ("image/jpeg", Encoding::Image(Jpeg)),
            "webp" => ("image/webp", Encoding::Image(Webp)),
            "gif" => ("image/gif", Encoding::Image(Gif)),
            "bmp" => ("image/bmp", Encoding::Image(Bmp)),
            "raw" | "rgb565" => ("image/rgb565", Encoding::RawPixels),
            "grayscale16" => ("image/grayscale16", Encoding::RawPixels),
            "mp3" => audio(AudioFormat::Mp3),
            "wav" => audio(AudioFormat::Wav),
            "ogg" | "oga" | "opus" => audio(AudioFormat::Ogg),
            "m4a" => audio(AudioFormat::M4a),
            "flac" => audio(AudioFormat::Flac),
            "weba" => audio(AudioFormat::Webm),
            "mp4" => ("video/mp4", Encoding::Video(VideoFormat::Mp4)),
            "webm" => ("video/webm", Encoding::Video(VideoFormat::Webm)),
            _ => return None,
        };
        Some(Self { media_type, encoding: family })
    }

    /// Returns whether the bytes have this format.
    fn matches_bytes(self, bytes: &[u8]) -> bool {
        match self.encoding {
            Encoding::Image(format) => imaging::sniff(bytes) == Some(format),
            Encoding::Audio(format) => AudioFormat::sniff(bytes) == Some(format),
            Encoding::Video(format) => VideoFormat::sniff(bytes) == Some(format),
            Encoding::RawPixels => !bytes.is_empty() && bytes.len().is_multiple_of(2),
        }
    }
}

/// Whether an upload created or replaced a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadOutcome {
    /// No file had this name.
    Created,
    /// The upload replaced an earlier one.
    Replaced,
}

impl Files {
    /// Stores an uploaded media file, replacing an earlier upload with this name.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::UnsupportedMedia`] if the name's extension is not supported or the bytes do not match
    /// it, and with [`ErrorKind::Conflict`] if the name belongs to a frame.
    pub async fn upload_media(
        &self,
        name: MediaName,
        bytes: Bytes,
    ) -> Result<UploadOutcome, AppError> {
        let key = ObjectKey::Media(name);
        let kind = MediaFormat::from_key(&key).filter(|kind| kind.matches_bytes(&bytes)).ok_or_else(|| {
            let detail = "Only images, sounds and videos are accepted, and the bytes must match the name's extension.";
            AppError::new(ErrorKind::UnsupportedMedia, detail)
        })?;
        let object = self.build_media_object(&key, "upload", &bytes, kind.media_type).await?;
        // The slow write happens before the transaction, which blocks other writers.
        let staged = self.local.stage(&key, bytes.clone()).await?;
        let mut tx = self.store.begin().await?;
        let earlier = tx.media_object(&object.key).await?;
        // On case-insensitive disks `A.PNG` and `a.png` are one file. Frame files have lower-case names.
        let lower = tx.media_object(&object.key.to_lowercase()).await?;
        let existing = earlier.as_ref().or(lower.as_ref());
        if existing.is_some_and(|existing| existing.kind != object.kind) {
            let detail = "This name belongs to a frame, which never changes; choose another name.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        tx.upsert_media_object(&object).await?;
        // If renaming the file fails, the transaction is dropped and the row with it.
        staged.commit().await?;
        tx.save().await?;
        // The bucket comes last: if the transaction fails, the bucket must still have the earlier upload.
        if let Some(bucket) = &self.bucket {
            if self.try_upload_now(bucket, vec![(key.clone(), bytes.clone())]).await.is_some() {
                self.mark_synced(bucket, &object).await?;
            } else {
                self.hold_until_synced(&object, key, bytes).await?;
            }
        }
        Ok(if earlier.is_some() { UploadOutcome::Replaced } else { UploadOutcome::Created })
    }

    /// Returns the SHA-256 of a file. Long files are hashed on the compute threads.
    pub(in crate::app) async fn sha256(&self, bytes: Bytes) -> Result<Vec<u8>, AppError> {
        let is_long = bytes.len() > MAX_INLINE_HASH_BYTES;
        let sum = move || Sha256::digest(&bytes).to_vec();
        Ok(if is_long { self.compute.run(sum).await? } else { sum() })
    }

    /// Builds the row of a new file, with its checksum. The file belongs to no client and is unsynced.
    pub(in crate::app) async fn build_media_object(
        &self,
        key: &ObjectKey,
        kind: &str,
        bytes: &Bytes,
        media_type: &str,
    ) -> Result<MediaObject, AppError> {
        Ok(MediaObject {
            key: key.to_string(),
            kind: kind.to_owned(),
            client_id: None,
            size: i64::try_from(bytes.len()).map_err(AppError::internal)?,
            content_type: media_type.to_owned(),
            sha256: self.sha256(bytes.clone()).await?,
            date_created: self.clock.now(),
            location: None,
            date_synced: None,
            date_compared: None,
            original_type: None,
            content: None,
        })
    }
}
