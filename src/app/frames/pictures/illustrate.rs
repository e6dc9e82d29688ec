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
use crate::domain::{
    DigitalSourceType, Dither, FrameParameters, ImageFormat, MediaName, ObjectKey, Provenance, Size,
};
use crate::imaging::{self, ImagingError};
use crate::inference::{DecodedImage, FrameContext, ImageRequest, ModelImage, ModelSession};
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

/// A picture and where it comes from.
#[derive(Debug)]
pub(in crate::app::frames) struct DrawnPicture {
    pub(in crate::app::frames) image: DecodedImage,
    pub(in crate::app::frames) provenance: Provenance,
}

/// The pictures of one beat.
#[derive(Debug)]
pub(in crate::app::frames) struct BeatPictures {
    /// Where all of them come from.
    pub(in crate::app::frames) provenance: Provenance,
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

impl DrawnPicture {
    /// A photograph that is shown as it is.
    fn photograph(image: DecodedImage) -> Self {
        Self { image, provenance: Provenance::new(DigitalSourceType::DigitalCapture, None) }
    }

    /// Encodes the picture as PNG, with its provenance. A file that a provider sent is kept but for that.
    pub(in crate::app::frames) fn encode_png(self) -> Result<Vec<u8>, ImagingError> {
        encode_png(&self.image.pixels, self.image.png, &self.provenance)
    }
}

impl From<ModelImage> for DrawnPicture {
    fn from(ModelImage { image, model }: ModelImage) -> Self {
        let source = match &model {
            Some(_) => DigitalSourceType::TrainedAlgorithmicMedia,
            None => DigitalSourceType::AlgorithmicMedia,
        };
        Self { image, provenance: Provenance::new(source, model) }
    }
}

fn encode_png(
    pixels: &RgbImage,
    file: Option<Vec<u8>>,
    provenance: &Provenance,
) -> Result<Vec<u8>, ImagingError> {
    let file = match file {
        Some(file) => file,
        None => imaging::encode(pixels, ImageFormat::Png, Dither::None)?,
    };
    Ok(imaging::with_provenance(file, ImageFormat::Png, provenance))
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
) -> Result<DrawnPicture, AppError> {
    match (&beat.illustration, photograph) {
        (Illustration::Photograph, Some(photograph)) => {
            Ok(DrawnPicture::photograph(photograph.to_drawn()))
        }
        (Illustration::Photograph, None) => {
            Err(AppError::internal("there is no photograph to show"))
        }
        (Illustration::Painting(words), _) => {
            let seed =
                mix(context.seed ^ mix((u64::from(context.frame_number) << 16) + index as u64));
            let prompt = words.clone();
            let seen = context.seen.clone();
            let request = ImageRequest { prompt, size: DEFAULT_SIZE, seed, seen };
            session.generate_image(&request).await.map(Into::into).map_err(AppError::internal)
        }
    }
}

impl Pictures {
    /// Renders and writes the pictures of one beat of a frame.
    pub(in crate::app::frames) async fn illustrate(
        &self,
        run: &FrameRun<'_>,
        index: usize,
        picture: DrawnPicture,
    ) -> Result<BeatPictures, AppError> {
        let is_first = index == 0 && run.story.frame_count == 0;
        let options =
            PictureOptions { parameters: run.parameters.clone(), with_thumbnail: is_first };
        self.write_pictures(picture, &run.job.client_id, options).await
    }

    /// Renders a picture in all its forms and writes their files.
    pub(in crate::app::frames) async fn write_pictures(
        &self,
        picture: DrawnPicture,
        client_id: &str,
        options: PictureOptions,
    ) -> Result<BeatPictures, AppError> {
        let provenance = picture.provenance.clone();
        let encoded = self.compute.run(move || encode_all(picture, &options)).await?;
        let encoded = encoded.map_err(AppError::internal)?;
        let [original, device, thumbnail] = encoded;
        let original = original.ok_or_else(|| AppError::internal("no picture was encoded"))?;
        let mut files = Vec::new();
        let illustrated = BeatPictures {
            provenance,
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
            provenance: illustrated.provenance,
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
    picture: DrawnPicture,
    options: &PictureOptions,
) -> Result<[Option<Summed>; 3], ImagingError> {
    let DrawnPicture { image: DecodedImage { pixels, png }, provenance } = picture;
    let size = Size::new(pixels.width(), pixels.height());
    let png = encode_png(&pixels, png, &provenance)?;
    let original = EncodedPicture { bytes: png, size, format: ImageFormat::Png, dither: None };
    let device = encode_for_device(&pixels, &options.parameters, &provenance)?;
    let thumbnail =
        if options.with_thumbnail { Some(encode_thumbnail(&pixels, &provenance)?) } else { None };
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
    provenance: &Provenance,
) -> Result<Option<EncodedPicture>, ImagingError> {
    let original = Size::new(pixels.width(), pixels.height());
    let (width, height) = (parameters.output_image_width, parameters.output_image_height);
    let is_png = matches!(parameters.output_image_format, None | Some(ImageFormat::Png));
    if is_png && imaging::fitted_size(original, width, height) == original {
        return Ok(None);
    }
    encode_device_picture(pixels, parameters, Some(provenance)).map(Some)
}

/// Fits, dithers and encodes a picture as the frame parameters ask for, with its provenance if that is known.
pub(in crate::app::frames) fn encode_device_picture(
    pixels: &RgbImage,
    parameters: &FrameParameters,
    provenance: Option<&Provenance>,
) -> Result<EncodedPicture, ImagingError> {
    let format = parameters.output_image_format.unwrap_or(ImageFormat::Png);
    let (width, height) = (parameters.output_image_width, parameters.output_image_height);
    let fitted = imaging::fit(pixels, width, height)?;
    let size = Size::new(fitted.width(), fitted.height());
    let dither = parameters.output_image_dither.unwrap_or_default();
    let mut bytes = imaging::encode(&fitted, format, dither)?;
    if let Some(provenance) = provenance {
        bytes = imaging::with_provenance(bytes, format, provenance);
    }
    Ok(EncodedPicture { bytes, size, format, dither: Some(dither) })
}

fn encode_thumbnail(
    pixels: &RgbImage,
    provenance: &Provenance,
) -> Result<EncodedPicture, ImagingError> {
    let is_wide = pixels.width() >= pixels.height();
    let (width, height) =
        if is_wide { (Some(MAX_THUMBNAIL_SIDE), None) } else { (None, Some(MAX_THUMBNAIL_SIDE)) };
    let small = imaging::fit(pixels, width, height)?;
    let size = Size::new(small.width(), small.height());
    let bytes = encode_png(&small, None, provenance)?;
    Ok(EncodedPicture { bytes, size, format: ImageFormat::Png, dither: None })
}
