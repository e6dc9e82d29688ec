//! Telling a frame: the middle of its way, from the job that was accepted to the frame that is kept.
//!
//! perceive → situate → tell → illustrate → render → keep. Nothing is kept before the last step, so a kill at any
//! moment leaves the task to be done again, and at most files that the sweep removes.

use std::sync::Arc;

use serde_json::Value;

use super::Below;
use super::attachments::{Attachments, wants_film};
use super::chance::seed_of;
use super::persist::Persist;
use super::pictures::{Illustrated, Pictures, picture_of};
use super::run::{FrameRun, GeneratedFrame, prompts};
use super::senses::{Perceived, Photograph, Senses};
use crate::app::clients::{Clients, lessons_of};
use crate::app::config::Config;
use crate::app::jobs::{Steps, TaskOutcome, TellFrame};
use crate::app::models::{MindsOf, Models};
use crate::app::stories::FrameView;
use crate::app::{AppError, ErrorKind};
use crate::domain::Parameters;
use crate::inference::{Brief, Minds};
use crate::store::{Lease, Store};
use crate::storytellers::{self, Scene, Telling};
use crate::telemetry;

/// Earlier texts at most that a storyteller is given.
const PRIOR_TEXTS: i64 = 30;

/// Tells frames.
#[derive(Debug)]
pub(super) struct Generator {
    store: Store,
    config: Arc<Config>,
    models: Arc<Models>,
    clients: Arc<Clients>,
    senses: Arc<Senses>,
    pictures: Arc<Pictures>,
    attachments: Arc<Attachments>,
    persist: Persist,
}

impl Generator {
    pub(super) fn new(
        below: &Below,
        senses: Arc<Senses>,
        pictures: Arc<Pictures>,
        attachments: Arc<Attachments>,
    ) -> Self {
        Self {
            store: below.store.clone(),
            config: Arc::clone(&below.config),
            models: Arc::clone(&below.models),
            clients: Arc::clone(&below.clients),
            senses,
            pictures,
            persist: Persist::new(below, Arc::clone(&attachments)),
            attachments,
        }
    }

    /// Tells the frame of a claimed task, and ends the task in the transaction that keeps the frame.
    ///
    /// # Errors
    ///
    /// [`AppError`] when it could not; nothing was kept then. [`AppError::may_pass`] tells whether to try again.
    pub(super) async fn tell_frame(
        &self,
        lease: &Lease,
        job: TellFrame,
        steps: &Steps,
    ) -> Result<TaskOutcome, AppError> {
        let run = self.prepare(lease, job).await?;
        let counted = telemetry::Frames::begin(&run.strategy.slug);
        let told = self.tell_prepared(&run, steps).await;
        counted.ended(told.as_ref().ok().copied());
        told.map(|_| TaskOutcome::Completed)
    }

    /// How many frames were told.
    async fn tell_prepared(&self, run: &FrameRun<'_>, steps: &Steps) -> Result<usize, AppError> {
        let minds = self
            .models
            .minds(MindsOf::story(&run.story, &run.job.client_id, &run.strategy))
            .await?;
        let mut perceived = steps.at("perceive", self.senses.perceive(run, &minds)).await?;
        let (brief, situation) = steps.at("situate", self.situate(run, &perceived)).await?;
        let storyteller = storytellers::find(&run.strategy.strategy_name).ok_or_else(|| {
            AppError::internal(format!("no storyteller is called {}", run.strategy.strategy_name))
        })?;
        let photograph = perceived.photograph.as_ref();
        let scene = Scene {
            brief: &brief,
            situation: &situation,
            photograph: photograph.map(|photograph| photograph.name.as_str()),
            parameters: &run.parameters,
            prompts: prompts(&run.strategy),
            minds: &minds,
        };
        let telling = steps.at("tell", storyteller.tell(&scene)).await;
        let telling = telling.map_err(AppError::internal)?;
        let illustrated = self.illustrate_all(run, &brief, &telling, photograph, &minds);
        let spoken = self.attachments.narrate(run, &telling, &minds);
        let both = async { tokio::join!(illustrated, spoken) };
        let (pictures, narration) = steps.at("illustrate", both).await;
        let pictures = match pictures {
            Ok(pictures) => pictures,
            Err(error) => {
                self.persist.discard(narration.keys()).await;
                return Err(error);
            }
        };
        let count = pictures.len();
        let films = wants_film(&run.parameters, &minds) && count > 0;
        // Nothing new: the last frame is shown again, for a device must have something to show.
        let again = match count {
            0 => self.newest_frame_of(run).await?,
            _ => None,
        };
        let (mut notes, memories) = minds.into_kept();
        notes.append(&mut perceived.notes);
        notes.extend(run.job.notes.iter().cloned());
        let (job, strategy) = (&run.job, &run.strategy.slug);
        let may_learn = count > 0 && self.clients.may_learn_from(&job.client_id).await?;
        let lessons = may_learn.then(|| lessons_of(job, strategy, &brief, &run.parameters));
        let generated = GeneratedFrame {
            telling,
            pictures,
            narration,
            films,
            again,
            perceived,
            situation,
            notes,
            memories,
            lessons,
        };
        steps.at("keep", self.persist.keep(run, generated)).await?;
        Ok(count)
    }

    /// Each beat's pictures; those that are written when one fails are removed again.
    async fn illustrate_all(
        &self,
        run: &FrameRun<'_>,
        brief: &Brief,
        telling: &Telling,
        photograph: Option<&Photograph>,
        minds: &Minds,
    ) -> Result<Vec<Illustrated>, AppError> {
        let mut pictures: Vec<Illustrated> = Vec::with_capacity(telling.beats.len());
        for (index, beat) in telling.beats.iter().enumerate() {
            let drawn = picture_of(index, beat, brief, photograph, minds).await;
            let illustrated = match drawn {
                Ok(drawn) => self.pictures.illustrate(run, index, drawn).await,
                Err(error) => Err(error),
            };
            match illustrated {
                Ok(picture) => pictures.push(picture),
                Err(error) => {
                    let files = pictures.iter().flat_map(Illustrated::files);
                    self.persist.discard(files.map(|file| file.key.clone()).collect()).await;
                    return Err(error);
                }
            }
        }
        Ok(pictures)
    }

    async fn newest_frame_of(&self, run: &FrameRun<'_>) -> Result<Option<FrameView>, AppError> {
        let Some(newest) = self.store.newest_frame(run.story.id).await? else { return Ok(None) };
        let image = self.pictures.rendition(&run.job.client_id, &newest, &run.parameters).await?;
        Ok(Some(FrameView { image, ..FrameView::of(newest.frame) }))
    }

    async fn prepare<'a>(
        &self,
        lease: &'a Lease,
        job: TellFrame,
    ) -> Result<FrameRun<'a>, AppError> {
        let gone = || AppError::new(ErrorKind::NotFound, "The story was deleted meanwhile.");
        let story_id = lease.task().story_id.ok_or_else(gone)?;
        let story = self.store.story(story_id).await?.ok_or_else(gone)?;
        let strategy = self.config.strategy_of(&story).await?;
        let parameters = Parameters::read(&job.parameters)?;
        Ok(FrameRun { lease, job, story, strategy, parameters })
    }

    async fn situate(
        &self,
        run: &FrameRun<'_>,
        perceived: &Perceived,
    ) -> Result<(Brief, String), AppError> {
        let parameters = &run.parameters;
        let location = parameters.location.as_deref();
        let situation = self.senses.situate(location, Some(&run.job.client_id)).await;
        let brief = Brief {
            seed: seed_of(run.story.id),
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
            known: self.clients.known(&run.job.client_id).await?,
        };
        Ok((brief, situation.text))
    }
}
