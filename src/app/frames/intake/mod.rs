//! Accepting an order for a frame. Everything that can be refused is refused here, before anything is stored. Then the
//! inputs are written where every instance can read them, and one transaction chooses the story and enqueues the task.

mod blackout;
mod inputs;
mod sleeping;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Days, NaiveTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

pub use inputs::AudioInput;
pub(super) use sleeping::seconds_to_wake;

use super::FrameDependencies;
use super::photograph::WaitingPhotographs;
use super::pictures::Pictures;
use crate::app::config::{
    ClientLevels, Config, ConfigOverrides, ResolvedConfig, SchedulePosition, effective_schedule,
};
use crate::app::idempotency::Idempotency;
use crate::app::jobs::{Jobs, Origin, Subject, TellFrame};
use crate::app::stories::{Stories, StorySelector, StoryTarget, validate_title};
use crate::app::{AppError, ErrorKind};
use crate::domain::{ClientId, Clock, FrameParameters, SensorEvent, TraceParent};
use crate::situation::SituationService;
use crate::store::{IdempotencyKey, MediaObject, ScheduleRow, Store, Story, Tx};
use inputs::Inputs;

/// Maximum number of attempts to enqueue an order while other requests of the same client move its schedules.
const MAX_ENQUEUE_ATTEMPTS: u32 = 20;

/// A request for a frame.
#[derive(Debug)]
pub struct FrameOrder {
    /// The Sparrow that asks.
    pub client_id: ClientId,
    /// The story to continue.
    pub story: StorySelector,
    /// A strategy's slug or a storyteller's name.
    pub strategy: Option<String>,
    /// The kind of device.
    pub client_type: Option<String>,
    /// The sensor event that the device reports, which may move its schedule.
    pub sensed: Option<SensorEvent>,
    /// The request's own frame parameters.
    pub parameters: Map<String, Value>,
    /// An encoded photograph.
    pub image: Option<Bytes>,
    /// A recording.
    pub sound: Option<AudioInput>,
    /// An encoded video.
    pub video: Option<Bytes>,
    /// The request's address. It is used to estimate the location, and never stored.
    pub ip_address: Option<IpAddr>,
    /// The request's id, for the log and the answer.
    pub request_id: String,
    /// The request's place in its trace, which the task continues.
    pub trace: Option<TraceParent>,
    /// The request's `Idempotency-Key`, with its scope.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// An order that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedOrder {
    /// The task that will tell the frame.
    pub task_id: Uuid,
    /// Whether the task is that of an earlier order with the same idempotency key.
    pub is_replay: bool,
    /// Whether the task was added just now and has yet to be told. Otherwise it may have ended already.
    pub is_pending: bool,
}

/// An order whose parts were all checked.
struct CheckedOrder<'a> {
    order: &'a FrameOrder,
    levels: Arc<ClientLevels>,
    story: Option<Story>,
    objects: Vec<MediaObject>,
}

/// The client's schedules after one more request, and the configuration that follows.
struct ScheduleAdvance {
    /// The stored states that this advance starts from.
    schedule_rows: Vec<ScheduleRow>,
    positions: Vec<SchedulePosition>,
    resolved: ResolvedConfig,
}

/// The outcome of one attempt to enqueue.
enum EnqueueAttempt {
    /// All rows are written and not yet saved.
    Ready(Uuid, Box<Tx>),
    /// Another request used the idempotency key.
    KeyUsed,
    /// Another request moved the client's schedules.
    ScheduleChanged,
}

/// Accepts orders for frames.
#[derive(Debug)]
pub(super) struct Intake {
    store: Store,
    clock: Arc<dyn Clock>,
    situator: SituationService,
    config: Arc<Config>,
    stories: Arc<Stories>,
    jobs: Arc<Jobs>,
    idempotency: Arc<Idempotency>,
    inputs: Inputs,
    pictures: Arc<Pictures>,
}

impl Intake {
    pub(super) fn new(
        deps: &FrameDependencies,
        pictures: Arc<Pictures>,
        waiting: Arc<WaitingPhotographs>,
    ) -> Self {
        let clock = Arc::clone(&deps.clock);
        Self {
            inputs: Inputs::new(deps, waiting),
            store: deps.store.clone(),
            clock,
            situator: deps.situator.clone(),
            config: Arc::clone(&deps.config),
            stories: Arc::clone(&deps.stories),
            jobs: Arc::clone(&deps.jobs),
            idempotency: Arc::clone(&deps.idempotency),
            pictures,
        }
    }

    /// Accepts an order. When this returns, the frame's task is durable and survives a crash of this process.
    ///
    /// # Errors
    ///
    /// [`AppError`] if the order is invalid, is for a story that the client may not continue, or the queue is full.
    /// Nothing has changed then.
    pub async fn order_frame(&self, order: FrameOrder) -> Result<AcceptedOrder, AppError> {
        if let Some(earlier) = self.find_replay(order.idempotency_key.as_ref()).await? {
            return Ok(earlier);
        }
        let parameters = FrameParameters::normalize(&order.parameters)?;
        let story = match order.story {
            StorySelector::New { title: Some(title) } => {
                StorySelector::New { title: Some(validate_title(&title)?) }
            }
            story => story,
        };
        let order = FrameOrder { story, parameters, ..order };
        let levels = self.config.levels(order.client_id.as_str()).await?;
        let story = match &order.story {
            StorySelector::ById(id) => {
                let client_id = order.client_id.as_str();
                Some(self.stories.find_continuable_story(client_id, id, &levels).await?)
            }
            _ => None,
        };
        let checked = CheckedOrder { order: &order, levels, story, objects: Vec::new() };
        let advance = self.advance_schedules(&checked).await?;
        if let Some(accepted) = self.answer_if_black(&checked, &advance).await? {
            return Ok(accepted);
        }
        if let Some(accepted) = self.answer_if_asleep(&checked, &advance).await? {
            return Ok(accepted);
        }
        self.jobs.check_capacity(Some(order.client_id.as_str())).await?;
        if let Some(address) = order.ip_address {
            self.situator.record_address(order.client_id.as_str(), address);
        }
        let inputs = self.inputs.check(&order).await?;
        let objects = self.inputs.write(order.client_id.as_str(), &inputs).await?;
        let checked = CheckedOrder { objects, ..checked };
        match self.enqueue(&checked, advance).await {
            // If the save fails, its outcome is unknown. So the files stay; maintenance removes them if they are
            // orphans.
            Ok(Some((task_id, tx))) => {
                // The task may run as soon as it is saved.
                self.inputs.hand_over(inputs);
                tx.save().await?;
                Ok(AcceptedOrder { task_id, is_replay: false, is_pending: true })
            }
            Err(error) => {
                self.inputs.discard(inputs).await;
                Err(error)
            }
            // A concurrent request with the same key was first.
            Ok(None) => {
                self.inputs.discard(inputs).await;
                self.find_replay(order.idempotency_key.as_ref()).await?.ok_or_else(|| {
                    AppError::new(ErrorKind::Conflict, "This Idempotency-Key is in use; try again.")
                })
            }
        }
    }

    async fn find_replay(
        &self,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<AcceptedOrder>, AppError> {
        let Some(key) = key else { return Ok(None) };
        let earlier = self.idempotency.find_task(key).await?;
        let replay = |task_id| AcceptedOrder { task_id, is_replay: true, is_pending: false };
        Ok(earlier.map(replay))
    }

    /// Advances the client's schedules by one request, except during a blackout, in which no step is seen. Resolves the
    /// configuration. Writes nothing.
    ///
    /// All reads come before the transaction, because a transaction that waits for a second connection can deadlock.
    async fn advance_schedules(
        &self,
        checked: &CheckedOrder<'_>,
    ) -> Result<ScheduleAdvance, AppError> {
        let CheckedOrder { order, levels, story, .. } = checked;
        let schedule_rows = if levels.has_schedules() {
            self.store.schedule_states(order.client_id.as_str()).await?
        } else {
            Vec::new()
        };
        let now = self.clock.now();
        let positions = if levels.is_black() {
            levels.paused(&schedule_rows, now)
        } else {
            levels.advance(&schedule_rows, now, order.sensed)
        };
        let overrides = ConfigOverrides {
            parameters: order.parameters.clone(),
            strategy: order.strategy.clone(),
            client_type: order.client_type.clone(),
        };
        let resolved = self.config.resolve(&overrides, story.as_ref(), levels, &positions).await?;
        Ok(ScheduleAdvance { schedule_rows, positions, resolved })
    }

    /// Writes all rows of an order without saving them. Returns `None` if another request used its idempotency key.
    async fn enqueue(
        &self,
        checked: &CheckedOrder<'_>,
        mut advance: ScheduleAdvance,
    ) -> Result<Option<(Uuid, Tx)>, AppError> {
        for _ in 0..MAX_ENQUEUE_ATTEMPTS {
            match self.try_to_enqueue(checked, &advance).await? {
                EnqueueAttempt::Ready(task_id, tx) => return Ok(Some((task_id, *tx))),
                EnqueueAttempt::KeyUsed => return Ok(None),
                EnqueueAttempt::ScheduleChanged => {
                    advance = self.advance_schedules(checked).await?;
                }
            }
        }
        let detail = "Too many requests move this Sparrow's schedule at once; try again.";
        Err(AppError::new(ErrorKind::Busy, detail))
    }

    async fn try_to_enqueue(
        &self,
        checked: &CheckedOrder<'_>,
        advance: &ScheduleAdvance,
    ) -> Result<EnqueueAttempt, AppError> {
        let CheckedOrder { order, levels, story, objects } = checked;
        let now = self.clock.now();
        let client_id = order.client_id.as_str();
        let mut tx = self.store.begin().await?;
        let current = tx.lock_seen_client(client_id, now).await?;
        if !self.save_positions(&mut tx, checked, advance, now).await? {
            return Ok(EnqueueAttempt::ScheduleChanged);
        }
        enforce_daily_limits(&mut tx, levels, now).await?;
        let strategy = &advance.resolved.strategy;
        let story_id = match story {
            Some(story) => story.id,
            None => {
                let target = StoryTarget {
                    client_id,
                    selector: &order.story,
                    current_story: current,
                    levels,
                    strategy,
                };
                self.stories.resolve_story(&mut tx, &target).await?
            }
        };
        if current != Some(story_id) {
            tx.set_current_story(client_id, Some(story_id), now).await?;
            if let Some(previous) = current {
                tx.delete_empty_story(previous).await?;
            }
        }
        self.inputs.enforce_quota(&mut tx, client_id, objects).await?;
        tx.upsert_media_objects(objects).await?;
        let subject = Subject { client_id: Some(client_id), story_id: Some(story_id) };
        let task_id = self.jobs.enqueue(&mut tx, subject, &build_job(checked, advance)).await?;
        if let Some(key) = &order.idempotency_key
            && !self.idempotency.claim_for_task(&mut tx, key, task_id).await?
        {
            return Ok(EnqueueAttempt::KeyUsed);
        }
        Ok(EnqueueAttempt::Ready(task_id, Box::new(tx)))
    }

    /// Saves the new schedule positions of a client that the transaction has locked. Returns `false`, and writes
    /// nothing, if the stored states are no longer those that the advance started from.
    async fn save_positions(
        &self,
        tx: &mut Tx,
        checked: &CheckedOrder<'_>,
        advance: &ScheduleAdvance,
        now: DateTime<Utc>,
    ) -> Result<bool, AppError> {
        if !checked.levels.has_schedules() {
            return Ok(true);
        }
        let client_id = checked.order.client_id.as_str();
        if tx.schedule_states(client_id).await? != advance.schedule_rows {
            return Ok(false);
        }
        for position in advance.positions.iter().filter(|position| position.is_changed) {
            let level = checked.levels.levels[position.level].name.to_string();
            let state = serde_json::to_value(&position.state).map_err(AppError::internal)?;
            let row = ScheduleRow { level, state };
            tx.upsert_schedule_state(client_id, &row, now).await?;
        }
        Ok(true)
    }
}

/// Consumes one frame of the daily quota (UTC) of each of the client's flocks that has one.
///
/// # Errors
///
/// [`ErrorKind::Busy`] if a quota is used up; `retry_after_seconds` is the time until the next day.
async fn enforce_daily_limits(
    tx: &mut Tx,
    levels: &ClientLevels,
    now: DateTime<Utc>,
) -> Result<(), AppError> {
    for level in &levels.levels {
        let Some(limit) = level.frames_per_day else { continue };
        let flock = level.name.to_string();
        if !tx.consume_flock_quota(&flock, now.date_naive(), limit).await? {
            let detail = format!(
                "The {flock} has used its {limit} frames for this day (UTC); an admin may raise frames_per_day."
            );
            let tomorrow = now.date_naive() + Days::new(1);
            let wait = tomorrow.and_time(NaiveTime::MIN).and_utc() - now;
            let retry_after_seconds = Some(wait.num_seconds().unsigned_abs() + 1);
            return Err(AppError { retry_after_seconds, ..AppError::new(ErrorKind::Busy, detail) });
        }
    }
    Ok(())
}

/// Builds the frame's job, with the keys of its inputs.
fn build_job(checked: &CheckedOrder<'_>, advance: &ScheduleAdvance) -> TellFrame {
    let input_key = |type_prefix: &str| {
        let mut objects = checked.objects.iter();
        let object = objects.find(|object| object.content_type.starts_with(type_prefix));
        object.map(|object| object.key.clone())
    };
    let schedule = effective_schedule(&advance.positions);
    TellFrame {
        origin: Origin::new(checked.order.request_id.clone(), checked.order.trace),
        client_id: checked.order.client_id.as_str().to_owned(),
        parameters: advance.resolved.parameters(),
        image: input_key("image/"),
        sound: input_key("audio/"),
        video: input_key("video/"),
        min_duration_seconds: schedule.and_then(|step| step.min_duration_seconds),
        trigger_condition: schedule.and_then(|step| step.trigger_condition.clone()),
        notes: advance.resolved.notes.clone(),
    }
}
