//! Long polling for the newest frame of a Sparrow. A device with little power uses it instead of ordering frames
//! itself.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use uuid::Uuid;

use super::FrameDependencies;
use super::intake::seconds_to_wake;
use super::pictures::Pictures;
use crate::app::AppError;
use crate::app::clients::Clients;
use crate::app::config::{ClientLevels, Config, ConfigOverrides, effective_schedule};
use crate::app::device_commands::DeviceCommands;
use crate::app::events::{Events, Subscription, Topic};
use crate::app::stories::{FrameView, Stories};
use crate::domain::{ClientId, Clock, DeviceCommand, FrameParameters, ScheduleSnapshot};
use crate::store::{NewestFrame, Store};

/// Poll interval of the database. Polling is needed because a schedule moves on with time and a notice from another
/// process may be lost.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// A request for the newest frame.
#[derive(Debug)]
pub struct NextFrameQuery {
    /// Frame parameters that set the picture's format, size and dithering.
    pub parameters: Map<String, Value>,
    /// Entity tags of the frames that the device has.
    pub known_etags: Vec<String>,
    /// How long to wait for a frame that the device does not have; zero to answer at once.
    pub timeout: Duration,
}

/// The newest frame of a Sparrow, the time at which the Sparrow wakes, and what it should do.
#[derive(Debug)]
pub struct NextFrameResult {
    /// The newest frame; `None` if the Sparrow has no frame yet.
    pub frame: Option<TaggedFrame>,
    /// When the Sparrow's schedule wakes it; `None` if it is awake or no time is known.
    pub next_wake_at: Option<DateTime<Utc>>,
    /// The oldest command that the Sparrow has not received; `None` if it has received all.
    pub command: Option<DeviceCommand>,
}

/// A frame and its entity tag.
#[derive(Debug)]
pub struct TaggedFrame {
    /// The entity tag of the frame with its picture as requested.
    pub etag: String,
    /// The frame; `None` if the device has it and gets no command.
    pub frame: Option<Box<NextFrame>>,
}

/// The newest frame of a Sparrow.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextFrame {
    /// Id of the Sparrow's current story.
    pub story_id: Uuid,
    /// Number of the frame in its story, from 0.
    pub number: i32,
    /// When the Sparrow's schedule wakes it; `null` if the Sparrow is awake or no time is known.
    pub next_wake_at: Option<DateTime<Utc>>,
    /// What an admin tells the device to do; `null` if nothing. It is returned once.
    pub command: Option<DeviceCommand>,
    /// The frame, with its picture in the requested format and size. During a blackout, the picture is black and there
    /// are no words.
    #[serde(flatten)]
    pub frame: FrameView,
}

/// The state of the database that decides which frame is the newest.
struct FrameSnapshot {
    story_id: Option<Uuid>,
    newest: Option<NewestFrame>,
    parameters: FrameParameters,
    schedule: Option<ScheduleSnapshot>,
    levels: Arc<ClientLevels>,
}

/// Finds the newest frame of a Sparrow and waits for newer ones.
#[derive(Debug)]
pub(super) struct NextFrames {
    store: Store,
    clock: Arc<dyn Clock>,
    config: Arc<Config>,
    stories: Arc<Stories>,
    clients: Arc<Clients>,
    device_commands: Arc<DeviceCommands>,
    events: Events,
    pictures: Arc<Pictures>,
    shutdown: CancellationToken,
}

impl NextFrames {
    pub(super) fn new(deps: &FrameDependencies, pictures: Arc<Pictures>) -> Self {
        Self {
            store: deps.store.clone(),
            clock: Arc::clone(&deps.clock),
            config: Arc::clone(&deps.config),
            stories: Arc::clone(&deps.stories),
            clients: Arc::clone(&deps.clients),
            device_commands: Arc::clone(&deps.device_commands),
            events: deps.events.clone(),
            pictures,
            shutdown: deps.shutdown.clone(),
        }
    }

    /// Waits until the Sparrow has a frame or a command that the device does not have yet, or until the timeout.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::app::ErrorKind::Invalid) if the picture parameters are invalid;
    /// [`ErrorKind::Busy`](crate::app::ErrorKind::Busy) if too many clients wait.
    pub(super) async fn next_frame(
        &self,
        client_id: &ClientId,
        query: NextFrameQuery,
    ) -> Result<NextFrameResult, AppError> {
        let overrides = ConfigOverrides {
            parameters: FrameParameters::normalize(&query.parameters)?,
            ..ConfigOverrides::default()
        };
        let deadline = Instant::now() + query.timeout;
        self.clients.record_seen(client_id).await?;
        let mut subscriptions = Subscriptions::default();
        loop {
            if !query.timeout.is_zero() && subscriptions.client.is_none() {
                // Subscribe before reading, or a frame between the two would be missed.
                subscriptions.client =
                    Some(self.events.subscribe(Topic::Client(client_id.as_str().to_owned()))?);
            }
            let snapshot = self.load_snapshot(client_id, &overrides).await?;
            let etag = snapshot.etag();
            let is_new = etag.as_ref().is_some_and(|etag| !query.known_etags.contains(etag));
            let is_over = Instant::now() >= deadline || self.shutdown.is_cancelled();
            let command = self.device_commands.take_from(client_id, &snapshot.levels).await?;
            if is_new || is_over || command.is_some() {
                return self.build_result(client_id, snapshot, etag, is_new, command).await;
            }
            if subscriptions.story_id != snapshot.story_id {
                subscriptions.story_id = snapshot.story_id;
                subscriptions.story = snapshot
                    .story_id
                    .map(|id| self.events.subscribe(Topic::Story(id)))
                    .transpose()?;
                // A frame may have been told before the subscription began, so read again.
                continue;
            }
            let next_poll = deadline.min(Instant::now() + POLL_INTERVAL);
            tokio::select! {
                () = wait_for_change(subscriptions.client.as_mut()) => {}
                () = wait_for_change(subscriptions.story.as_mut()) => {}
                () = tokio::time::sleep_until(next_poll) => {}
                () = self.shutdown.cancelled() => {}
            }
        }
    }

    async fn load_snapshot(
        &self,
        client_id: &ClientId,
        overrides: &ConfigOverrides,
    ) -> Result<FrameSnapshot, AppError> {
        let client_id = client_id.as_str();
        let levels = self.config.levels(client_id).await?;
        let current = self.config.resolve_current_with(client_id, &levels, overrides).await?;
        let strategy = &current.resolved.strategy.slug;
        let story = self.stories.find_current_story(client_id, &levels, strategy).await?;
        let newest = match &story {
            Some(story) => self.store.newest_frame(story.id).await?,
            None => None,
        };
        Ok(FrameSnapshot {
            story_id: story.map(|story| story.id),
            newest,
            parameters: FrameParameters::parse(&current.resolved.parameters())?,
            schedule: effective_schedule(&current.positions).cloned(),
            levels,
        })
    }

    async fn build_result(
        &self,
        client_id: &ClientId,
        snapshot: FrameSnapshot,
        etag: Option<String>,
        is_new: bool,
        command: Option<DeviceCommand>,
    ) -> Result<NextFrameResult, AppError> {
        let asleep = snapshot.schedule.as_ref().filter(|schedule| schedule.is_asleep);
        let next_wake_at = asleep.and_then(|schedule| schedule.next_wake_at);
        let (Some(story_id), Some(newest), Some(etag)) = (snapshot.story_id, snapshot.newest, etag)
        else {
            return Ok(NextFrameResult { frame: None, next_wake_at, command });
        };
        // A command is part of the answer, so a device that has the frame gets the answer, too.
        if !is_new && command.is_none() {
            return Ok(NextFrameResult {
                frame: Some(TaggedFrame { etag, frame: None }),
                next_wake_at,
                command,
            });
        }
        let number = newest.frame.number;
        let mut frame = if snapshot.levels.is_black() {
            let seconds = newest.frame.min_duration_seconds;
            self.pictures.black_frame(&snapshot.parameters, seconds).await?
        } else {
            let client_id = client_id.as_str();
            let image = self.pictures.rendition(client_id, &newest, &snapshot.parameters).await?;
            FrameView { image, ..FrameView::from_row(newest.frame) }
        };
        if let Some(schedule) = asleep {
            frame.min_duration_seconds = seconds_to_wake(schedule, self.clock.now());
        }
        let frame = NextFrame { story_id, number, next_wake_at, command, frame };
        Ok(NextFrameResult {
            frame: Some(TaggedFrame { etag, frame: Some(Box::new(frame)) }),
            next_wake_at,
            command,
        })
    }
}

impl FrameSnapshot {
    /// Returns a hash of everything that distinguishes this frame with this picture from others; `None` without a
    /// frame.
    fn etag(&self) -> Option<String> {
        let newest = self.newest.as_ref()?;
        let picture = newest.original.as_ref().map(|picture| picture.id);
        let FrameParameters {
            output_image_format: format,
            output_image_width: width,
            output_image_height: height,
            output_image_dither: dither,
            ..
        } = &self.parameters;
        let (story, number) = (self.story_id?, newest.frame.number);
        let mut identity =
            format!("{story} {number} {picture:?} {format:?} {width:?} {height:?} {dither:?}");
        if self.levels.is_black() {
            // A frame that is told meanwhile is as black.
            identity = format!("black {story} {format:?} {width:?} {height:?}");
        }
        let hash = Sha256::digest(identity);
        Some(URL_SAFE_NO_PAD.encode(&hash[..12]))
    }
}

/// Sources of events about new frames: the client's own stories, and its current story, which another client may own.
#[derive(Default)]
struct Subscriptions {
    client: Option<Subscription>,
    story: Option<Subscription>,
    story_id: Option<Uuid>,
}

/// Returns when there may be another frame; never, without a subscription.
async fn wait_for_change(subscription: Option<&mut Subscription>) {
    match subscription {
        Some(subscription) => subscription.frame_changed().await,
        None => std::future::pending().await,
    }
}
