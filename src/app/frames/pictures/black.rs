//! Black pictures, which devices show during a blackout.

use bytes::Bytes;
use image::RgbImage;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{DEFAULT_SIZE, Pictures};
use crate::app::AppError;
use crate::app::stories::{FrameView, ImageView};
use crate::domain::{Dither, FrameParameters, ImageFormat, MediaName, ObjectKey, Size};
use crate::imaging;

/// A text without words. Some clients need a text, and its text ends with a newline.
const NO_WORDS: &str = "\n";

impl Pictures {
    /// Returns a frame with black pictures of the same formats and sizes, and without words, sound and video.
    ///
    /// # Errors
    ///
    /// [`AppError`] if a picture cannot be stored.
    pub(in crate::app::frames) async fn blacken(
        &self,
        frame: FrameView,
    ) -> Result<FrameView, AppError> {
        Ok(FrameView {
            text: Some(NO_WORDS.to_owned()),
            image: self.black_like(frame.image).await?,
            source_image: self.black_like(frame.source_image).await?,
            video: None,
            audio: None,
            // A device that waits for a trigger would not learn that the blackout has ended.
            trigger_condition: None,
            provenance: None,
            ..frame
        })
    }

    /// Returns a frame that is black, in the format and size that `parameters` ask for.
    ///
    /// # Errors
    ///
    /// [`AppError`] if a picture cannot be stored.
    pub(in crate::app::frames) async fn black_frame(
        &self,
        parameters: &FrameParameters,
        min_duration_seconds: i32,
    ) -> Result<FrameView, AppError> {
        let (width, height) = (parameters.output_image_width, parameters.output_image_height);
        let format = parameters.output_image_format.unwrap_or(ImageFormat::Png);
        let size = imaging::fitted_size(DEFAULT_SIZE, width, height);
        let metadata = serde_json::json!({"blackout": true});
        Ok(FrameView {
            text: Some(NO_WORDS.to_owned()),
            image: Some(self.black_picture(format, size).await?),
            source_image: Some(self.black_picture(ImageFormat::Png, DEFAULT_SIZE).await?),
            video: None,
            audio: None,
            min_duration_seconds,
            trigger_condition: None,
            metadata: serde_json::value::to_raw_value(&metadata).map_err(AppError::internal)?,
            provenance: None,
        })
    }

    async fn black_like(&self, picture: Option<ImageView>) -> Result<Option<ImageView>, AppError> {
        let Some(picture) = picture else { return Ok(None) };
        let format: ImageFormat = picture.format.parse().map_err(AppError::internal)?;
        let size = Size::new(picture.width.unsigned_abs(), picture.height.unsigned_abs());
        self.black_picture(format, size).await.map(Some)
    }

    /// Returns the black picture of a format and size. It is stored once for all clients, and stays.
    async fn black_picture(&self, format: ImageFormat, size: Size) -> Result<ImageView, AppError> {
        let key =
            ObjectKey::Media(MediaName::generated(picture_id(format, size), format.extension()));
        let view = ImageView {
            width: size.width.cast_signed(),
            height: size.height.cast_signed(),
            format: format.media_type().to_owned(),
            url: key.to_string(),
        };
        if self.store.media_object(&view.url).await?.is_some() {
            return Ok(view);
        }
        let encoded = self.compute.run(move || {
            imaging::encode(&RgbImage::new(size.width, size.height), format, Dither::None)
        });
        let bytes = Bytes::from(encoded.await?.map_err(AppError::internal)?);
        let object =
            self.files.build_media_object(&key, "frame", &bytes, format.media_type()).await?;
        let placement = self.files.write_files(vec![(key, bytes)]).await?;
        let object = self.files.with_sync_state(object, &placement);
        let mut tx = self.store.begin().await?;
        tx.upsert_media_object(&object).await?;
        tx.save().await?;
        Ok(view)
    }
}

/// Derives the id (UUID version 8) of a black picture, so that an existing one is found.
fn picture_id(format: ImageFormat, size: Size) -> Uuid {
    let identity = format!("black {} {} {}", format.media_type(), size.width, size.height);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(identity)[..16]);
    Uuid::new_v8(bytes)
}
