//! What a Sparrow's photograph shows and its recording says.

use std::sync::Arc;

use super::accept::FrameJob;
use super::{App, AppError};
use crate::domain::Sight;
use crate::imaging;

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
        let seen = match &job.image {
            Some(key) => self.look_at(key, &mut notes).await?,
            None => None,
        };
        Ok(Perceived { seen, notes })
    }

    /// A photograph that cannot be read any more costs the frame its sight, not its being told.
    async fn look_at(&self, key: &str, notes: &mut Vec<String>) -> Result<Option<Sight>, AppError> {
        let Ok(bytes) = self.objects.read(key).await else {
            notes.push("The photograph is gone, so nothing was seen.".to_owned());
            return Ok(None);
        };
        let picture = match self.compute.run(move || imaging::decode(&bytes)).await? {
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
