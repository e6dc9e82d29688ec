//! The pictures and narrations of a book.

use bytes::Bytes;
use calliope_books::{Book, BookPicture, Narration, PictureFormat};

use super::{BookFormat, Books};
use crate::app::AppError;
use crate::compute::{DecodePurpose, Decoding};
use crate::domain::{Dither, ImageFormat, Provenance};
use crate::imaging::{self, ImagingError};
use crate::store::ReadableFrame;

/// Longest side of a picture, in pixels: 270 a inch on an A5 page.
const MAX_SIDE: u32 = 1240;

/// Longest side of the pictures after those that took up [`MAX_PICTURE_BYTES`], in pixels.
const SMALLER_SIDE: u32 = 620;

/// The bytes of pictures after which further ones are smaller.
const MAX_PICTURE_BYTES: usize = 24 << 20;

/// The most bytes of a narration.
const MAX_NARRATION_BYTES: usize = 2 << 20;

/// The most bytes of all narrations of a book. Those after them are left out.
const MAX_NARRATIONS_BYTES: usize = 16 << 20;

/// The number of bytes of a file from which decoding it takes long.
const LARGE_BYTES: usize = 4 << 20;

/// The audio formats that every EPUB reader plays, each with the extension of its files.
const CORE_AUDIO: [(&str, &str); 2] = [("audio/mpeg", "mp3"), ("audio/mp4", "m4a")];

impl Books {
    /// Reads the pictures and narrations of a book's pages, one after another.
    pub(super) async fn add_media(
        &self,
        book: &mut Book,
        frames: &[ReadableFrame],
        format: BookFormat,
        reader: &str,
    ) -> Result<(), AppError> {
        let (mut picture_bytes, mut narration_bytes) = (0, 0);
        for (page, frame) in book.pages.iter_mut().zip(frames) {
            if let Some(picture) = page.picture.take() {
                let side = if picture_bytes < MAX_PICTURE_BYTES { MAX_SIDE } else { SMALLER_SIDE };
                page.picture = self.picture(picture.alt, frame, side, format, reader).await?;
                picture_bytes += page.picture.as_ref().map_or(0, |picture| picture.file.len());
            }
            if format == BookFormat::Epub && narration_bytes < MAX_NARRATIONS_BYTES {
                page.narration = self.narration(frame).await?;
                narration_bytes += page.narration.as_ref().map_or(0, |sound| sound.file.len());
            }
        }
        Ok(())
    }

    /// Returns a frame's picture in the size of print; `None` if it is not there any more.
    async fn picture(
        &self,
        alt: String,
        frame: &ReadableFrame,
        side: u32,
        format: BookFormat,
        reader: &str,
    ) -> Result<Option<BookPicture>, AppError> {
        let Some(key) = &frame.image_key else { return Ok(None) };
        let Some(file) = self.files.read_bytes(key).await? else { return Ok(None) };
        let decoding = Decoding {
            client_id: reader,
            is_large: file.len() > LARGE_BYTES,
            purpose: DecodePurpose::Check,
        };
        let provenance = frame.provenance.known();
        let may_stay_png = format == BookFormat::Epub;
        let scaled = self
            .compute
            .decode(decoding, move || scale(file, side, may_stay_png, provenance.as_ref(), alt));
        match scaled.await? {
            Ok(picture) => Ok(Some(picture)),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(key, error, "a picture is left out of a book");
                Ok(None)
            }
        }
    }

    /// Returns a frame's narration, if every reader plays it and it is not too large.
    async fn narration(&self, frame: &ReadableFrame) -> Result<Option<Narration>, AppError> {
        let (Some(key), Some(format)) = (&frame.audio_key, &frame.audio_format) else {
            return Ok(None);
        };
        let core = CORE_AUDIO.iter().find(|(media_type, _)| media_type == format);
        let (Some((media_type, extension)), Some(seconds)) = (core, frame.audio_seconds) else {
            return Ok(None);
        };
        let file = self.files.read_bytes(key).await?;
        let file = file.filter(|file| file.len() <= MAX_NARRATION_BYTES);
        Ok(file.map(|file| Narration {
            file,
            media_type: (*media_type).to_owned(),
            extension: (*extension).to_owned(),
            seconds,
        }))
    }
}

/// Scales a picture down and encodes it as JPEG, with its provenance. A PNG that is small enough and takes fewer bytes
/// stays as it is, if it may.
fn scale(
    file: Bytes,
    side: u32,
    may_stay_png: bool,
    provenance: Option<&Provenance>,
    alt: String,
) -> Result<BookPicture, ImagingError> {
    let pixels = imaging::decode(&file)?;
    let is_wide = pixels.width() >= pixels.height();
    let is_small = pixels.width().max(pixels.height()) <= side;
    let (width, height) = match (is_small, is_wide) {
        (true, _) => (None, None),
        (false, true) => (Some(side), None),
        (false, false) => (None, Some(side)),
    };
    let fitted = imaging::fit(&pixels, width, height)?;
    let (width, height) = (fitted.width(), fitted.height());
    let mut jpeg = imaging::encode(&fitted, ImageFormat::Jpeg, Dither::None)?;
    if let Some(provenance) = provenance {
        jpeg = imaging::with_provenance(jpeg, ImageFormat::Jpeg, provenance);
    }
    let is_png = imaging::sniff(&file) == Some(imaging::InputFormat::Png);
    let stays = may_stay_png && is_png && is_small && file.len() <= jpeg.len();
    let (file, format) =
        if stays { (file, PictureFormat::Png) } else { (Bytes::from(jpeg), PictureFormat::Jpeg) };
    Ok(BookPicture { file, format, width, height, alt })
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::domain::DigitalSourceType;

    fn png(pixels: &RgbImage) -> Bytes {
        imaging::encode(pixels, ImageFormat::Png, Dither::None).expect("encoded").into()
    }

    fn holds(file: &[u8], mark: &[u8]) -> bool {
        file.windows(mark.len()).any(|bytes| bytes == mark)
    }

    #[test]
    fn pictures_get_the_size_of_print_and_keep_where_they_come_from() {
        let noise =
            |x: u32, y: u32| Rgb([((x * 7) ^ (y * 13)) as u8, (x * y) as u8, (y * 31) as u8]);
        let large = png(&RgbImage::from_fn(1500, 900, noise));
        let model = Some("a-model".to_owned());
        let provenance = Provenance::new(DigitalSourceType::TrainedAlgorithmicMedia, model);
        for may_stay_png in [true, false] {
            let scaled = scale(large.clone(), 1240, may_stay_png, Some(&provenance), String::new())
                .expect("scaled");
            assert_eq!((scaled.width, scaled.height), (1240, 744));
            assert_eq!(scaled.format, PictureFormat::Jpeg);
            assert!(holds(&scaled.file, b"digitalsourcetype/trainedAlgorithmicMedia"));
            assert!(holds(&scaled.file, b"a-model"));
        }
        let flat = png(&RgbImage::from_pixel(30, 40, Rgb([9, 9, 90])));
        let kept = scale(flat.clone(), 1240, true, None, "A night".to_owned()).expect("scaled");
        assert_eq!((kept.format, kept.file), (PictureFormat::Png, flat.clone()));
        let printed = scale(flat, 1240, false, None, String::new()).expect("scaled");
        assert_eq!((printed.format, printed.height), (PictureFormat::Jpeg, 40));
        assert!(scale(Bytes::from_static(b"no picture"), 9, true, None, String::new()).is_err());
    }
}
