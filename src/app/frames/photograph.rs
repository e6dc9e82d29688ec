//! The photograph of a request, decoded and prepared for models, and the memory in which it waits for its frame.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use bytes::Bytes;
use image::RgbImage;
use sha2::{Digest, Sha256};

use crate::imaging::{self, ImagingError};
use crate::inference::DecodedImage;

/// Longest side of a photograph that models are given, in pixels.
const MAX_VISION_SIDE: u32 = 1024;

/// The size of a file, in bytes, above which models get a copy in another quality.
const MAX_VISION_BYTES: usize = 1 << 20;

/// The memory that decoded photographs of waiting frames may take, in bytes.
const MAX_WAITING_BYTES: usize = 32 << 20;

/// How long a decoded photograph waits for its frame. Another instance may tell the frame.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// A photograph, scaled down to the size that models are given.
#[derive(Debug, Clone)]
pub(super) struct Photograph {
    /// The SHA-256 of the file's bytes.
    pub(super) sha256: [u8; 32],
    pub(super) pixels: Arc<RgbImage>,
    /// The file as it was sent, without its metadata; `None` if it is too large for models, or not a JPEG that every
    /// program shows in the same way.
    pub(super) jpeg: Option<Bytes>,
}

impl Photograph {
    /// Decodes a file. This takes milliseconds, so it must not run on an async thread.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, ImagingError> {
        let (pixels, is_original) = decode_for_vision(bytes)?;
        let is_small = is_original && bytes.len() <= MAX_VISION_BYTES;
        let jpeg = if is_small { imaging::plain_jpeg(bytes).map(Bytes::from) } else { None };
        Ok(Self { sha256: Sha256::digest(bytes).into(), pixels: Arc::new(pixels), jpeg })
    }

    /// Returns a name of the photograph: the same for the same file.
    pub(super) fn name(&self) -> String {
        BASE64.encode(&self.sha256[..18])
    }

    /// Returns the photograph as a frame's picture.
    pub(super) fn to_drawn(&self) -> DecodedImage {
        DecodedImage { pixels: RgbImage::clone(&self.pixels), png: None }
    }

    /// Returns the number of bytes that the photograph takes in memory.
    fn size(&self) -> usize {
        self.pixels.as_raw().len() + self.jpeg.as_ref().map_or(0, Bytes::len)
    }
}

/// Decodes a photograph and scales it down to [`MAX_VISION_SIDE`], because many photographs may wait in memory at once.
/// Returns also whether it has the size of the file.
fn decode_for_vision(bytes: &[u8]) -> Result<(RgbImage, bool), ImagingError> {
    let picture = imaging::decode(bytes)?;
    if picture.width().max(picture.height()) <= MAX_VISION_SIDE {
        return Ok((picture, true));
    }
    let is_wide = picture.width() >= picture.height();
    let (width, height) =
        if is_wide { (Some(MAX_VISION_SIDE), None) } else { (None, Some(MAX_VISION_SIDE)) };
    Ok((imaging::fit(&picture, width, height)?.into_owned(), false))
}

/// The photographs of accepted orders, by the key of their file. A frame that is told by the process that accepted it
/// finds its photograph here, and decodes the file otherwise.
#[derive(Debug, Default)]
pub(super) struct WaitingPhotographs(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// The oldest first.
    entries: VecDeque<(Instant, String, Photograph)>,
    bytes: usize,
}

impl WaitingPhotographs {
    /// Keeps a photograph. If the memory is full, the oldest ones are dropped.
    pub(super) fn put(&self, key: String, photograph: Photograph) {
        let mut waiting = self.lock();
        waiting.bytes += photograph.size();
        waiting.entries.push_back((Instant::now(), key, photograph));
        waiting.drop_old();
    }

    /// Takes out the photograph of a file.
    pub(super) fn take(&self, key: &str) -> Option<Photograph> {
        let mut waiting = self.lock();
        let index = waiting.entries.iter().position(|(_, other, _)| other == key)?;
        let (_, _, photograph) = waiting.entries.remove(index)?;
        waiting.bytes -= photograph.size();
        waiting.drop_old();
        Some(photograph)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // No code that can panic runs under the lock, so it is never poisoned.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn drop_old(&mut self) {
        while let Some((since, _, photograph)) = self.entries.front()
            && (self.bytes > MAX_WAITING_BYTES || since.elapsed() > MAX_WAIT)
        {
            self.bytes -= photograph.size();
            self.entries.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photograph(bytes: usize) -> Photograph {
        let pixels = RgbImage::new(u32::try_from(bytes / 3).expect("a width"), 1);
        Photograph { sha256: [0; 32], pixels: Arc::new(pixels), jpeg: None }
    }

    #[test]
    fn a_photograph_is_found_once() {
        let waiting = WaitingPhotographs::default();
        waiting.put("a".to_owned(), photograph(3));
        waiting.put("b".to_owned(), photograph(6));
        assert_eq!(waiting.take("b").expect("it waits").pixels.width(), 2);
        assert!(waiting.take("b").is_none());
        assert!(waiting.take("a").is_some());
        assert_eq!(waiting.lock().bytes, 0);
    }

    #[test]
    fn the_memory_is_bounded_and_the_newest_stay() {
        let waiting = WaitingPhotographs::default();
        for number in 0..100 {
            waiting.put(number.to_string(), photograph(3 << 20));
            assert!(waiting.lock().bytes <= MAX_WAITING_BYTES);
        }
        assert!(waiting.take("89").is_none());
        assert!(waiting.take("99").is_some() && waiting.take("90").is_some());
        waiting.put("huge".to_owned(), photograph(3 * MAX_WAITING_BYTES));
        assert!(waiting.take("huge").is_none());
        assert_eq!(waiting.lock().bytes, 0);
    }

    #[test]
    fn models_get_the_file_itself_if_it_is_small_enough() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/astronaut_640x480.jpg");
        let file = std::fs::read(path).expect("a fixture");
        let photograph = Photograph::decode(&file).expect("a picture");
        let jpeg = photograph.jpeg.expect("a plain JPEG");
        assert_eq!(imaging::decode(&jpeg).expect("decodes"), *photograph.pixels);
        let large = imaging::fit(&photograph.pixels, Some(1600), Some(1200)).expect("fits");
        let large =
            imaging::encode(&large, crate::domain::ImageFormat::Jpeg, crate::domain::Dither::None);
        let scaled = Photograph::decode(&large.expect("encoded")).expect("a picture");
        assert_eq!((scaled.pixels.width(), scaled.jpeg), (MAX_VISION_SIDE, None));
    }
}
