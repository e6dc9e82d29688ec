//! The newest frame of a Sparrow, waited for: what a device with little power asks for instead of an order of its own.

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
use crate::app::config::{Config, ConfigOverrides, effective_schedule};
use crate::app::events::{Events, Subscription, Topic};
use crate::app::stories::{FrameView, Stories};
use crate::domain::{ClientId, Clock, FrameParameters, ScheduleSnapshot};
use crate::store::{NewestFrame, Store};

/// How often to look without being told: a schedule moves on by itself, and news from another process may be lost.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// What a device asks for.
#[derive(Debug)]
pub struct NextFrameQuery {
    /// The pixels that it wants.
    pub parameters: Map<String, Value>,
    /// The tags of frames that it has.
    pub known_etags: Vec<String>,
    /// How long it waits for another.
    pub timeout: Duration,
}

/// The newest frame of a Sparrow, and when it should ask again.
#[derive(Debug)]
pub struct NextFrameResult {
    /// The frame, unless there is none.
    pub frame: Option<TaggedFrame>,
    /// When the Sparrow's schedule wakes it, if it sleeps.
    pub next_wake_at: Option<DateTime<Utc>>,
}

/// A frame as the device may know it.
#[derive(Debug)]
pub struct TaggedFrame {
    /// Tells this frame in these pixels from all others.
    pub etag: String,
    /// The frame; absent when the device has it.
    pub frame: Option<Box<NextFrame>>,
}

/// A frame and where it belongs.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextFrame {
    /// The story that the Sparrow is in.
    pub story_id: Uuid,
    /// From 0.
    pub number: i32,
    /// When the Sparrow's schedule wakes it, if it sleeps.
    pub next_wake_at: Option<DateTime<Utc>>,
    /// The frame, its picture as the device asked.
    #[serde(flatten)]
    pub frame: FrameView,
}

/// What a look at the database finds.
struct FrameSnapshot {
    story_id: Option<Uuid>,
    newest: Option<NewestFrame>,
    parameters: FrameParameters,
    in_force: Option<ScheduleSnapshot>,
}

/// Finds the newest frame of a Sparrow, or waits for it.
#[derive(Debug)]
pub(super) struct NextFrames {
    store: Store,
    clock: Arc<dyn Clock>,
    config: Arc<Config>,
    stories: Arc<Stories>,
    clients: Arc<Clients>,
    events: Events,
    pictures: Arc<Pictures>,
    stopping: CancellationToken,
}

impl NextFrames {
    pub(super) fn new(deps: &FrameDependencies, pictures: Arc<Pictures>) -> Self {
        Self {
            store: deps.store.clone(),
            clock: Arc::clone(&deps.clock),
            config: Arc::clone(&deps.config),
            stories: Arc::clone(&deps.stories),
            clients: Arc::clone(&deps.clients),
            events: deps.events.clone(),
            pictures,
            stopping: deps.stopping.clone(),
        }
    }

    /// The newest frame of a Sparrow, once it is none of those that the device has, or the wait is over.
    ///
    /// # Errors
    ///
    /// [`crate::app::ErrorKind::Invalid`] for pixels that cannot be made; [`crate::app::ErrorKind::Busy`] when too many wait.
    pub(super) async fn next_frame(
        &self,
        client_id: &ClientId,
        order: NextFrameQuery,
    ) -> Result<NextFrameResult, AppError> {
        let overrides = ConfigOverrides {
            parameters: FrameParameters::normalize(&order.parameters)?,
            ..ConfigOverrides::default()
        };
        let deadline = Instant::now() + order.timeout;
        self.clients.record_seen(client_id).await?;
        let mut subscriptions = Subscriptions::default();
        loop {
            if !order.timeout.is_zero() && subscriptions.client.is_none() {
                // To listen comes before to look, or a frame in between would be missed.
                subscriptions.client =
                    Some(self.events.subscribe(Topic::Client(client_id.as_str().to_owned()))?);
            }
            let snapshot = self.load_snapshot(client_id, &overrides).await?;
            let etag = snapshot.etag();
            let is_new = etag.as_ref().is_some_and(|etag| !order.known_etags.contains(etag));
            let is_over = Instant::now() >= deadline || self.stopping.is_cancelled();
            if is_new || is_over {
                return self.build_result(client_id, snapshot, etag, is_new).await;
            }
            if subscriptions.story_id != snapshot.story_id {
                subscriptions.story_id = snapshot.story_id;
                subscriptions.story = snapshot
                    .story_id
                    .map(|id| self.events.subscribe(Topic::Story(id)))
                    .transpose()?;
                // A frame may have been told before the seat was taken.
                continue;
            }
            let look_at = deadline.min(Instant::now() + POLL_INTERVAL);
            tokio::select! {
                () = wait_for_change(subscriptions.client.as_mut()) => {}
                () = wait_for_change(subscriptions.story.as_mut()) => {}
                () = tokio::time::sleep_until(look_at) => {}
                () = self.stopping.cancelled() => {}
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
        let present = self.config.resolve_current_with(client_id, &levels, overrides).await?;
        let strategy = &present.resolved.strategy.slug;
        let story = self.stories.find_current_story(client_id, &levels, strategy).await?;
        let newest = match &story {
            Some(story) => self.store.newest_frame(story.id).await?,
            None => None,
        };
        Ok(FrameSnapshot {
            story_id: story.map(|story| story.id),
            newest,
            parameters: FrameParameters::parse(&present.resolved.parameters())?,
            in_force: effective_schedule(&present.positions).cloned(),
        })
    }

    async fn build_result(
        &self,
        client_id: &ClientId,
        snapshot: FrameSnapshot,
        etag: Option<String>,
        is_new: bool,
    ) -> Result<NextFrameResult, AppError> {
        let asleep = snapshot.in_force.as_ref().filter(|in_force| in_force.is_asleep);
        let next_wake_at = asleep.and_then(|in_force| in_force.next_wake_at);
        let (Some(story_id), Some(newest), Some(etag)) = (snapshot.story_id, snapshot.newest, etag)
        else {
            return Ok(NextFrameResult { frame: None, next_wake_at });
        };
        if !is_new {
            return Ok(NextFrameResult {
                frame: Some(TaggedFrame { etag, frame: None }),
                next_wake_at,
            });
        }
        let image =
            self.pictures.rendition(client_id.as_str(), &newest, &snapshot.parameters).await?;
        let number = newest.frame.number;
        let mut frame = FrameView { image, ..FrameView::from_row(newest.frame) };
        if let Some(in_force) = asleep {
            frame.min_duration_seconds = seconds_to_wake(in_force, self.clock.now());
        }
        let frame = NextFrame { story_id, number, next_wake_at, frame };
        Ok(NextFrameResult {
            frame: Some(TaggedFrame { etag, frame: Some(Box::new(frame)) }),
            next_wake_at,
        })
    }
}

impl FrameSnapshot {
    /// A hash of all that tells this frame in these pixels from others.
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
        let identity =
            format!("{story} {number} {picture:?} {format:?} {width:?} {height:?} {dither:?}");
        let hash = Sha256::digest(identity);
        Some(URL_SAFE_NO_PAD.encode(&hash[..12]))
    }
}

/// Where news of a frame comes from: the client's own stories, and the story that it shares.
#[derive(Default)]
struct Subscriptions {
    client: Option<Subscription>,
    story: Option<Subscription>,
    story_id: Option<Uuid>,
}

/// Returns when there may be another frame.
async fn wait_for_change(subscription: Option<&mut Subscription>) {
    match subscription {
        Some(subscription) => subscription.frame_changed().await,
        None => std::future::pending().await,
    }
}
