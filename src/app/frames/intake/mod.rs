//! Taking an order for a frame: everything that can be refused is refused here, before anything is kept; then the
//! inputs are written, and one transaction decides the story and enqueues the task.

mod inputs;
mod sleeping;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Days, NaiveTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

pub use inputs::Sound;
pub(super) use sleeping::seconds_to_wake;

use super::Below;
use super::pictures::Pictures;
use crate::app::config::{Asked, ClientLevels, Config, Settled, Standing, decisive};
use crate::app::idempotency::Idempotency;
use crate::app::jobs::{Jobs, Origin, Subject, TellFrame};
use crate::app::stories::{Stories, StoryWanted, WhichStory, checked_title};
use crate::app::{AppError, ErrorKind};
use crate::domain::{ClientId, Clock, Parameters, Sensed, TraceParent};
use crate::situation::Situator;
use crate::store::{KeyUse, MediaObject, ScheduleRow, Store, Story, Tx};
use inputs::Inputs;

/// How often an order is decided anew because others of the same client moved its schedules meanwhile.
const MOST_TURNS: u32 = 20;

/// What a Sparrow asks for.
#[derive(Debug)]
pub struct FrameOrder {
    /// Who asks.
    pub client_id: ClientId,
    /// Which story to continue.
    pub story: WhichStory,
    /// A strategy's slug or a storyteller's name.
    pub strategy: Option<String>,
    /// What kind of device it is.
    pub client_type: Option<String>,
    /// What the device sensed, which may lead its schedule on.
    pub sensed: Option<Sensed>,
    /// The frame parameters that were given, as they were given.
    pub parameters: Map<String, Value>,
    /// A photograph, encoded.
    pub image: Option<Bytes>,
    /// A recording.
    pub sound: Option<Sound>,
    /// A video, encoded.
    pub video: Option<Bytes>,
    /// Where it comes from; looked at for where that is, and never kept.
    pub address: Option<IpAddr>,
    /// The request's id, for the log and the answer.
    pub request_id: String,
    /// Where the request is in its trace, for the task to go on there.
    pub trace: Option<TraceParent>,
    /// The client's own mark of this request.
    pub key: Option<KeyUse>,
}

/// An order that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordered {
    /// The task that will tell the frame.
    pub task_id: Uuid,
    /// Whether this is an earlier order's task, found by its key.
    pub is_replay: bool,
}

/// An order whose every part was checked.
struct Checked<'a> {
    order: &'a FrameOrder,
    levels: Arc<ClientLevels>,
    story: Option<Story>,
    objects: Vec<MediaObject>,
}

/// Where the client stands, and what that comes to.
struct Turn {
    rows: Vec<ScheduleRow>,
    standings: Vec<Standing>,
    settled: Settled,
}

/// How an attempt to enqueue went.
enum Enqueued {
    /// All rows are written and wait to be saved.
    Ready(Uuid, Tx),
    /// The idempotency key was used meanwhile.
    KeyTaken,
    /// The client's schedules were moved meanwhile.
    Moved,
}

/// Takes orders for frames.
#[derive(Debug)]
pub(super) struct Intake {
    store: Store,
    clock: Arc<dyn Clock>,
    situator: Situator,
    config: Arc<Config>,
    stories: Arc<Stories>,
    jobs: Arc<Jobs>,
    idempotency: Arc<Idempotency>,
    inputs: Inputs,
    pictures: Arc<Pictures>,
}

impl Intake {
    pub(super) fn new(below: &Below, pictures: Arc<Pictures>) -> Self {
        let clock = Arc::clone(&below.clock);
        Self {
            inputs: Inputs::new(Arc::clone(&clock), below.compute.clone(), below.files.clone()),
            store: below.store.clone(),
            clock,
            situator: below.situator.clone(),
            config: Arc::clone(&below.config),
            stories: Arc::clone(&below.stories),
            jobs: Arc::clone(&below.jobs),
            idempotency: Arc::clone(&below.idempotency),
            pictures,
        }
    }

    /// Takes an order: when this returns, its frame will be told, whatever happens to this process.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the order cannot be used, is for someone else's story, or there is no room; nothing has
    /// changed then.
    pub async fn order_frame(&self, order: FrameOrder) -> Result<Ordered, AppError> {
        if let Some(earlier) = self.earlier_order(order.key.as_ref()).await? {
            return Ok(earlier);
        }
        let parameters = Parameters::clean(&order.parameters)?;
        let story = match order.story {
            WhichStory::New { title: Some(title) } => {
                WhichStory::New { title: Some(checked_title(&title)?) }
            }
            story => story,
        };
        let order = FrameOrder { story, parameters, ..order };
        let levels = self.config.levels(order.client_id.as_str()).await?;
        let story = match &order.story {
            WhichStory::This(id) => {
                let client_id = order.client_id.as_str();
                Some(self.stories.story_to_continue(client_id, id, &levels).await?)
            }
            _ => None,
        };
        let checked = Checked { order: &order, levels, story, objects: Vec::new() };
        let turn = self.take_turn(&checked).await?;
        if let Some(asleep) = self.if_asleep(&checked, &turn).await? {
            return Ok(asleep);
        }
        self.jobs.check_room().await?;
        if let Some(address) = order.address {
            self.situator.saw(order.client_id.as_str(), address);
        }
        let inputs = self.inputs.check(&order).await?;
        let objects = self.inputs.describe(order.client_id.as_str(), &inputs).await?;
        let checked = Checked { objects, ..checked };
        self.inputs.write(&inputs).await?;
        match self.enqueue(&checked, turn).await {
            // Should the answer to this be lost, nobody knows whether it was saved: the files stay, and if they belong
            // to nothing the sweep removes them.
            Ok(Some((task_id, tx))) => {
                tx.save().await?;
                Ok(Ordered { task_id, is_replay: false })
            }
            Err(error) => {
                self.inputs.discard(inputs).await;
                Err(error)
            }
            // The same key came in twice at once, and the other was first.
            Ok(None) => {
                self.inputs.discard(inputs).await;
                self.earlier_order(order.key.as_ref()).await?.ok_or_else(|| {
                    AppError::new(ErrorKind::Conflict, "This Idempotency-Key is in use; try again.")
                })
            }
        }
    }

    async fn earlier_order(&self, key: Option<&KeyUse>) -> Result<Option<Ordered>, AppError> {
        let Some(key) = key else { return Ok(None) };
        let earlier = self.idempotency.earlier_task(key).await?;
        Ok(earlier.map(|task_id| Ordered { task_id, is_replay: true }))
    }

    /// Takes the client one request further on its schedules, and settles what that comes to. Nothing is written.
    ///
    /// All reads come before the transaction: one that waited for a second connection could wait for itself.
    async fn take_turn(&self, checked: &Checked<'_>) -> Result<Turn, AppError> {
        let Checked { order, levels, story, .. } = checked;
        let rows = if levels.have_schedules() {
            self.store.schedule_states(order.client_id.as_str()).await?
        } else {
            Vec::new()
        };
        let standings = levels.advance(&rows, self.clock.now(), order.sensed);
        let asked = Asked {
            parameters: order.parameters.clone(),
            strategy: order.strategy.clone(),
            client_type: order.client_type.clone(),
        };
        let settled = self.config.settle(&asked, story.as_ref(), levels, &standings).await?;
        Ok(Turn { rows, standings, settled })
    }

    /// All rows of an order, not yet saved; `None` when its idempotency key was used meanwhile.
    async fn enqueue(
        &self,
        checked: &Checked<'_>,
        mut turn: Turn,
    ) -> Result<Option<(Uuid, Tx)>, AppError> {
        for _ in 0..MOST_TURNS {
            match self.try_to_enqueue(checked, &turn).await? {
                Enqueued::Ready(task_id, tx) => return Ok(Some((task_id, tx))),
                Enqueued::KeyTaken => return Ok(None),
                Enqueued::Moved => turn = self.take_turn(checked).await?,
            }
        }
        let detail = "Too many requests move this Sparrow's schedule at once; try again.";
        Err(AppError::new(ErrorKind::Busy, detail))
    }

    async fn try_to_enqueue(
        &self,
        checked: &Checked<'_>,
        turn: &Turn,
    ) -> Result<Enqueued, AppError> {
        let Checked { order, levels, story, objects } = checked;
        let now = self.clock.now();
        let client_id = order.client_id.as_str();
        let mut tx = self.store.begin().await?;
        let current = tx.lock_client(client_id, now).await?;
        if !self.note_standings(&mut tx, checked, turn, now).await? {
            return Ok(Enqueued::Moved);
        }
        tx.note_seen(client_id, now).await?;
        count_against_limits(&mut tx, levels, now).await?;
        let strategy = &turn.settled.strategy;
        let story_id = match story {
            Some(story) => story.id,
            None => {
                let story = &order.story;
                let wanted = StoryWanted { client_id, story, current, levels, strategy };
                self.stories.story_for(&mut tx, &wanted).await?
            }
        };
        if current != Some(story_id) {
            tx.set_current_story(client_id, Some(story_id), now).await?;
            if let Some(left) = current {
                tx.remove_empty_story(left).await?;
            }
        }
        for object in objects {
            tx.keep_media_object(object).await?;
        }
        let subject = Subject { client_id: Some(client_id), story_id: Some(story_id) };
        let task_id = self.jobs.enqueue(&mut tx, subject, &job(checked, turn)).await?;
        if let Some(key) = &order.key
            && !self.idempotency.take_for_task(&mut tx, key, task_id).await?
        {
            return Ok(Enqueued::KeyTaken);
        }
        Ok(Enqueued::Ready(task_id, tx))
    }

    /// Notes where the client, locked before, now stands; false when it stood elsewhere than this turn began from.
    async fn note_standings(
        &self,
        tx: &mut Tx,
        checked: &Checked<'_>,
        turn: &Turn,
        now: DateTime<Utc>,
    ) -> Result<bool, AppError> {
        if !checked.levels.have_schedules() {
            return Ok(true);
        }
        let client_id = checked.order.client_id.as_str();
        if tx.schedule_states(client_id).await? != turn.rows {
            return Ok(false);
        }
        for standing in turn.standings.iter().filter(|standing| standing.is_new) {
            let level = checked.levels.levels[standing.level].name.to_string();
            let state = serde_json::to_value(&standing.state).map_err(AppError::internal)?;
            let row = ScheduleRow { level, state };
            tx.note_schedule_state(client_id, &row, now).await?;
        }
        Ok(true)
    }
}

/// Refuses a frame beyond what a flock may ask for in a day (UTC).
async fn count_against_limits(
    tx: &mut Tx,
    levels: &ClientLevels,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    for level in &levels.levels {
        let Some(limit) = level.frames_per_day else { continue };
        let flock = level.name.to_string();
        if !tx.count_flock_frame(&flock, now.date_naive(), limit).await? {
            let detail = format!(
                "The {flock} has had its {limit} frames of this day (UTC); an admin may raise frames_per_day."
            );
            let tomorrow = now.date_naive() + Days::new(1);
            let wait = tomorrow.and_time(NaiveTime::MIN).and_utc() - now;
            let retry_after_seconds = Some(wait.num_seconds().unsigned_abs() + 1);
            return Err(AppError { retry_after_seconds, ..AppError::new(ErrorKind::Busy, detail) });
        }
    }
    Ok(())
}

/// The job of a frame, with what was sent for it.
fn job(checked: &Checked<'_>, turn: &Turn) -> TellFrame {
    let key_of = |kind: &str| {
        let object = checked.objects.iter().find(|object| object.content_type.starts_with(kind));
        object.map(|object| object.key.clone())
    };
    let in_force = decisive(&turn.standings);
    TellFrame {
        origin: Origin::new(checked.order.request_id.clone(), checked.order.trace),
        client_id: checked.order.client_id.as_str().to_owned(),
        parameters: turn.settled.parameters(),
        image: key_of("image/"),
        sound: key_of("audio/"),
        video: key_of("video/"),
        min_duration_seconds: in_force.and_then(|step| step.min_duration_seconds),
        trigger_condition: in_force.and_then(|step| step.trigger_condition.clone()),
        notes: turn.settled.notes.clone(),
    }
}
