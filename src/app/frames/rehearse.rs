//! Rehearsals: a story that is told without a server and not stored, for artists who shape prompts. It uses the same
//! models, prompts and storytellers as a Sparrow's story, and each frame continues the one before.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use tokio::time::{Duration, Instant};
use uuid::Uuid;

use super::FrameDependencies;
use super::perception::Perceiver;
use super::photograph::Photograph;
use super::pictures::draw_beat;
use super::random_seed::seed_from_id;
use super::run::strategy_prompts;
use crate::app::AppError;
use crate::app::config::Config;
use crate::app::models::{ModelSessionParams, Models};
use crate::compute::Compute;
use crate::domain::{FrameParameters, ImageAnalysis};
use crate::inference::{AudienceProfile, FrameContext, ModelSession, PromptObserver};
use crate::situation::Situation;
use crate::store::Strategy;
use crate::storytellers::{self, Scene, Telling};

/// The inputs of a rehearsal.
#[derive(Clone, Default)]
pub struct RehearsalOptions {
    /// A strategy's slug, or a storyteller's name.
    pub strategy: String,
    /// An encoded photograph that every frame is given.
    pub image: Option<Bytes>,
    /// A text that every frame is given.
    pub text: Option<String>,
    /// Where the story is told, as in the frame parameter `location`.
    pub location: Option<String>,
    /// Called with every prompt that is sent to a model.
    pub on_prompt: Option<PromptObserver>,
}

/// A frame that was told, with the time that each step took.
#[derive(Debug)]
pub struct RehearsedFrame {
    /// Where and when the frame is told, in words.
    pub situation: String,
    /// The description of the photograph.
    pub seen: Option<String>,
    /// Each beat's text with the description of its illustration; the latter is empty for a photograph.
    pub texts: Vec<(Option<String>, String)>,
    /// The illustrations, as PNG files.
    pub pictures: Vec<Vec<u8>>,
    /// Sentences that say what went wrong.
    pub notes: Vec<String>,
    /// The steps, in order, with the time that each took.
    pub steps: Vec<(&'static str, Duration)>,
}

/// A rehearsal that has started.
pub struct RehearsalSession<'a> {
    rehearsals: &'a Rehearsals,
    options: RehearsalOptions,
    strategy: Arc<Strategy>,
    id: Uuid,
    texts: Vec<String>,
    state: Value,
    memories: Map<String, Value>,
    number: u32,
}

/// Tells stories that are not stored.
#[derive(Debug)]
pub(super) struct Rehearsals {
    compute: Compute,
    config: Arc<Config>,
    models: Arc<Models>,
    perceiver: Arc<Perceiver>,
}

impl Rehearsals {
    pub(super) fn new(deps: &FrameDependencies, perceiver: Arc<Perceiver>) -> Self {
        Self {
            compute: deps.compute.clone(),
            config: Arc::clone(&deps.config),
            models: Arc::clone(&deps.models),
            perceiver,
        }
    }

    /// Starts a story that is not stored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::app::ErrorKind::Invalid) if there is no such strategy.
    pub(super) async fn start(
        &self,
        options: RehearsalOptions,
    ) -> Result<RehearsalSession<'_>, AppError> {
        let found = self.config.strategy(&options.strategy).await?;
        let reason = "there is no such strategy";
        let strategy = found.ok_or_else(|| AppError::invalid("strategy", reason))?;
        Ok(RehearsalSession {
            rehearsals: self,
            options,
            strategy,
            id: Uuid::now_v7(),
            texts: Vec::new(),
            state: Value::Null,
            memories: Map::new(),
            number: 0,
        })
    }
}

impl RehearsalSession<'_> {
    /// Tells the next frame.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the photograph cannot be decoded, or no provider answers, not even the offline one.
    pub async fn next_frame(&mut self) -> Result<RehearsedFrame, AppError> {
        let params = ModelSessionParams {
            client_id: CLIENT_ID,
            story_id: None,
            memories: self.memories.clone(),
            strategy: &self.strategy,
            on_prompt: self.options.on_prompt.clone(),
        };
        let session = self.rehearsals.models.model_session(params).await?;
        let mut steps = StepTimes::default();
        let photograph = self.load_photograph().await?;
        let template = self.strategy.prompts.get("vision").map_or("", String::as_str);
        let describing = self.rehearsals.perceiver.describe_photograph(
            photograph.as_ref(),
            template.trim(),
            &session,
        );
        let seen = steps.time("perceive", describing).await?;
        let location = self.options.location.as_deref();
        let situating = self.rehearsals.perceiver.situate(location, None);
        let situation = steps.time("situate", situating).await;
        let parameters = self.parameters()?;
        let context = self.frame_context(seen, &situation, &parameters);
        let photograph_name = photograph.as_ref().map(Photograph::name);
        let scene = Scene {
            context: &context,
            situation: &situation.text,
            photograph: photograph_name.as_deref(),
            parameters: &parameters,
            prompts: strategy_prompts(&self.strategy),
            session: &session,
        };
        let storyteller = storytellers::find(&self.strategy.strategy_name)
            .ok_or_else(|| AppError::internal("the strategy's storyteller does not exist"))?;
        let telling = steps.time("tell", storyteller.tell(&scene)).await;
        let telling = telling.map_err(AppError::internal)?;
        let drawing = self.draw_pictures(&telling, &context, photograph.as_ref(), &session);
        let pictures = steps.time("illustrate", drawing).await?;
        session.pending_spend().settle().await;
        let (notes, memories) = session.into_notes_and_memories();
        self.record(&telling, memories);
        let texts = telling.beats.into_iter();
        let texts =
            texts.map(|beat| (beat.text, beat.illustration.description().to_owned())).collect();
        let seen = context.seen.map(|analysis| analysis.description);
        Ok(RehearsedFrame {
            situation: situation.text,
            seen,
            texts,
            pictures,
            notes,
            steps: steps.0,
        })
    }

    fn frame_context(
        &self,
        seen: Option<ImageAnalysis>,
        situation: &Situation,
        parameters: &FrameParameters,
    ) -> FrameContext {
        FrameContext {
            seed: seed_from_id(self.id),
            frame_number: self.number,
            prior: self.texts.clone(),
            state: self.state.clone(),
            memory: Value::Null,
            seen,
            heard: None,
            said: self.options.text.clone(),
            place: situation.place.clone(),
            hour: situation.hour,
            season: situation.season,
            style: parameters.output_text_style.clone(),
            max_chars: parameters.max_output_text_length.map(|max| max as usize),
            known: AudienceProfile::default(),
        }
    }

    fn record(&mut self, telling: &Telling, memories: Map<String, Value>) {
        self.texts.extend(telling.beats.iter().filter_map(|beat| beat.text.clone()));
        self.state = telling.state.clone();
        self.memories = memories;
        self.number += u32::try_from(telling.beats.len()).unwrap_or_default();
    }

    fn parameters(&self) -> Result<FrameParameters, AppError> {
        Ok(FrameParameters::parse(&self.strategy.parameters)?)
    }

    async fn load_photograph(&self) -> Result<Option<Photograph>, AppError> {
        let Some(bytes) = self.options.image.clone() else { return Ok(None) };
        let decoded = self.rehearsals.compute.run(move || Photograph::decode(&bytes)).await?;
        decoded.map(Some).map_err(|error| AppError::invalid("image", error))
    }

    async fn draw_pictures(
        &self,
        telling: &Telling,
        context: &FrameContext,
        photograph: Option<&Photograph>,
        session: &ModelSession,
    ) -> Result<Vec<Vec<u8>>, AppError> {
        let mut pictures = Vec::new();
        for (index, beat) in telling.beats.iter().enumerate() {
            let drawn = draw_beat(index, beat, context, photograph, session).await?;
            let png = self.rehearsals.compute.run(move || drawn.encode_png()).await?;
            pictures.push(png.map_err(AppError::internal)?);
        }
        Ok(pictures)
    }
}

/// Client id of every rehearsal; a configuration may refer to it.
const CLIENT_ID: &str = "rehearsal";

#[derive(Default)]
struct StepTimes(Vec<(&'static str, Duration)>);

impl StepTimes {
    async fn time<T>(&mut self, step: &'static str, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let output = Box::pin(work).await;
        self.0.push((step, started.elapsed()));
        output
    }
}
