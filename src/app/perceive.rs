//! What a Sparrow's photograph shows and its recording says.

use std::io::ErrorKind;
use std::sync::Arc;

use image::RgbImage;

use super::accept::FrameJob;
use super::{App, AppError};
use crate::domain::Sight;
use crate::imaging::{self, ImagingError};

/// The longest side of a picture that is looked at, in pixels.
const LOOKED_AT: u32 = 1024;

/// What came in, understood as far as it can be.
#[derive(Debug)]
pub(super) struct Perceived {
    pub(super) seen: Option<Sight>,
    /// Sentences for the frame's `errors`.
    pub(super) notes: Vec<String>,
}

impl App {
    pub(super) async fn perceive(&self, job: &FrameJob) -> Result<Perceived, AppError> {
        let mut notes = Vec::new();
        if job.sound.is_some() {
            notes.push(
                "The sound was kept but not understood, because no transcription is configured."
                    .to_owned(),
            );
        }
        if job.video.is_some() {
            let note =
                "The video was kept but not looked at, because nothing here understands videos.";
            notes.push(note.to_owned());
        }
        let seen = match &job.image {
            Some(key) => self.look_at(key, &mut notes).await?,
            None => None,
        };
        Ok(Perceived { seen, notes })
    }

    /// A photograph that is gone or cannot be read any more costs the frame its sight, not its being told.
    async fn look_at(&self, key: &str, notes: &mut Vec<String>) -> Result<Option<Sight>, AppError> {
        let bytes = match self.objects.read(key).await {
            Ok(bytes) => bytes,
            Err(error) if error.source.kind() == ErrorKind::NotFound => {
                notes.push("The photograph is gone, so nothing was seen.".to_owned());
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let picture = match self.compute.run(move || small(&bytes)).await? {
            Ok(picture) => Arc::new(picture),
            Err(error) => {
                notes.push(format!("The photograph was not seen, because {error}."));
                return Ok(None);
            }
        };
        match self.registry.see(picture).await {
            Ok(sight) => Ok(Some(sight)),
            Err(error) => {
                notes.push(format!("The photograph was not seen, because {error}."));
                Ok(None)
            }
        }
    }
}

/// A photograph at the size that models look at: many of them may wait for their turn at once.
fn small(bytes: &[u8]) -> Result<RgbImage, ImagingError> {
    let picture = imaging::decode(bytes)?;
    if picture.width().max(picture.height()) <= LOOKED_AT {
        return Ok(picture);
    }
    let is_wide = picture.width() >= picture.height();
    let (width, height) = if is_wide { (Some(LOOKED_AT), None) } else { (None, Some(LOOKED_AT)) };
    Ok(imaging::fit(&picture, width, height)?.into_owned())
}
