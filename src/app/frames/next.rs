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

use super::Below;
use super::intake::seconds_to_wake;
use super::pictures::Pictures;
use crate::app::AppError;
use crate::app::clients::Clients;
use crate::app::config::{Asked, Config, decisive};
use crate::app::events::{Events, Seat, Topic};
use crate::app::stories::{FrameView, Stories};
use crate::domain::{ClientId, Clock, InForce, Parameters};
use crate::store::{NewestFrame, Store};

/// How often to look without being told: a schedule moves on by itself, and news from another process may be lost.
const LOOK: Duration = Duration::from_secs(5);

/// What a device asks for.
#[derive(Debug)]
pub struct NextOrder {
    /// The pixels that it wants.
    pub parameters: Map<String, Value>,
    /// The tags of frames that it has.
    pub known: Vec<String>,
    /// How long it waits for another.
    pub wait: Duration,
}

/// The newest frame of a Sparrow, and when it should ask again.
#[derive(Debug)]
pub struct Next {
    /// The frame, unless there is none.
    pub frame: Option<Newest>,
    /// When the Sparrow's schedule wakes it, if it sleeps.
    pub next_wake_at: Option<DateTime<Utc>>,
}

/// A frame as the device may know it.
#[derive(Debug)]
pub struct Newest {
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
struct Look {
    story_id: Option<Uuid>,
    newest: Option<NewestFrame>,
    parameters: Parameters,
    in_force: Option<InForce>,
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
    pub(super) fn new(below: &Below, pictures: Arc<Pictures>) -> Self {
        Self {
            store: below.store.clone(),
            clock: Arc::clone(&below.clock),
            config: Arc::clone(&below.config),
            stories: Arc::clone(&below.stories),
            clients: Arc::clone(&below.clients),
            events: below.events.clone(),
            pictures,
            stopping: below.stopping.clone(),
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
        order: NextOrder,
    ) -> Result<Next, AppError> {
        let asked = Asked { parameters: Parameters::clean(&order.parameters)?, ..Asked::default() };
        let deadline = Instant::now() + order.wait;
        self.clients.note_seen(client_id).await?;
        let mut seats = Seats::default();
        loop {
            if !order.wait.is_zero() && seats.own.is_none() {
                // To listen comes before to look, or a frame in between would be missed.
                seats.own = Some(self.events.seat(Topic::Client(client_id.as_str().to_owned()))?);
            }
            let look = self.look_for_next(client_id, &asked).await?;
            let etag = look.etag();
            let is_news = etag.as_ref().is_some_and(|etag| !order.known.contains(etag));
            let is_over = Instant::now() >= deadline || self.stopping.is_cancelled();
            if is_news || is_over {
                return self.answer_next(client_id, look, etag, is_news).await;
            }
            if seats.story_id != look.story_id {
                seats.story_id = look.story_id;
                seats.story =
                    look.story_id.map(|id| self.events.seat(Topic::Story(id))).transpose()?;
                // A frame may have been told before the seat was taken.
                continue;
            }
            let look_at = deadline.min(Instant::now() + LOOK);
            tokio::select! {
                () = heard(seats.own.as_mut()) => {}
                () = heard(seats.story.as_mut()) => {}
                () = tokio::time::sleep_until(look_at) => {}
                () = self.stopping.cancelled() => {}
            }
        }
    }

    async fn look_for_next(&self, client_id: &ClientId, asked: &Asked) -> Result<Look, AppError> {
        let client_id = client_id.as_str();
        let levels = self.config.levels(client_id).await?;
        let present = self.config.present_with(client_id, &levels, asked).await?;
        let strategy = &present.settled.strategy.slug;
        let story = self.stories.story_of(client_id, &levels, strategy).await?;
        let newest = match &story {
            Some(story) => self.store.newest_frame(story.id).await?,
            None => None,
        };
        Ok(Look {
            story_id: story.map(|story| story.id),
            newest,
            parameters: Parameters::read(&present.settled.parameters())?,
            in_force: decisive(&present.standings).cloned(),
        })
    }

    async fn answer_next(
        &self,
        client_id: &ClientId,
        look: Look,
        etag: Option<String>,
        is_news: bool,
    ) -> Result<Next, AppError> {
        let asleep = look.in_force.as_ref().filter(|in_force| in_force.asleep);
        let next_wake_at = asleep.and_then(|in_force| in_force.next_wake_at);
        let (Some(story_id), Some(newest), Some(etag)) = (look.story_id, look.newest, etag) else {
            return Ok(Next { frame: None, next_wake_at });
        };
        if !is_news {
            return Ok(Next { frame: Some(Newest { etag, frame: None }), next_wake_at });
        }
        let image = self.pictures.rendition(client_id.as_str(), &newest, &look.parameters).await?;
        let number = newest.frame.number;
        let mut frame = FrameView { image, ..FrameView::of(newest.frame) };
        if let Some(in_force) = asleep {
            frame.min_duration_seconds = seconds_to_wake(in_force, self.clock.now());
        }
        let frame = NextFrame { story_id, number, next_wake_at, frame };
        Ok(Next { frame: Some(Newest { etag, frame: Some(Box::new(frame)) }), next_wake_at })
    }
}

impl Look {
    /// A hash of all that tells this frame in these pixels from others.
    fn etag(&self) -> Option<String> {
        let newest = self.newest.as_ref()?;
        let picture = newest.original.as_ref().map(|picture| picture.id);
        let Parameters {
            output_image_format: format,
            output_image_width: width,
            output_image_height: height,
            output_image_dither: dither,
            ..
        } = &self.parameters;
        let (story, number) = (self.story_id?, newest.frame.number);
        let told =
            format!("{story} {number} {picture:?} {format:?} {width:?} {height:?} {dither:?}");
        let hash = Sha256::digest(told);
        Some(URL_SAFE_NO_PAD.encode(&hash[..12]))
    }
}

/// Where news of a frame comes from: the client's own stories, and the story that it shares.
#[derive(Default)]
struct Seats {
    own: Option<Seat>,
    story: Option<Seat>,
    story_id: Option<Uuid>,
}

/// Returns when there may be another frame.
async fn heard(seat: Option<&mut Seat>) {
    match seat {
        Some(seat) => seat.changed().await,
        None => std::future::pending().await,
    }
}
