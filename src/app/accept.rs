//! Taking an order for a frame: everything that can be refused is refused here, before anything is kept; then the
//! inputs are written, and one transaction decides the story and enqueues the task.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Days, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::configuration::{Asked, ClientLevels, Settled, Standing, decisive};
use super::inputs::{Input, Sound};
use super::story_edits::checked_title;
use super::story_parts::lane;
use super::{App, AppError, ErrorKind, KEY_LIFE};
use crate::domain::{ClientId, EventKind, Parameters, Sensed, TaskKind, TraceParent};
use crate::store::{KeyUse, MediaObject, NewTask, ScheduleRow, Story, Tx};

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

/// Which story an order is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichStory {
    /// The one that the client is in, if the strategy is the same; else a new one.
    Current,
    /// A new one.
    New {
        /// What it is called; without it, it takes its name from its first text.
        title: Option<String>,
    },
    /// The one with this id.
    This(String),
}

/// An order that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordered {
    /// The task that will tell the frame.
    pub task_id: Uuid,
    /// Whether this is an earlier order's task, found by its key.
    pub is_replay: bool,
}

/// A frame task's payload.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FrameJob {
    pub(super) request_id: String,
    /// [`TraceParent`], as its header has it.
    pub(super) traceparent: Option<String>,
    pub(super) client_id: String,
    /// Resolved: the request's over the configuration's over the strategy's.
    pub(super) parameters: Map<String, Value>,
    /// The key of the photograph.
    pub(super) image: Option<String>,
    /// The key of the recording.
    pub(super) sound: Option<String>,
    /// The key of the video.
    pub(super) video: Option<String>,
    /// How long the frame stays at least, where a schedule says so.
    pub(super) min_duration_seconds: Option<u32>,
    /// What the device waits for before the next one, where a schedule says so.
    pub(super) trigger_condition: Option<Value>,
    /// Sentences for the frame's `errors`.
    pub(super) notes: Vec<String>,
}

/// An order whose every part was checked.
pub(super) struct Checked<'a> {
    pub(super) order: &'a FrameOrder,
    pub(super) levels: Arc<ClientLevels>,
    pub(super) story: Option<Story>,
    objects: Vec<MediaObject>,
}

/// Where the client stands, and what that comes to.
pub(super) struct Turn {
    rows: Vec<ScheduleRow>,
    pub(super) standings: Vec<Standing>,
    pub(super) settled: Settled,
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

impl App {
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
        let levels = self.levels(order.client_id.as_str()).await?;
        let story = self.asked_story(&order, &levels).await?;
        let checked = Checked { order: &order, levels, story, objects: Vec::new() };
        let turn = self.take_turn(&checked).await?;
        if let Some(asleep) = self.if_asleep(&checked, &turn).await? {
            return Ok(asleep);
        }
        self.check_room().await?;
        if let Some(address) = order.address {
            self.situator.saw(order.client_id.as_str(), address);
        }
        let inputs = self.check_inputs(&order).await?;
        let objects = self.describe(order.client_id.as_str(), &inputs).await?;
        let checked = Checked { objects, ..checked };
        let files = inputs.iter().map(|i| (i.key.clone(), i.bytes.clone())).collect();
        self.objects.put_all(files).await?;
        match self.enqueue(&checked, turn).await {
            // Should the answer to this be lost, nobody knows whether it was saved: the files stay, and if they belong
            // to nothing the sweep removes them.
            Ok(Some((task_id, tx))) => {
                tx.save().await?;
                Ok(Ordered { task_id, is_replay: false })
            }
            Err(error) => {
                self.forget_inputs(inputs).await;
                Err(error)
            }
            // The same key came in twice at once, and the other was first.
            Ok(None) => {
                self.forget_inputs(inputs).await;
                self.earlier_order(order.key.as_ref()).await?.ok_or_else(|| {
                    AppError::new(ErrorKind::Conflict, "This Idempotency-Key is in use; try again.")
                })
            }
        }
    }

    async fn forget_inputs(&self, inputs: Vec<Input>) {
        self.objects.remove_all(inputs.into_iter().map(|input| input.key).collect()).await;
    }

    pub(super) async fn earlier_order(
        &self,
        key: Option<&KeyUse>,
    ) -> Result<Option<Ordered>, AppError> {
        let Some(key) = key else { return Ok(None) };
        let Some(used) = self.store.used_key(key, self.clock.now() - KEY_LIFE).await? else {
            return Ok(None);
        };
        if used.fingerprint == key.fingerprint {
            return Ok(Some(Ordered { task_id: used.task_id, is_replay: true }));
        }
        let detail = "This Idempotency-Key came with another request before; use a new key for a new request.";
        Err(AppError::new(ErrorKind::Invalid, detail))
    }

    pub(super) async fn check_room(&self) -> Result<(), AppError> {
        let most = i64::from(self.limits.max_waiting);
        if self.store.waiting_tasks(most).await? < most {
            return Ok(());
        }
        let detail = "Too many frames are waiting to be told; try again in a few seconds.";
        Err(AppError::new(ErrorKind::Busy, detail))
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
        let settled = self.settle(&asked, story.as_ref(), levels, &standings).await?;
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
            None => self.story_for(&mut tx, order, current, levels, strategy).await?,
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
        let task = NewTask {
            id: Uuid::now_v7(),
            kind: TaskKind::TellFrame,
            lane: Some(lane(story_id)),
            client_id: Some(client_id),
            story_id: Some(story_id),
            payload: &serde_json::to_value(job(checked, turn))?,
            now,
        };
        let task_id = task.id;
        tx.enqueue(task).await?;
        if let Some(key) = &order.key
            && !tx.use_key(key, task_id, now - KEY_LIFE, now).await?
        {
            return Ok(Enqueued::KeyTaken);
        }
        let pending = json!({"id": task_id, "status": "pending"});
        tx.tell(EventKind::Task, Some(client_id), Some(story_id), pending, now);
        Ok(Enqueued::Ready(task_id, tx))
    }

    /// Notes where the client, locked before, now stands; false when it stood elsewhere than this turn began from.
    pub(super) async fn note_standings(
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
            let row = ScheduleRow { level, state: serde_json::to_value(&standing.state)? };
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

fn job(checked: &Checked<'_>, turn: &Turn) -> FrameJob {
    let key_of = |kind: &str| {
        let object = checked.objects.iter().find(|object| object.content_type.starts_with(kind));
        object.map(|object| object.key.clone())
    };
    let in_force = decisive(&turn.standings);
    FrameJob {
        request_id: checked.order.request_id.clone(),
        traceparent: checked.order.trace.map(|trace| trace.to_string()),
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
