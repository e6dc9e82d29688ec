//! Small pictures for pages: of frames, in a few widths, rendered when somebody first asks, and of storytellers.

use std::time::Duration;

use bytes::Bytes;

use super::Pictures;
use super::renditions::RenditionSpec;
use crate::app::AppError;
use crate::domain::{DigitalSourceType, Dither, FrameParameters, ImageFormat, Provenance, Size};
use crate::imaging::{self, ImagingError};
use crate::painter::{self, PaintRequest};
use crate::store::Illustration;

/// The longest wait for the turn of a small picture. The original is served instead.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Side of a storyteller's picture in pixels.
const STORYTELLER_SIDE: u32 = 240;

/// A width of small pictures. There are few, so that nobody can fill the disk with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmallWidth(u32);

impl SmallWidth {
    /// The widths in pixels.
    pub const ALL: [u32; 3] = [160, 320, 640];

    /// Returns the width of this many pixels, if it is one of [`SmallWidth::ALL`].
    #[must_use]
    pub fn new(pixels: u32) -> Option<Self> {
        Self::ALL.contains(&pixels).then_some(Self(pixels))
    }
}

impl Pictures {
    /// Returns the media key of the small JPEG of an illustration. Renders and stores it if nobody asked for it before.
    /// Returns `None` if no illustration has the key, if the illustration is not wider, or if others have to be
    /// rendered first.
    pub(in crate::app::frames) async fn small_picture(
        &self,
        key: &str,
        width: SmallWidth,
    ) -> Result<Option<String>, AppError> {
        let Some(illustration) = self.store.illustration(key).await? else { return Ok(None) };
        let Illustration { image: original, story_id, client_id } = illustration;
        if original.width.unsigned_abs() <= width.0 {
            return Ok(None);
        }
        let parameters = FrameParameters {
            output_image_format: Some(ImageFormat::Jpeg),
            output_image_width: Some(width.0),
            ..FrameParameters::default()
        };
        let spec = RenditionSpec::new(&original, &parameters);
        let id = spec.rendition_id(original.id);
        if let Some(existing) = self.store.image(id).await? {
            return Ok(Some(existing.key));
        }
        let turn = tokio::time::timeout(MAX_WAIT, self.small_turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Ok(None) };
        // Somebody else may have asked for the same picture meanwhile.
        if let Some(existing) = self.store.image(id).await? {
            return Ok(Some(existing.key));
        }
        let rendered =
            self.render(&client_id, Some(story_id), &original, &spec, &parameters).await?;
        Ok(Some(rendered.url))
    }

    /// Returns a picture for a storyteller as a JPEG, painted from words. It is painted once and kept in memory.
    pub(in crate::app::frames) async fn storyteller_picture(
        &self,
        words: &str,
    ) -> Result<Bytes, AppError> {
        if let Some(painted) = self.storytellers.get(words) {
            return Ok(painted);
        }
        let _turn = self.small_turns.acquire().await.map_err(AppError::internal)?;
        if let Some(painted) = self.storytellers.get(words) {
            return Ok(painted);
        }
        let prompt = words.to_owned();
        let painted = self.compute.run(move || {
            let size = Size::new(STORYTELLER_SIDE, STORYTELLER_SIDE);
            let request = PaintRequest { prompt: &prompt, size, seed: 7, features: None };
            let jpeg = imaging::encode(&painter::paint(&request), ImageFormat::Jpeg, Dither::None)?;
            let provenance = Provenance::new(DigitalSourceType::AlgorithmicMedia, None);
            Ok::<_, ImagingError>(imaging::with_provenance(jpeg, ImageFormat::Jpeg, &provenance))
        });
        let painted = Bytes::from(painted.await?.map_err(AppError::internal)?);
        self.storytellers.insert(words.to_owned(), painted.clone());
        Ok(painted)
    }
}
