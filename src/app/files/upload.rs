//! Media that is fetched by name, and media that people upload.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::Files;
use crate::app::{AppError, ErrorKind};
use crate::audio::AudioFormat;
use crate::domain::{MediaName, ObjectKey};
use crate::imaging;
use crate::store::MediaObject;

/// Bytes above which hashing goes to the blocking threads: about a tenth of a millisecond's work.
const MAX_INLINE_HASH_BYTES: usize = 64 * 1024;

/// What the extension of a media name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaFormat {
    /// The media type to serve it with.
    pub media_type: &'static str,
    /// How its bytes are recognised.
    encoding: Encoding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Image(imaging::InputFormat),
    Audio(AudioFormat),
    Video,
    /// Device pixels: without a header, nothing tells them from noise.
    RawPixels,
}

impl MediaFormat {
    /// Returns what a key's extension promises; `None` for what is not kept here.
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
            "mp4" => ("video/mp4", Encoding::Video),
            "webm" => ("video/webm", Encoding::Video),
            _ => return None,
        };
        Some(Self { media_type, encoding: family })
    }

    /// Whether bytes are what the extension says.
    fn matches_bytes(self, bytes: &[u8]) -> bool {
        match self.encoding {
            Encoding::Image(format) => imaging::sniff(bytes) == Some(format),
            Encoding::Audio(format) => AudioFormat::sniff(bytes) == Some(format),
            Encoding::Video => matches!(
                (self.media_type, AudioFormat::sniff(bytes)),
                ("video/mp4", Some(AudioFormat::M4a)) | ("video/webm", Some(AudioFormat::Webm))
            ),
            Encoding::RawPixels => !bytes.is_empty() && bytes.len().is_multiple_of(2),
        }
    }
}

/// What an upload did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadOutcome {
    /// There was nothing of this name.
    Created,
    /// It took the place of an earlier upload.
    Replaced,
}

impl Files {
    /// Keeps an upload.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnsupportedMedia`] when it is no media or not what its name says, [`ErrorKind::Conflict`] when
    /// the name is a frame's.
    pub async fn upload_media(
        &self,
        name: MediaName,
        bytes: Bytes,
    ) -> Result<UploadOutcome, AppError> {
        let key = ObjectKey::Media(name);
        let kind = MediaFormat::from_key(&key).filter(|kind| kind.matches_bytes(&bytes)).ok_or_else(|| {
            let detail = "Only images, sounds and videos are kept here, and the bytes must be what the name's extension says.";
            AppError::new(ErrorKind::UnsupportedMedia, detail)
        })?;
        let object = self.build_media_object(&key, "upload", &bytes, kind.media_type).await?;
        // The slow part comes before the transaction: others want to write too.
        let staged = self.local.stage(&key, bytes.clone()).await?;
        let mut tx = self.store.begin().await?;
        let earlier = tx.media_object(&object.key).await?;
        // On some disks `A.PNG` and `a.png` are one file; frames are all in lower case.
        let lower = tx.media_object(&object.key.to_lowercase()).await?;
        let taken = earlier.as_ref().or(lower.as_ref());
        if taken.as_ref().is_some_and(|taken| taken.kind != object.kind) {
            let detail = "This name belongs to a frame, which never changes; choose another name.";
            return Err(AppError::new(ErrorKind::Conflict, detail));
        }
        tx.upsert_media_object(&object).await?;
        // The row comes first: should the file not follow, the transaction is dropped with it.
        staged.commit().await?;
        tx.save().await?;
        // Only once it is kept here: an earlier upload must not be replaced in the bucket alone.
        if let Some(bucket) = &self.bucket
            && self.try_upload_now(bucket, vec![(key, bytes)]).await.is_some()
        {
            self.mark_synced(bucket, &object).await?;
        }
        Ok(if earlier.is_some() { UploadOutcome::Replaced } else { UploadOutcome::Created })
    }

    /// The SHA-256 of a file, on the threads for such work where it is long.
    pub(in crate::app) async fn sha256(&self, bytes: Bytes) -> Result<Vec<u8>, AppError> {
        let is_long = bytes.len() > MAX_INLINE_HASH_BYTES;
        let sum = move || Sha256::digest(&bytes).to_vec();
        Ok(if is_long { self.compute.run(sum).await? } else { sum() })
    }

    /// A file's row, with its checksum.
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
        })
    }
}
