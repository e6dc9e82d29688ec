//! Events of stories, and their subscribers.
//!
//! The event log in the database is the source of truth. Each process runs one task ([`Events::tail`]) that tails the
//! log and fans each event out to the subscribers of its story and of its client. A new, reconnecting or lagging
//! subscriber reads the log directly. Ids grow in the order in which events become readable, so a subscriber that has
//! read up to an id has missed nothing, and switching from the log to the fan-out only compares ids.

mod hub;
mod listener;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::broadcast::error::TryRecvError;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use hub::EventHub;
pub(in crate::app) use hub::Subscription;
pub use listener::EventListener;

use super::stories::{Stories, Wall};
use super::{AppError, ErrorKind};
use crate::domain::{ClientId, EventKind};
use crate::store::{Event, Store, StoreError};

/// Poll interval of the event log. Polling is needed because a notice from another process may be lost.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Maximum number of events in one read of the log.
const PAGE_SIZE: i64 = 200;

/// The events that a subscriber receives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::app) enum Topic {
    /// The events of one story, by its id.
    Story(Uuid),
    /// The events of all stories of one client, and the commands to it, by its id.
    Client(String),
    /// What changes in the stories of a flock's members that are not private, and the commands to these members and to
    /// the flock, by its id. Events of tasks are left out.
    Flock(String),
}

/// An event as subscribers receive it. It is serialized once for all of them.
#[derive(Debug)]
pub struct EventView {
    /// Id of the event, larger than the ids of all earlier ones.
    pub id: i64,
    /// Kind of event.
    pub kind: EventKind,
    /// Payload, as a JSON object.
    pub data: String,
    /// Whether the event says that its story was removed.
    is_removal: bool,
    /// The flock that a command is for; `None` for every other event.
    commanded_flock: Option<String>,
}

/// Subscribes to events and fans them out. Clones share the subscribers.
#[derive(Debug, Clone)]
pub struct Events {
    store: Store,
    stories: Arc<Stories>,
    hub: EventHub,
    shutdown: CancellationToken,
}

impl Events {
    pub(in crate::app) fn new(
        store: Store,
        stories: Arc<Stories>,
        shutdown: CancellationToken,
    ) -> Self {
        Self { store, stories, hub: EventHub::default(), shutdown }
    }

    /// Subscribes to new events of a topic.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Busy`] if the process has too many subscribers.
    pub(in crate::app) fn subscribe(&self, topic: Topic) -> Result<Subscription, AppError> {
        self.hub.subscribe(topic).ok_or_else(|| {
            let detail = "Too many clients are listening for events; try again in a minute.";
            let busy = AppError::new(ErrorKind::Busy, detail);
            AppError { retry_after_seconds: Some(60), ..busy }
        })
    }

    /// Opens a stream of a story's events: those after the event id `after`, or new ones only if it is `None`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if there is no such story; [`ErrorKind::Busy`] if the process has too many subscribers.
    pub async fn listen_to_story(
        &self,
        story_id: &str,
        after: Option<i64>,
    ) -> Result<EventListener, AppError> {
        let story = self.stories.find_story(story_id).await?;
        EventListener::open(self.clone(), Topic::Story(story.id), after).await
    }

    /// Opens a stream of the events of all stories of a client: those after the event id `after`, or new ones only if
    /// it is `None`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Busy`] if the process has too many subscribers.
    pub async fn listen_to_client(
        &self,
        client_id: &ClientId,
        after: Option<i64>,
    ) -> Result<EventListener, AppError> {
        let topic = Topic::Client(client_id.as_str().to_owned());
        EventListener::open(self.clone(), topic, after).await
    }

    /// Opens a stream of what changes on a wall, from now on. A wall is read anew after each event, so it need not
    /// receive the events that it missed. Events of tasks are left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Busy`] if the process has too many subscribers.
    pub async fn listen_to_wall(&self, wall: &Wall) -> Result<EventListener, AppError> {
        let topic = match wall.shared_flock() {
            Some(flock_id) => Topic::Flock(flock_id.to_owned()),
            None => Topic::Client(wall.name.clone()),
        };
        let listener = EventListener::open(self.clone(), topic, None).await?;
        Ok(listener.without_tasks())
    }

    /// Tails the event log and fans its events out to this process's subscribers. Never returns; drop the future to
    /// stop.
    pub async fn tail(&self) {
        let mut notices = self.store.subscribe();
        let mut after = None;
        let mut is_announced = false;
        loop {
            let dispatched = self.dispatch_logged(after, is_announced).await.inspect_err(|error| {
                let error = error as &dyn Error;
                tracing::warn!(error, "event log cannot be read; trying again");
            });
            match dispatched {
                Ok(last_id) => after = Some(last_id),
                Err(_) => tokio::time::sleep(POLL_INTERVAL).await,
            }
            let logged = async {
                use crate::store::TaskNotice::EventLogged;
                // An error means that notices were lost, which is a reason to read the log too.
                while notices.recv().await.is_ok_and(|notice| notice != EventLogged) {}
            };
            is_announced = tokio::time::timeout(POLL_INTERVAL, logged).await.is_ok();
            // The next read finds everything that was announced so far, so drop those notices.
            while !matches!(notices.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
        }
    }

    /// Fans out the events after the id `after`; without one, starts at the end of the log. Returns the last event's
    /// id.
    ///
    /// While nobody is subscribed, events are not read when they are announced; once in a while their end is.
    async fn dispatch_logged(
        &self,
        after: Option<i64>,
        is_announced: bool,
    ) -> Result<i64, StoreError> {
        let is_empty = self.hub.is_empty();
        let mut after = match after {
            Some(after) if is_empty && is_announced => return Ok(after),
            Some(after) if !is_empty => after,
            after => {
                let last = self.store.last_event_id().await?;
                // A client that subscribed during the read may wait for an event before its result.
                if self.hub.is_empty() {
                    return Ok(last);
                }
                after.unwrap_or(last)
            }
        };
        loop {
            let events = self.store.events_after(after, PAGE_SIZE).await?;
            let is_last_page = events.len() < usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX);
            for event in events {
                after = event.id;
                if event.kind == EventKind::Command {
                    // Subscribers ask at once what is in force now, even if another instance has changed it.
                    self.store.forget_configuration_version();
                    if event.client_id.is_none() {
                        self.hub.dispatch_to_all(&event);
                        continue;
                    }
                }
                let flocks = self.flocks_of(&event).await;
                self.hub.dispatch(&event, &flocks);
            }
            if is_last_page {
                return Ok(after);
            }
        }
    }
}

impl Events {
    /// Returns the flocks whose subscribers an event concerns. Their cached levels are read only while a flock has
    /// subscribers.
    async fn flocks_of(&self, event: &Event) -> Vec<String> {
        let Some(client_id) = &event.client_id else { return Vec::new() };
        if event.kind == EventKind::Task || !self.hub.has_flocks() {
            return Vec::new();
        }
        let found = self.stories.flocks_of_client(client_id).await;
        found.unwrap_or_else(|error| {
            let error = &error as &dyn Error;
            tracing::warn!(
                error,
                "flocks of a client cannot be read; walls learn of a frame later"
            );
            Vec::new()
        })
    }
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        let mut data = event.payload.as_object().cloned().unwrap_or_default();
        if let Some(story_id) = event.story_id {
            data.insert("story_id".to_owned(), Value::from(story_id.to_string()));
        }
        if event.kind == EventKind::Task {
            let field = |name: &str| data.get(name).and_then(Value::as_str);
            let message = task_message(field("status"), field("step"));
            data.insert("message".to_owned(), Value::from(message));
        }
        let is_removal = event.kind == EventKind::Story && data.contains_key("removed");
        let is_command = event.kind == EventKind::Command;
        // Subscribers need not know which flock they are in.
        let flock_id = if is_command { data.remove("flock_id") } else { None };
        let commanded_flock = flock_id.and_then(|id| id.as_str().map(str::to_owned));
        let data = Value::Object(data).to_string();
        Self { id: event.id, kind: event.kind, data, is_removal, commanded_flock }
    }
}

/// Returns a sentence for people that describes a task's state.
fn task_message(status: Option<&str>, step: Option<&str>) -> &'static str {
    match (status, step) {
        (Some("running"), Some("perceive")) => "Looking and listening.",
        (Some("running"), Some("situate")) => "Finding out where and when it is.",
        (Some("running"), Some("tell")) => "Telling the next part of the story.",
        (Some("running"), Some("words" | "illustrate")) => "Painting the picture.",
        (Some("running"), Some("keep")) => "Saving the frame.",
        (Some("running"), _) => "In progress.",
        (Some("pending"), _) => "Waiting for its turn.",
        (Some("completed"), _) => "Done.",
        (Some("failed"), _) => "Failed; the task says why.",
        (Some("cancelled"), _) => "Cancelled.",
        _ => "",
    }
}
