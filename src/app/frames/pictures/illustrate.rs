//! From an illustration's prompt to files: the original as PNG, the picture in the device's format, and a thumbnail for
//! a story's first illustration. The files are written immediately, so that a request for many frames does not hold all
//! their pictures in memory.

use std::iter;

use bytes::Bytes;
use image::RgbImage;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Pictures;
use crate::app::AppError;
use crate::app::frames::FrameRun;
use crate::app::frames::photograph::Photograph;
use crate::app::frames::random_seed::mix;
use crate::app::stories::ImageView;
use crate::domain::{Dither, FrameParameters, ImageFormat, MediaName, ObjectKey, Size};
use crate::imaging::{self, ImagingError};
use crate::inference::{DecodedImage, FrameContext, ImageRequest, ModelSession};
use crate::store::MediaObject;
use crate::storytellers::{Beat, Illustration};

/// Size of generated illustrations, in pixels.
pub(in crate::app::frames) const DEFAULT_SIZE: Size = Size::new(512, 512);

/// Longest side of a thumbnail, in pixels.
const MAX_THUMBNAIL_SIDE: u32 = 48;

/// A picture whose file is written and whose rows are not saved yet.
#[derive(Debug, Clone)]
pub(in crate::app::frames) struct RenderedPicture {
    pub(in crate::app::frames) id: Uuid,
    pub(in crate::app::frames) key: ObjectKey,
    pub(in crate::app::frames) object: MediaObject,
    pub(in crate::app::frames) view: ImageView,
    /// The dithering that was requested; `None` for originals and thumbnails.
    pub(in crate::app::frames) dither: Option<Dither>,
}

/// The pictures of one beat.
#[derive(Debug)]
pub(in crate::app::frames) struct BeatPictures {
    pub(in crate::app::frames) original: RenderedPicture,
    /// The picture in the device's format and size; `None` if the original has them already.
    pub(in crate::app::frames) device: Option<RenderedPicture>,
    /// The story's thumbnail; `Some` only for the first illustration of a story.
    pub(in crate::app::frames) thumbnail: Option<RenderedPicture>,
}

/// An encoded picture.
pub(in crate::app::frames) struct EncodedPicture {
    pub(in crate::app::frames) bytes: Vec<u8>,
    pub(in crate::app::frames) size: Size,
    pub(in crate::app::frames) format: ImageFormat,
    /// The dithering that was requested, even if the format does not use it; `None` for originals and thumbnails.
    pub(in crate::app::frames) dither: Option<Dither>,
}

impl BeatPictures {
    /// Returns the picture that the device shows.
    pub(in crate::app::frames) fn device_or_original(&self) -> &RenderedPicture {
        self.device.as_ref().unwrap_or(&self.original)
    }

    /// Returns the original and, if they exist, the device's picture and the thumbnail.
    pub(in crate::app::frames) fn files(&self) -> impl Iterator<Item = &RenderedPicture> {
        iter::once(&self.original).chain(&self.device).chain(&self.thumbnail)
    }
}

/// Selects the pictures to make of an original.
pub(in crate::app::frames) struct PictureOptions {
    pub(in crate::app::frames) parameters: FrameParameters,
    pub(in crate::app::frames) with_thumbnail: bool,
}

/// Returns the picture of one beat: the photograph that came with the request, or a generated image.
pub(in crate::app::frames) async fn draw_beat(
    index: usize,
    beat: &Beat,
    context: &FrameContext,
    photograph: Option<&Photograph>,
    session: &ModelSession,
) -> Result<DecodedImage, AppError> {
    match (&beat.illustration, photograph) {
        (Illustration::Photograph, Some(photograph)) => Ok(photograph.to_drawn()),
        (Illustration::Photograph, None) => {
            Err(AppError::internal("there is no photograph to show"))
        }
        (Illustration::Painting(words), _) => {
            let seed =
                mix(context.seed ^ mix((u64::from(context.frame_number) << 16) + index as u64));
            let prompt = words.clone();
            let seen = context.seen.clone();
            let request = ImageRequest { prompt, size: DEFAULT_SIZE, seed, seen };
            session.generate_image(&request).await.map_err(AppError::internal)
        }
    }
}

impl Pictures {
    /// Renders and writes the pictures of one beat of a frame.
    pub(in crate::app::frames) async fn illustrate(
        &self,
        run: &FrameRun<'_>,
        index: usize,
        picture: DecodedImage,
    ) -> Result<BeatPictures, AppError> {
        let is_first = index == 0 && run.story.frame_count == 0;
        let options =
            PictureOptions { parameters: run.parameters.clone(), with_thumbnail: is_first };
        self.write_pictures(picture, &run.job.client_id, options).await
    }

    /// Renders a picture in all its forms and writes their files.
    pub(in crate::app::frames) async fn write_pictures(
        &self,
        picture: DecodedImage,
        client_id: &str,
        options: PictureOptions,
    ) -> Result<BeatPictures, AppError> {
        let encoded = self.compute.run(move || encode_all(picture, &options)).await?;
        let encoded = encoded.map_err(AppError::internal)?;
        let [original, device, thumbnail] = encoded;
        let original = original.ok_or_else(|| AppError::internal("no picture was encoded"))?;
        let mut files = Vec::new();
        let illustrated = BeatPictures {
            original: self.add_rendered(client_id, original, &mut files)?,
            device: self.render_optional(client_id, device, &mut files)?,
            thumbnail: self.render_optional(client_id, thumbnail, &mut files)?,
        };
        let placement = self.files.write_files(files).await?;
        let synced = |mut rendered: RenderedPicture| {
            rendered.object = self.files.with_sync_state(rendered.object, &placement);
            rendered
        };
        Ok(BeatPictures {
            original: synced(illustrated.original),
            device: illustrated.device.map(&synced),
            thumbnail: illustrated.thumbnail.map(synced),
        })
    }

    fn render_optional(
        &self,
        client_id: &str,
        encoded: Option<(EncodedPicture, [u8; 32])>,
        files: &mut Vec<(ObjectKey, Bytes)>,
    ) -> Result<Option<RenderedPicture>, AppError> {
        match encoded {
            Some(encoded) => self.add_rendered(client_id, encoded, files).map(Some),
            None => Ok(None),
        }
    }

    fn add_rendered(
        &self,
        client_id: &str,
        encoded: (EncodedPicture, [u8; 32]),
        files: &mut Vec<(ObjectKey, Bytes)>,
    ) -> Result<RenderedPicture, AppError> {
        let (EncodedPicture { bytes, size, format, dither }, sha256) = encoded;
        let id = Uuid::now_v7();
        let key = ObjectKey::Media(MediaName::generated(id, format.extension()));
        let bytes = Bytes::from(bytes);
        let object = self.files.media_object(
            &key,
            "frame",
            bytes.len(),
            format.media_type(),
            sha256.to_vec(),
        )?;
        let object = MediaObject { client_id: Some(client_id.to_owned()), ..object };
        let view = ImageView {
            width: size.width.cast_signed(),
            height: size.height.cast_signed(),
            format: format.media_type().to_owned(),
            url: key.to_string(),
        };
        files.push((key.clone(), bytes));
        Ok(RenderedPicture { id, key, object, view, dither })
    }
}

/// A file with its SHA-256.
type Summed = (EncodedPicture, [u8; 32]);

/// Encodes the original, the device's picture if it differs, and the thumbnail if one is requested, in this order. Each
/// comes with its SHA-256.
fn encode_all(
    picture: DecodedImage,
    options: &PictureOptions,
) -> Result<[Option<Summed>; 3], ImagingError> {
    let DecodedImage { pixels, png } = picture;
    let size = Size::new(pixels.width(), pixels.height());
    let png = match png {
        Some(png) => png,
        None => imaging::encode(&pixels, ImageFormat::Png, Dither::None)?,
    };
    let original = EncodedPicture { bytes: png, size, format: ImageFormat::Png, dither: None };
    let device = encode_for_device(&pixels, &options.parameters)?;
    let thumbnail = if options.with_thumbnail { Some(encode_thumbnail(&pixels)?) } else { None };
    let with_sum = |picture: EncodedPicture| {
        let sha256 = Sha256::digest(&picture.bytes).into();
        (picture, sha256)
    };
    Ok([Some(original), device, thumbnail].map(|picture| picture.map(with_sum)))
}

/// Encodes the device's picture; `None` if the original is in the requested format and size.
fn encode_for_device(
    pixels: &RgbImage,
    parameters: &FrameParameters,
) -> Result<Option<EncodedPicture>, ImagingError> {
    let original = Size::new(pixels.width(), pixels.height());
    let (width, height) = (parameters.output_image_width, parameters.output_image_height);
    let is_png = matches!(parameters.output_image_format, None | Some(ImageFormat::Png));
    if is_png && imaging::fitted_size(original, width, height) == original {
        return Ok(None);
    }
    encode_device_picture(pixels, parameters).map(Some)
}

/// Fits, dithers and encodes a picture as the frame parameters ask for.
pub(in crate::app::frames) fn encode_device_picture(
    pixels: &RgbImage,
    parameters: &FrameParameters,
) -> Result<EncodedPicture, ImagingError> {
    let format = parameters.output_image_format.unwrap_or(ImageFormat::Png);
    let (width, height) = (parameters.output_image_width, parameters.output_image_height);
    let fitted = imaging::fit(pixels, width, height)?;
    let size = Size::new(fitted.width(), fitted.height());
    let dither = parameters.output_image_dither.unwrap_or_default();
    let bytes = imaging::encode(&fitted, format, dither)?;
    Ok(EncodedPicture { bytes, size, format, dither: Some(dither) })
}

fn encode_thumbnail(pixels: &RgbImage) -> Result<EncodedPicture, ImagingError> {
    let is_wide = pixels.width() >= pixels.height();
    let (width, height) =
        if is_wide { (Some(MAX_THUMBNAIL_SIDE), None) } else { (None, Some(MAX_THUMBNAIL_SIDE)) };
    let small = imaging::fit(pixels, width, height)?;
    let size = Size::new(small.width(), small.height());
    let bytes = imaging::encode(&small, ImageFormat::Png, Dither::None)?;
    Ok(EncodedPicture { bytes, size, format: ImageFormat::Png, dither: None })
}
