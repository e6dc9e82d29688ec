//! Renditions: a frame's picture in the format and size that a device asks for. If no stored picture matches, one is
//! rendered from the original and stored, so that each rendition is made once.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Pictures;
use super::illustrate::encode_device_picture;
use crate::app::AppError;
use crate::app::stories::ImageView;
use crate::domain::{Dither, FrameParameters, ImageFormat, MediaName, ObjectKey, Size};
use crate::imaging;
use crate::store::{FrameImage, MediaObject, NewImage, NewestFrame};

impl Pictures {
    /// Returns the picture of a frame in the format and size that `parameters` ask for; `None` for a frame without a
    /// picture.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the original is missing or cannot be read, or the rendition cannot be stored.
    pub(in crate::app::frames) async fn rendition(
        &self,
        client_id: &str,
        frame: &NewestFrame,
        parameters: &FrameParameters,
    ) -> Result<Option<ImageView>, AppError> {
        let Some(original) = &frame.original else { return Ok(None) };
        let spec = RenditionSpec::new(original, parameters);
        if spec.matches(original) {
            return Ok(Some(image_view(original)));
        }
        if let Some(device) = &frame.device
            && spec.matches(device)
        {
            return Ok(Some(image_view(device)));
        }
        if let Some(existing) = self.store.image(spec.rendition_id(original.id)).await? {
            return Ok(Some(image_view(&existing)));
        }
        self.render(client_id, None, original, &spec, parameters).await.map(Some)
    }

    /// Renders and stores a rendition. Concurrent calls for the same rendition write the same file and the same row. A
    /// `story_id` locks the story meanwhile, so that nobody deletes the original at the same time.
    pub(super) async fn render(
        &self,
        client_id: &str,
        story_id: Option<Uuid>,
        original: &FrameImage,
        spec: &RenditionSpec,
        parameters: &FrameParameters,
    ) -> Result<ImageView, AppError> {
        let id = spec.rendition_id(original.id);
        let bytes = self
            .files
            .read_bytes(&original.key)
            .await?
            .ok_or_else(|| AppError::file_missing(&original.key))?;
        let (parameters, provenance) = (parameters.clone(), original.provenance.known());
        let source = provenance.clone();
        let rendered = self.compute.run(move || {
            let pixels = imaging::decode(&bytes)?;
            encode_device_picture(&pixels, &parameters, source.as_ref())
        });
        let rendered = rendered.await?.map_err(AppError::internal)?;
        let format = rendered.format;
        let key = ObjectKey::Media(MediaName::generated(id, format.extension()));
        let bytes = Bytes::from(rendered.bytes);
        let object =
            self.files.build_media_object(&key, "frame", &bytes, format.media_type()).await?;
        let object = MediaObject { client_id: Some(client_id.to_owned()), ..object };
        let placement = self.files.write_files(vec![(key.clone(), bytes)]).await?;
        let object = self.files.with_sync_state(object, &placement);
        let mut tx = self.store.begin().await?;
        if let Some(story_id) = story_id
            && !tx.lock_story(story_id).await?
        {
            return Err(AppError::file_missing(&original.key));
        }
        tx.upsert_media_object(&object).await?;
        let (width, height) =
            (rendered.size.width.cast_signed(), rendered.size.height.cast_signed());
        let image = NewImage {
            id,
            media_key: &object.key,
            width,
            height,
            format: format.media_type(),
            dither: Some(spec.dither),
            provenance: provenance.as_ref(),
            now: self.clock.now(),
        };
        tx.insert_rendition(image, original.id).await?;
        tx.save().await?;
        let format = format.media_type().to_owned();
        Ok(ImageView { width, height, format, url: object.key })
    }
}

/// The parameters that distinguish one rendition of a picture from another.
pub(super) struct RenditionSpec {
    format: ImageFormat,
    size: Size,
    dither: Dither,
}

impl RenditionSpec {
    pub(super) fn new(original: &FrameImage, parameters: &FrameParameters) -> Self {
        let size = Size::new(original.width.unsigned_abs(), original.height.unsigned_abs());
        let (width, height) = (parameters.output_image_width, parameters.output_image_height);
        let format = parameters.output_image_format.unwrap_or(ImageFormat::Png);
        let dithers =
            matches!(format, ImageFormat::Rgb565 | ImageFormat::Grayscale16 | ImageFormat::Bmp);
        let requested = parameters.output_image_dither.unwrap_or_default();
        let dither = if dithers { requested } else { Dither::None };
        Self { format, size: imaging::fitted_size(size, width, height), dither }
    }

    /// Returns whether a stored picture is this rendition. A device's picture keeps the dithering that was requested
    /// for it, even in a format that does not use dithering.
    fn matches(&self, picture: &FrameImage) -> bool {
        let dither = picture.dither.unwrap_or_default();
        let size = Size::new(picture.width.unsigned_abs(), picture.height.unsigned_abs());
        picture.format == self.format.media_type() && size == self.size && dither == self.dither
    }

    /// Derives the rendition's id (UUID version 8) from the original's id and this spec, so that an existing rendition
    /// is found.
    pub(super) fn rendition_id(&self, original: Uuid) -> Uuid {
        let Self { format, size: Size { width, height }, dither } = self;
        let identity = format!("{original} {} {width} {height} {dither:?}", format.media_type());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&Sha256::digest(identity)[..16]);
        Uuid::new_v8(bytes)
    }
}

fn image_view(picture: &FrameImage) -> ImageView {
    ImageView {
        width: picture.width,
        height: picture.height,
        format: picture.format.clone(),
        url: picture.key.clone(),
    }
}
