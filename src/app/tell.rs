//! Telling a frame: the middle of its way, from the job that was accepted to the frame that is kept.
//!
//! perceive → situate → tell → illustrate → render → keep. Nothing is kept before the last step, so a kill at any
//! moment leaves the task to be done again, and at most files that the sweep removes.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tracing::Instrument;
use uuid::Uuid;

use super::accept::FrameJob;
use super::answer::FrameView;
use super::beside::{Narration, wants_film};
use super::illustrate::Illustrated;
use super::learn::Lessons;
use super::models::MindsOf;
use super::perceive::{Perceived, Photograph};
use super::{App, AppError};
use crate::domain::Parameters;
use crate::inference::{Brief, Minds};
use crate::store::{Story, Strategy, Task};
use crate::storytellers::{self, Prompts, Scene, Telling};
use crate::telemetry;

/// Earlier texts at most that a storyteller is given.
const PRIOR_TEXTS: i64 = 30;

/// Says where a running task is, to whoever keeps its lease.
#[derive(Debug)]
pub struct Steps {
    at: watch::Sender<Option<&'static str>>,
}

impl Steps {
    /// A task that has not begun, and what there is to watch of it.
    #[must_use]
    pub fn new() -> (Self, watch::Receiver<Option<&'static str>>) {
        let (at, watched) = watch::channel(None);
        (Self { at }, watched)
    }

    /// Does one step, in a span of its own, and times it.
    pub(super) fn at<T>(
        &self,
        step: &'static str,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = T> {
        // Steps are large, and a run would have to hold all of them.
        let work = Box::pin(work);
        async move {
            self.at.send_replace(Some(step));
            let _timed = telemetry::Step::begin(step);
            let span = tracing::info_span!("step", step);
            telemetry::name(&span, step);
            let in_span = async {
                tracing::debug!("the frame goes on");
                work.await
            };
            in_span.instrument(span).await
        }
    }
}

/// One frame under way.
pub(super) struct Work<'a> {
    pub(super) task: &'a Task,
    pub(super) owner: Uuid,
    pub(super) job: FrameJob,
    pub(super) story: Story,
    pub(super) strategy: Arc<Strategy>,
    pub(super) parameters: Parameters,
}

/// Everything that the last step keeps.
pub(super) struct Told {
    pub(super) telling: Telling,
    pub(super) pictures: Vec<Illustrated>,
    pub(super) narration: Narration,
    /// Whether a film is to be made of each picture.
    pub(super) films: bool,
    /// The frame that is shown again, where nothing new was told.
    pub(super) again: Option<FrameView>,
    pub(super) perceived: Perceived,
    pub(super) situation: String,
    pub(super) notes: Vec<String>,
    pub(super) memories: Map<String, Value>,
    /// What the frame teaches about its client, where that is wished for.
    pub(super) lessons: Option<Lessons>,
}

impl App {
    /// Tells the frame of a claimed task, and ends the task in the transaction that keeps the frame.
    ///
    /// # Errors
    ///
    /// [`AppError`] when it could not; nothing was kept then. [`AppError::may_pass`] tells whether to try again.
    pub async fn tell_frame(
        &self,
        task: &Task,
        owner: Uuid,
        steps: &Steps,
    ) -> Result<(), AppError> {
        let work = self.prepare(task, owner).await?;
        let counted = telemetry::Frames::begin(&work.strategy.slug);
        let told = self.tell_prepared(&work, steps).await;
        counted.ended(told.as_ref().ok().copied());
        told.map(drop)
    }

    /// How many frames were told.
    async fn tell_prepared(&self, work: &Work<'_>, steps: &Steps) -> Result<usize, AppError> {
        let minds =
            self.minds(MindsOf::story(&work.story, &work.job.client_id, &work.strategy)).await?;
        let mut perceived = steps.at("perceive", self.perceive(work, &minds)).await?;
        let (brief, situation) = steps.at("situate", self.situate(work, &perceived)).await?;
        let storyteller = storytellers::find(&work.strategy.strategy_name).ok_or_else(|| {
            AppError::internal(format!("no storyteller is called {}", work.strategy.strategy_name))
        })?;
        let photograph = perceived.photograph.as_ref();
        let scene = Scene {
            brief: &brief,
            situation: &situation,
            photograph: photograph.map(|photograph| photograph.name.as_str()),
            parameters: &work.parameters,
            prompts: prompts(&work.strategy),
            minds: &minds,
        };
        let telling = steps.at("tell", storyteller.tell(&scene)).await;
        let telling = telling.map_err(AppError::internal)?;
        let illustrated = self.illustrate_all(work, &brief, (&telling, photograph), &minds);
        let spoken = self.narrate(work, &telling, &minds);
        let both = async { tokio::join!(illustrated, spoken) };
        let (pictures, narration) = steps.at("illustrate", both).await;
        let pictures = match pictures {
            Ok(pictures) => pictures,
            Err(error) => {
                self.objects.remove_all(narration.keys()).await;
                return Err(error);
            }
        };
        let count = pictures.len();
        let films = wants_film(&work.parameters, &minds) && count > 0;
        // Nothing new: the last frame is shown again, for a device must have something to show.
        let again = match count {
            0 => self.newest_frame_of(work).await?,
            _ => None,
        };
        let (mut notes, memories) = minds.into_kept();
        notes.append(&mut perceived.notes);
        notes.extend(work.job.notes.iter().cloned());
        let (job, strategy) = (&work.job, &work.strategy.slug);
        let may_learn = count > 0 && self.may_learn_from(&job.client_id).await?;
        let lessons = may_learn.then(|| Lessons::of(job, strategy, &brief, &work.parameters));
        let told = Told {
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
        steps.at("keep", self.keep(work, told)).await?;
        Ok(count)
    }

    /// Each beat's pictures; those that are written when one fails are removed again.
    async fn illustrate_all(
        &self,
        work: &Work<'_>,
        brief: &Brief,
        (telling, photograph): (&Telling, Option<&Photograph>),
        minds: &Minds,
    ) -> Result<Vec<Illustrated>, AppError> {
        let mut pictures: Vec<Illustrated> = Vec::with_capacity(telling.beats.len());
        for (index, beat) in telling.beats.iter().enumerate() {
            let drawn = self.picture_of((index, beat), brief, photograph, minds).await;
            let illustrated = match drawn {
                Ok(drawn) => self.illustrate(work, index, drawn).await,
                Err(error) => Err(error),
            };
            match illustrated {
                Ok(picture) => pictures.push(picture),
                Err(error) => {
                    let files = pictures.iter().flat_map(Illustrated::files);
                    self.objects.remove_all(files.map(|file| file.key.clone()).collect()).await;
                    return Err(error);
                }
            }
        }
        Ok(pictures)
    }

    async fn newest_frame_of(&self, work: &Work<'_>) -> Result<Option<FrameView>, AppError> {
        let Some(newest) = self.store.newest_frame(work.story.id).await? else { return Ok(None) };
        let image = self.rendition(&work.job.client_id, &newest, &work.parameters).await?;
        Ok(Some(FrameView { image, ..FrameView::of(newest.frame) }))
    }

    async fn prepare<'a>(&self, task: &'a Task, owner: Uuid) -> Result<Work<'a>, AppError> {
        let job: FrameJob = serde_json::from_value(task.payload.clone())?;
        let gone = || AppError::new(super::ErrorKind::NotFound, "The story was deleted meanwhile.");
        let story_id = task.story_id.ok_or_else(gone)?;
        let story = self.store.story(story_id).await?.ok_or_else(gone)?;
        let strategy = self.strategy_of(&story).await?;
        let parameters = Parameters::read(&job.parameters)?;
        Ok(Work { task, owner, job, story, strategy, parameters })
    }

    /// The strategy that a story is told with.
    pub(super) async fn strategy_of(&self, story: &Story) -> Result<Arc<Strategy>, AppError> {
        let strategy = match self.strategy(&story.strategy).await? {
            Some(strategy) => Some(strategy),
            // The strategy was deleted; its storyteller is still here.
            None => self.strategy(&story.storyteller).await?,
        };
        strategy.ok_or_else(|| AppError::internal("the story's strategy was deleted"))
    }

    async fn situate(
        &self,
        work: &Work<'_>,
        perceived: &Perceived,
    ) -> Result<(Brief, String), AppError> {
        let parameters = &work.parameters;
        let location = parameters.location.as_deref();
        let situation =
            self.situator.situate(location, Some(&work.job.client_id), self.clock.now()).await;
        let brief = Brief {
            seed: seed_of(work.story.id),
            frame_number: work.story.frame_count.unsigned_abs(),
            prior: self.store.latest_texts(work.story.id, PRIOR_TEXTS).await?,
            state: work.story.state.get("telling").cloned().unwrap_or(Value::Null),
            memory: Value::Null,
            seen: perceived.seen.clone(),
            heard: perceived.heard.clone(),
            said: parameters.input_text.clone(),
            place: situation.place,
            hour: situation.hour,
            season: situation.season,
            style: parameters.output_text_style.clone(),
            max_chars: parameters.max_output_text_length.map(|max| max as usize),
            known: self.known(&work.job.client_id).await?,
        };
        Ok((brief, situation.text))
    }
}

/// The prompt templates of a strategy.
pub(super) fn prompts(strategy: &Strategy) -> Prompts<'_> {
    let text = strategy.text.as_ref();
    let editor = strategy.editor.as_ref();
    Prompts {
        text: text.and_then(|choice| choice.prompt_template.as_deref()),
        seed: strategy.seed_prompt.as_deref(),
        editor: editor.and_then(|choice| choice.prompt_template.as_deref()),
        illustration: strategy.prompts.get("illustration").map(String::as_str),
        language: text.and_then(|choice| choice.target_language.as_deref()),
    }
}

/// A story's own chance, from all bits of its id.
pub(super) fn seed_of(id: Uuid) -> u64 {
    let (high, low) = id.as_u64_pair();
    mix(high ^ mix(low))
}

/// `SplitMix64`'s finaliser (Steele, Lea and Flood, 2014): neighbouring numbers become unlike ones.
pub(super) const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What a frame's metadata says of how it came to be.
pub(super) fn metadata(work: &Work<'_>, told: &Told, generated_at: &str) -> Value {
    let slug = |choice: &Option<crate::store::ModelChoice>| choice.as_ref().map(|c| c.slug.clone());
    let mut parameters = work.job.parameters.clone();
    parameters.remove("input_text");
    json!({
        "situation": told.situation,
        "strategy_config": work.strategy.slug,
        "text_to_text_model_config": slug(&work.strategy.text),
        "text_to_image_model_config": slug(&work.strategy.image),
        "generated_at": generated_at,
        "parameters": parameters,
        "errors": told.notes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stories_begun_in_the_same_millisecond_have_unlike_seeds() {
        let seeds: Vec<u64> = (0..64).map(|n| seed_of(Uuid::from_u128(n))).collect();
        for (index, seed) in seeds.iter().enumerate().skip(1) {
            let differing = (seed ^ seeds[index - 1]).count_ones();
            assert!((12..=52).contains(&differing), "{differing} bits differ");
        }
    }
}
