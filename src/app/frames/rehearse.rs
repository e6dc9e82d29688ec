//! A story told without a server and without keeping any of it, for artists who shape prompts: the same models,
//! prompts and storytellers as for a Sparrow, each frame told on from the one before.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::time::{Duration, Instant};
use uuid::Uuid;

use super::Below;
use super::chance::seed_of;
use super::pictures::picture_of;
use super::run::prompts;
use super::senses::{Photograph, Senses};
use crate::app::AppError;
use crate::app::config::Config;
use crate::app::models::{MindsOf, Models};
use crate::compute::Compute;
use crate::domain::{Dither, ImageFormat, Parameters};
use crate::imaging;
use crate::inference::{Brief, Drawn, Known, Minds, Overhear};
use crate::store::Strategy;
use crate::storytellers::{self, Scene, Telling};

/// What a rehearsal is given.
#[derive(Clone, Default)]
pub struct Rehearsal {
    /// A strategy's slug, or a storyteller's name.
    pub strategy: String,
    /// A photograph for each frame.
    pub image: Option<Bytes>,
    /// A text for each frame.
    pub text: Option<String>,
    /// Where it is told.
    pub location: Option<String>,
    /// Hears every prompt.
    pub overhear: Option<Overhear>,
}

/// A frame that was told, and how long each step took.
#[derive(Debug)]
pub struct Rehearsed {
    /// Where and when it is, in words.
    pub situation: String,
    /// What the photograph shows.
    pub seen: Option<String>,
    /// Each text with what was to be painted.
    pub texts: Vec<(Option<String>, String)>,
    /// Its pictures, as PNG files.
    pub pictures: Vec<Vec<u8>>,
    /// What went wrong, in plain words.
    pub notes: Vec<String>,
    /// The steps and their times.
    pub steps: Vec<(&'static str, Duration)>,
}

/// A story under way.
pub struct Rehearsing<'a> {
    rehearsals: &'a Rehearsals,
    order: Rehearsal,
    strategy: Arc<Strategy>,
    id: Uuid,
    texts: Vec<String>,
    state: Value,
    memories: Map<String, Value>,
    number: u32,
}

/// Tells stories that nobody keeps.
#[derive(Debug)]
pub(super) struct Rehearsals {
    compute: Compute,
    config: Arc<Config>,
    models: Arc<Models>,
    senses: Arc<Senses>,
}

impl Rehearsals {
    pub(super) fn new(below: &Below, senses: Arc<Senses>) -> Self {
        Self {
            compute: below.compute.clone(),
            config: Arc::clone(&below.config),
            models: Arc::clone(&below.models),
            senses,
        }
    }

    /// Begins a story that nobody keeps.
    ///
    /// # Errors
    ///
    /// [`crate::app::ErrorKind::Invalid`] when there is no such strategy.
    pub(super) async fn rehearse(&self, order: Rehearsal) -> Result<Rehearsing<'_>, AppError> {
        let found = self.config.strategy(&order.strategy).await?;
        let reason = "there is no such strategy";
        let strategy = found.ok_or_else(|| AppError::invalid("strategy", reason))?;
        Ok(Rehearsing {
            rehearsals: self,
            order,
            strategy,
            id: Uuid::now_v7(),
            texts: Vec::new(),
            state: Value::Null,
            memories: Map::new(),
            number: 0,
        })
    }
}

impl Rehearsing<'_> {
    /// Tells the next frame.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the photograph cannot be used, or not even the offline provider answers.
    pub async fn next_frame(&mut self) -> Result<Rehearsed, AppError> {
        let of = MindsOf {
            client_id: CLIENT,
            story_id: None,
            memories: self.memories.clone(),
            strategy: &self.strategy,
            overhear: self.order.overhear.clone(),
        };
        let minds = self.rehearsals.models.minds(of).await?;
        let mut steps = Steps::default();
        let photograph = self.photograph().await?;
        let template = self.strategy.prompts.get("vision").map_or("", String::as_str);
        let seen = self.rehearsals.senses.see(photograph.as_ref(), template.trim(), &minds);
        let seen = steps.time("perceive", seen).await?;
        let location = self.order.location.as_deref();
        let situation = self.rehearsals.senses.situate(location, None);
        let situation = steps.time("situate", situation).await;
        let parameters = self.parameters()?;
        let brief = Brief {
            seed: seed_of(self.id),
            frame_number: self.number,
            prior: self.texts.clone(),
            state: self.state.clone(),
            memory: Value::Null,
            seen,
            heard: None,
            said: self.order.text.clone(),
            place: situation.place,
            hour: situation.hour,
            season: situation.season,
            style: parameters.output_text_style.clone(),
            max_chars: parameters.max_output_text_length.map(|most| most as usize),
            known: Known::default(),
        };
        let scene = Scene {
            brief: &brief,
            situation: &situation.text,
            photograph: photograph.as_ref().map(|photograph| photograph.name.as_str()),
            parameters: &parameters,
            prompts: prompts(&self.strategy),
            minds: &minds,
        };
        let storyteller = storytellers::find(&self.strategy.strategy_name)
            .ok_or_else(|| AppError::internal("the strategy's storyteller is not there"))?;
        let telling = steps.time("tell", storyteller.tell(&scene)).await;
        let telling = telling.map_err(AppError::internal)?;
        let drawn = self.draw_all(&telling, &brief, photograph.as_ref(), &minds);
        let pictures = steps.time("illustrate", drawn).await?;
        let (notes, memories) = minds.into_kept();
        self.keep(&telling, memories);
        let texts = telling.beats.into_iter();
        let texts = texts.map(|beat| (beat.text, beat.illustration.words().to_owned())).collect();
        let seen = brief.seen.map(|sight| sight.description);
        Ok(Rehearsed { situation: situation.text, seen, texts, pictures, notes, steps: steps.0 })
    }

    fn keep(&mut self, telling: &Telling, memories: Map<String, Value>) {
        self.texts.extend(telling.beats.iter().filter_map(|beat| beat.text.clone()));
        self.state = telling.state.clone();
        self.memories = memories;
        self.number += u32::try_from(telling.beats.len()).unwrap_or_default();
    }

    fn parameters(&self) -> Result<Parameters, AppError> {
        Ok(Parameters::read(&self.strategy.parameters)?)
    }

    async fn photograph(&self) -> Result<Option<Photograph>, AppError> {
        let Some(bytes) = self.order.image.clone() else { return Ok(None) };
        let read = self.rehearsals.compute.run(move || Photograph::read(&bytes)).await?;
        read.map(Some).map_err(|error| AppError::invalid("image", error))
    }

    async fn draw_all(
        &self,
        telling: &Telling,
        brief: &Brief,
        photograph: Option<&Photograph>,
        minds: &Minds,
    ) -> Result<Vec<Vec<u8>>, AppError> {
        let mut pictures = Vec::new();
        for (index, beat) in telling.beats.iter().enumerate() {
            let drawn = picture_of(index, beat, brief, photograph, minds).await?;
            let png = self.rehearsals.compute.run(move || png(drawn)).await?;
            pictures.push(png.map_err(AppError::internal)?);
        }
        Ok(pictures)
    }
}

/// The Sparrow that a rehearsal is told to: configurations may name it.
const CLIENT: &str = "rehearsal";

fn png(drawn: Drawn) -> Result<Vec<u8>, imaging::ImagingError> {
    match drawn.png {
        Some(png) => Ok(png),
        None => imaging::encode(&drawn.pixels, ImageFormat::Png, Dither::None),
    }
}

#[derive(Default)]
struct Steps(Vec<(&'static str, Duration)>);

impl Steps {
    async fn time<T>(&mut self, step: &'static str, work: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let done = Box::pin(work).await;
        self.0.push((step, begun.elapsed()));
        done
    }
}
