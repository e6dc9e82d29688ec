//! What a Sparrow's photograph shows and its recording says.
//!
//! A photograph is always measured, for the image model; models that describe it run concurrently. If an input cannot
//! be understood, the frame is told without it.

use std::error::Error;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use bytes::Bytes;
use image::RgbImage;
use sha2::{Digest, Sha256};

use super::large_picture::is_large;
use super::{FrameDependencies, FrameRun, transcript};
use crate::app::AppError;
use crate::app::files::Files;
use crate::audio::{self, AudioFormat, AudioMeasurement, PcmFormat};
use crate::compute::{Compute, DecodePurpose, Decoding};
use crate::domain::{Clock, ImageAnalysis, ObjectKey};
use crate::imaging::{self, ImagingError};
use crate::inference::{DecodedImage, ModelSession, SoundRequest, merge_image_analyses};
use crate::situation::{Situation, SituationService};
use crate::vision;

/// Longest side of a photograph that models are given, in pixels.
const MAX_VISION_SIDE: u32 = 1024;

/// The inputs of a frame, as far as they could be understood.
#[derive(Debug, Default)]
pub(super) struct Perception {
    pub(super) seen: Option<ImageAnalysis>,
    /// The transcript of the recording; `None` if there was no speech or no model understood it.
    pub(super) heard: Option<String>,
    /// The photograph, if one came and could be decoded.
    pub(super) photograph: Option<Photograph>,
    /// Sentences for the frame's `errors`.
    pub(super) notes: Vec<String>,
}

/// A photograph, scaled down to the size that models are given.
#[derive(Debug, Clone)]
pub(super) struct Photograph {
    /// A hash of the file's bytes: the same for the same file.
    pub(super) name: String,
    pub(super) pixels: Arc<RgbImage>,
}

impl Photograph {
    /// Decodes a file. This takes milliseconds, so it must not run on an async thread.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, ImagingError> {
        let pixels = decode_for_vision(bytes)?;
        let digest = Sha256::digest(bytes);
        Ok(Self { name: BASE64.encode(&digest[..18]), pixels: Arc::new(pixels) })
    }

    /// Returns the photograph as a frame's picture.
    pub(super) fn to_drawn(&self) -> DecodedImage {
        DecodedImage { pixels: RgbImage::clone(&self.pixels), png: None }
    }
}

/// Understands a frame's inputs, and describes its place and time.
#[derive(Debug)]
pub(super) struct Perceiver {
    clock: Arc<dyn Clock>,
    compute: Compute,
    files: Arc<Files>,
    situator: SituationService,
}

impl Perceiver {
    pub(super) fn new(deps: &FrameDependencies) -> Self {
        Self {
            clock: Arc::clone(&deps.clock),
            compute: deps.compute.clone(),
            files: Arc::clone(&deps.files),
            situator: deps.situator.clone(),
        }
    }

    /// Returns where and when a frame is told.
    pub(super) async fn situate(
        &self,
        location: Option<&str>,
        client_id: Option<&str>,
    ) -> Situation {
        self.situator.resolve(location, client_id, self.clock.now()).await
    }

    /// Reads a frame's inputs and has models understand them. What fails is noted and does not fail the frame.
    pub(super) async fn perceive(
        &self,
        run: &FrameRun<'_>,
        session: &ModelSession,
    ) -> Result<Perception, AppError> {
        let job = &run.job;
        let mut perceived = Perception::default();
        if job.video.is_some() {
            let note =
                "The video was kept but not looked at, because nothing here understands videos.";
            perceived.notes.push(note.to_owned());
        }
        if let Some(key) = &job.image {
            let client_id = run.story.client_id.as_str();
            perceived.photograph =
                self.load_photograph(key, client_id, &mut perceived.notes).await?;
        }
        let sound = match &job.sound {
            Some(key) => self.load_sound(key, &mut perceived.notes).await?,
            None => None,
        };
        let template = run.strategy.prompts.get("vision").map_or("", String::as_str);
        let describing =
            self.describe_photograph(perceived.photograph.as_ref(), template.trim(), session);
        let transcribing = async {
            match &sound {
                Some(sound) => session.transcribe(sound).await,
                None => None,
            }
        };
        let (seen, heard) = tokio::join!(describing, transcribing);
        perceived.seen = seen?;
        perceived.heard = heard.and_then(|words| transcript::spoken_words(&words));
        Ok(perceived)
    }

    /// Merges a model's description of the photograph with its measurements. Without a model, returns the measurements
    /// alone.
    pub(super) async fn describe_photograph(
        &self,
        photograph: Option<&Photograph>,
        prompt: &str,
        session: &ModelSession,
    ) -> Result<Option<ImageAnalysis>, AppError> {
        let Some(photograph) = photograph else { return Ok(None) };
        let pixels = Arc::clone(&photograph.pixels);
        let measuring = self.compute.run(move || vision::analyze(&pixels));
        let (measured, described) =
            tokio::join!(measuring, session.describe_image(&photograph.pixels, prompt));
        let measured = measured?;
        Ok(Some(match described {
            // Measured colour names add nothing to a description; only the features are merged.
            Some(described) => merge_image_analyses(
                described,
                ImageAnalysis { features: measured.features, ..ImageAnalysis::default() },
            ),
            None => measured,
        }))
    }

    async fn load_photograph(
        &self,
        key: &str,
        client_id: &str,
        notes: &mut Vec<String>,
    ) -> Result<Option<Photograph>, AppError> {
        let Some(bytes) = self.load_input(key, "photograph", notes).await? else { return Ok(None) };
        let (is_large, purpose) = (is_large(&bytes), DecodePurpose::Task);
        let decoding = Decoding { client_id, is_large, purpose };
        match self.compute.decode(decoding, move || Photograph::decode(&bytes)).await? {
            Ok(photograph) => Ok(Some(photograph)),
            Err(error) => {
                notes.push(format!("The photograph was not seen, because {error}."));
                Ok(None)
            }
        }
    }

    /// Reads a recording in the form that providers accept: raw PCM gets a WAV header, and a WAV file the sizes that it
    /// really has. Returns `None` for silence, which is not sent to any provider.
    async fn load_sound(
        &self,
        key: &str,
        notes: &mut Vec<String>,
    ) -> Result<Option<SoundRequest>, AppError> {
        let Some(bytes) = self.load_input(key, "sound", notes).await? else { return Ok(None) };
        let is_pcm = key.parse::<ObjectKey>().is_ok_and(|key| key.extension() == "pcm");
        let to_file = move || {
            let file =
                if is_pcm { audio::pcm_to_wav(&bytes, PcmFormat::MONO).into() } else { bytes };
            audio::with_correct_sizes(file)
        };
        let bytes = self.compute.run(to_file).await?;
        let Some(format) = AudioFormat::sniff(&bytes) else {
            notes.push("The format of the sound is not supported.".to_owned());
            return Ok(None);
        };
        // A provider may still understand a recording that the decoder here cannot read.
        let measured = self.measure_sound(&bytes).await;
        if measured.is_some_and(|measured| measured.is_silent()) {
            notes.push("Nothing was heard in the sound: it is silent.".to_owned());
            return Ok(None);
        }
        let seconds = measured.map(|measured| measured.seconds);
        Ok(Some(SoundRequest { bytes, format, seconds }))
    }

    /// Measures how long a recording is and whether it is silent; `None` if it cannot be decoded.
    pub(super) async fn measure_sound(&self, bytes: &Bytes) -> Option<AudioMeasurement> {
        let file = bytes.clone();
        let measured = self.compute.run(move || audio::measure(file)).await;
        measured
            .inspect_err(|error| {
                let error = error as &dyn Error;
                tracing::warn!(error, "the audio decoder panicked");
            })
            .ok()?
    }

    /// Reads a file that came with the request. If it is gone, adds a note and returns `None`.
    async fn load_input(
        &self,
        key: &str,
        what: &str,
        notes: &mut Vec<String>,
    ) -> Result<Option<Bytes>, AppError> {
        let bytes = self.files.read_input(key).await?;
        if bytes.is_none() {
            notes.push(format!("The {what} is gone, so nothing of it was understood."));
        }
        Ok(bytes)
    }
}

/// Decodes a photograph and scales it down to [`MAX_VISION_SIDE`], because many photographs may wait in memory at once.
fn decode_for_vision(bytes: &[u8]) -> Result<RgbImage, ImagingError> {
    let picture = imaging::decode(bytes)?;
    if picture.width().max(picture.height()) <= MAX_VISION_SIDE {
        return Ok(picture);
    }
    let is_wide = picture.width() >= picture.height();
    let (width, height) =
        if is_wide { (Some(MAX_VISION_SIDE), None) } else { (None, Some(MAX_VISION_SIDE)) };
    Ok(imaging::fit(&picture, width, height)?.into_owned())
}
