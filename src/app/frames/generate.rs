//! Telling a frame: from the claimed task to the saved frame.
//!
//! The steps are perceive, situate, tell, illustrate (which also renders) and keep. No row is written before the last
//! step, so a kill at any moment leaves a task that runs again and, at most, orphaned files that maintenance removes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::FrameDependencies;
use super::attachments::{Attachments, Narration, wants_video};
use super::perception::{Perceiver, Perception};
use super::persist::FramePersister;
use super::photograph::Photograph;
use super::pictures::{BeatPictures, Pictures, draw_beat};
use super::random_seed::seed_from_id;
use super::run::{FrameRun, GeneratedFrame, strategy_prompts};
use crate::app::clients::{Clients, extract_lessons};
use crate::app::config::Config;
use crate::app::jobs::{StepTracker, TaskOutcome, TellFrame};
use crate::app::models::{ModelSessionParams, Models};
use crate::app::stories::FrameView;
use crate::app::{AppError, ErrorKind};
use crate::domain::FrameParameters;
use crate::inference::{CallTotals, FrameContext, ModelSession};
use crate::store::{Lease, Store};
use crate::storytellers::{self, Scene, StorytellerError, Telling, TemplateError};
use crate::telemetry;

/// Maximum number of earlier texts that a storyteller is given.
const PRIOR_TEXTS: i64 = 30;

/// Tells frames.
#[derive(Debug)]
pub(super) struct Generator {
    store: Store,
    config: Arc<Config>,
    models: Arc<Models>,
    clients: Arc<Clients>,
    perceiver: Arc<Perceiver>,
    pictures: Arc<Pictures>,
    attachments: Arc<Attachments>,
    persister: FramePersister,
}

/// The result of a run: what the log line about it says.
struct RunSummary {
    frames: usize,
    totals: CallTotals,
    was_offline: bool,
}

impl RunSummary {
    fn new(frames: usize, session: &ModelSession) -> Self {
        Self { frames, totals: session.call_totals(), was_offline: session.was_offline() }
    }

    /// Writes the one line that an operator reads for each frame.
    fn log(&self, run: &FrameRun<'_>, elapsed: Duration) {
        let mut providers = self.totals.providers();
        if self.was_offline || providers.is_empty() {
            providers.push_str(if providers.is_empty() { "offline" } else { ",offline" });
        }
        tracing::info!(
            client_id = run.job.client_id.as_str(),
            story_id = %run.story.id,
            strategy = run.strategy.slug,
            frames = self.frames,
            elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            providers,
            cost_usd = self.totals.micro_usd() as f64 / 1e6,
            "frame told"
        );
    }
}

impl Generator {
    pub(super) fn new(
        deps: &FrameDependencies,
        perceiver: Arc<Perceiver>,
        pictures: Arc<Pictures>,
        attachments: Arc<Attachments>,
    ) -> Self {
        Self {
            store: deps.store.clone(),
            config: Arc::clone(&deps.config),
            models: Arc::clone(&deps.models),
            clients: Arc::clone(&deps.clients),
            perceiver,
            pictures,
            persister: FramePersister::new(deps, Arc::clone(&attachments)),
            attachments,
        }
    }

    /// Tells the frame of a claimed task, and completes the task in the transaction that saves the frame.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the frame could not be told; nothing was saved then. [`AppError::is_retryable`] says whether to
    /// try again.
    pub(super) async fn tell_frame(
        &self,
        lease: &Lease,
        job: TellFrame,
        steps: &StepTracker,
    ) -> Result<TaskOutcome, AppError> {
        let started = Instant::now();
        let run = self.prepare(lease, job).await?;
        let attempt = telemetry::FrameAttempt::start(&run.strategy.slug);
        let summary = self.generate(&run, steps).await;
        attempt.finish(summary.as_ref().ok().map(|summary| summary.frames));
        summary?.log(&run, started.elapsed());
        Ok(TaskOutcome::Completed)
    }

    /// Tells and saves what comes next in the story.
    async fn generate(
        &self,
        run: &FrameRun<'_>,
        steps: &StepTracker,
    ) -> Result<RunSummary, AppError> {
        let session = ModelSessionParams::for_story(&run.story, &run.job.client_id, &run.strategy);
        let session = self.models.model_session(session).await?;
        let mut perceived = steps.run("perceive", self.perceiver.perceive(run, &session)).await?;
        let (context, situation) = steps.run("situate", self.situate(run, &perceived)).await?;
        let storyteller = storytellers::find(&run.strategy.strategy_name).ok_or_else(|| {
            AppError::internal(format!("no storyteller is called {}", run.strategy.strategy_name))
        })?;
        let photograph = perceived.photograph.as_ref();
        let photograph_name = photograph.map(Photograph::name);
        let scene = Scene {
            context: &context,
            situation: &situation,
            photograph: photograph_name.as_deref(),
            parameters: &run.parameters,
            prompts: strategy_prompts(&run.strategy),
            session: &session,
        };
        let telling = steps.run("tell", storyteller.tell(&scene)).await;
        let telling = telling.map_err(explain)?;
        let attached = self.illustrate_and_narrate(run, &context, &telling, photograph, &session);
        let attached = self.persister.publish_words_during(run, &telling, attached);
        let (pictures, narration) = steps.run("illustrate", attached).await?;
        let count = pictures.len();
        let wants_video = wants_video(&run.parameters, &session) && count > 0;
        // If nothing is new, the answer repeats the last frame, because a device must have something to show.
        let repeated_frame = match count {
            0 => self.load_newest_frame(run).await?,
            _ => None,
        };
        let summary = RunSummary::new(count, &session);
        let (spend, text_models) = (session.pending_spend(), session.writers());
        let (mut notes, memories) = session.into_notes_and_memories();
        notes.append(&mut perceived.notes);
        notes.extend(run.job.notes.iter().cloned());
        let (job, strategy) = (&run.job, &run.strategy.slug);
        let may_learn = count > 0 && self.clients.can_learn_from(&job.client_id).await?;
        let learn_job =
            may_learn.then(|| extract_lessons(job, strategy, &context, &run.parameters));
        let generated = GeneratedFrame {
            telling,
            pictures,
            narration,
            text_models,
            wants_video,
            repeated_frame,
            perceived,
            situation,
            notes,
            memories,
            learn_job,
            spend,
        };
        steps.run("keep", self.persister.save(run, generated)).await?;
        Ok(summary)
    }

    /// Draws and narrates all beats concurrently. If a picture fails, removes the narrations that were written.
    async fn illustrate_and_narrate(
        &self,
        run: &FrameRun<'_>,
        context: &FrameContext,
        telling: &Telling,
        photograph: Option<&Photograph>,
        session: &ModelSession,
    ) -> Result<(Vec<BeatPictures>, Narration), AppError> {
        let illustrated = self.illustrate_all(run, context, telling, photograph, session);
        let narrated = self.attachments.narrate(run, telling, session);
        let (pictures, narration) = tokio::join!(illustrated, narrated);
        match pictures {
            Ok(pictures) => Ok((pictures, narration)),
            Err(error) => {
                self.persister.discard(narration.keys()).await;
                Err(error)
            }
        }
    }

    /// Draws and writes each beat's pictures. If one fails, removes those that were written.
    async fn illustrate_all(
        &self,
        run: &FrameRun<'_>,
        context: &FrameContext,
        telling: &Telling,
        photograph: Option<&Photograph>,
        session: &ModelSession,
    ) -> Result<Vec<BeatPictures>, AppError> {
        let mut pictures: Vec<BeatPictures> = Vec::with_capacity(telling.beats.len());
        for (index, beat) in telling.beats.iter().enumerate() {
            let drawn = draw_beat(index, beat, context, photograph, session).await;
            let illustrated = match drawn {
                Ok(drawn) => self.pictures.illustrate(run, index, drawn).await,
                Err(error) => Err(error),
            };
            match illustrated {
                Ok(picture) => pictures.push(picture),
                Err(error) => {
                    let files = pictures.iter().flat_map(BeatPictures::files);
                    self.persister.discard(files.map(|file| file.key.clone()).collect()).await;
                    return Err(error);
                }
            }
        }
        Ok(pictures)
    }

    async fn load_newest_frame(&self, run: &FrameRun<'_>) -> Result<Option<FrameView>, AppError> {
        let Some(newest) = self.store.newest_frame(run.story.id).await? else { return Ok(None) };
        let image = self.pictures.rendition(&run.job.client_id, &newest, &run.parameters).await?;
        Ok(Some(FrameView { image, ..FrameView::from_row(newest.frame) }))
    }

    async fn prepare<'a>(
        &self,
        lease: &'a Lease,
        job: TellFrame,
    ) -> Result<FrameRun<'a>, AppError> {
        let gone = || AppError::new(ErrorKind::NotFound, "The story was deleted meanwhile.");
        let story_id = lease.task().story_id.ok_or_else(gone)?;
        let story = self.store.story(story_id).await?.ok_or_else(gone)?;
        let strategy = self.config.story_strategy(&story).await?;
        let parameters = FrameParameters::parse(&job.parameters)?;
        Ok(FrameRun { lease, job, story, strategy, parameters })
    }

    async fn situate(
        &self,
        run: &FrameRun<'_>,
        perceived: &Perception,
    ) -> Result<(FrameContext, String), AppError> {
        let parameters = &run.parameters;
        let location = parameters.location.as_deref();
        let situation = self.perceiver.situate(location, Some(&run.job.client_id)).await;
        let context = FrameContext {
            seed: seed_from_id(run.story.id),
            frame_number: run.story.frame_count.unsigned_abs(),
            prior: self.store.latest_texts(run.story.id, PRIOR_TEXTS).await?,
            state: run.story.state.get("telling").cloned().unwrap_or(Value::Null),
            memory: Value::Null,
            seen: perceived.seen.clone(),
            heard: perceived.heard.clone(),
            said: parameters.input_text.clone(),
            place: situation.place,
            hour: situation.hour,
            season: situation.season,
            style: parameters.output_text_style.clone(),
            max_chars: parameters.max_output_text_length.map(|max| max as usize),
            known: self.clients.client_knowledge(&run.job.client_id).await?,
        };
        Ok((context, situation.text))
    }
}

/// Explains why a storyteller failed. A template that cannot be used stays so until an admin changes it.
fn explain(error: StorytellerError) -> AppError {
    use TemplateError::{Engine, Refused};
    match error {
        StorytellerError::Prompt(reason @ (Engine(_) | Refused { .. })) => {
            let detail = format!(
                "The prompt template of the strategy cannot be used: {reason}. An admin must correct it."
            );
            AppError { cause: Some(reason.into()), ..AppError::new(ErrorKind::Conflict, detail) }
        }
        error => AppError::internal(error),
    }
}
