//! What happens to stories, told to whoever listens.
//!
//! The log in the database is the truth. One task of each process ([`Events::tail`]) reads on in it and hands
//! each event to the listeners of its story and of its client; a listener that begins, comes back, or was too slow
//! reads in the log itself. Ids grow in the order in which events can be read, so whoever has read up to one has
//! missed nothing, and the seam between the two needs no more than a comparison.

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

use super::stories::Stories;
use super::{AppError, ErrorKind};
use crate::domain::{ClientId, EventKind};
use crate::store::{Event, Store, StoreError};

/// How often to look without being told: news from another process may be lost.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Events at most in one read of the log.
const PAGE_SIZE: i64 = 200;

/// Whose events.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::app) enum Topic {
    /// Those of a story.
    Story(Uuid),
    /// Those of all of a client's stories.
    Client(String),
}

/// Something that happened, as listeners hear it. It is made once for all of them.
#[derive(Debug)]
pub struct EventView {
    /// Grows from event to event.
    pub id: i64,
    /// What kind of thing.
    pub kind: EventKind,
    /// What happened, as a JSON object.
    pub data: String,
    /// Whether it is the end of a story.
    is_removal: bool,
}

/// What happens to stories. Clones share the listeners.
#[derive(Debug, Clone)]
pub struct Events {
    store: Store,
    stories: Arc<Stories>,
    hub: EventHub,
    stopping: CancellationToken,
}

impl Events {
    pub(in crate::app) fn new(
        store: Store,
        stories: Arc<Stories>,
        stopping: CancellationToken,
    ) -> Self {
        Self { store, stories, hub: EventHub::default(), stopping }
    }

    /// A place among those who hear a topic.
    pub(in crate::app) fn subscribe(&self, topic: Topic) -> Result<Subscription, AppError> {
        self.hub.subscribe(topic).ok_or_else(|| {
            let detail = "Too many listen for events already; try again in a minute.";
            let busy = AppError::new(ErrorKind::Busy, detail);
            AppError { retry_after_seconds: Some(60), ..busy }
        })
    }

    /// Hears what happens to a story, from behind the event `after` on, or from now on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for an unknown story; [`ErrorKind::Busy`] when too many listen.
    pub async fn listen_to_story(
        &self,
        story_id: &str,
        after: Option<i64>,
    ) -> Result<EventListener, AppError> {
        let story = self.stories.find_story(story_id).await?;
        EventListener::open(self.clone(), Topic::Story(story.id), after).await
    }

    /// Hears what happens to all stories of a client, from behind the event `after` on, or from now on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Busy`] when too many listen.
    pub async fn listen_to_client(
        &self,
        client_id: &ClientId,
        after: Option<i64>,
    ) -> Result<EventListener, AppError> {
        let topic = Topic::Client(client_id.as_str().to_owned());
        EventListener::open(self.clone(), topic, after).await
    }

    /// Hands the events of this process and of others to those who listen here, until dropped.
    pub async fn tail(&self) {
        let mut notices = self.store.subscribe();
        let mut after = None;
        loop {
            let dispatched = self.dispatch_logged(after).await.inspect_err(|error| {
                let error = error as &dyn Error;
                tracing::warn!(error, "events cannot be read; listeners wait");
            });
            match dispatched {
                Ok(read_up_to) => after = Some(read_up_to),
                Err(_) => tokio::time::sleep(POLL_INTERVAL).await,
            }
            let logged = async {
                use crate::store::TaskNotice::EventLogged;
                // Lost news is a reason to look.
                while notices.recv().await.is_ok_and(|notices| notices != EventLogged) {}
            };
            let _ = tokio::time::timeout(POLL_INTERVAL, logged).await;
            // What was announced so far is what the next read finds.
            while !matches!(notices.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
        }
    }

    /// Hands on what was logged after an event; the id of the last.
    async fn dispatch_logged(&self, after: Option<i64>) -> Result<i64, StoreError> {
        let mut after = match after {
            Some(after) => after,
            None => self.store.last_event_id().await?,
        };
        loop {
            let events = self.store.events_after(after, PAGE_SIZE).await?;
            let is_all = events.len() < usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX);
            for event in events {
                after = event.id;
                self.hub.dispatch(&event);
            }
            if is_all {
                return Ok(after);
            }
        }
    }
}

impl From<&Event> for EventView {
    fn from(event: &Event) -> Self {
        let mut data = event.payload.as_object().cloned().unwrap_or_default();
        if let Some(story_id) = event.story_id {
            data.insert("story_id".to_owned(), Value::from(story_id.to_string()));
        }
        if event.kind == EventKind::Task {
            let word = |name: &str| data.get(name).and_then(Value::as_str);
            let message = task_message(word("status"), word("step"));
            data.insert("message".to_owned(), Value::from(message));
        }
        let is_removal = event.kind == EventKind::Story && data.contains_key("removed");
        Self { id: event.id, kind: event.kind, data: Value::Object(data).to_string(), is_removal }
    }
}

/// How a task stands, for people to read.
fn task_message(status: Option<&str>, step: Option<&str>) -> &'static str {
    match (status, step) {
        (Some("running"), Some("perceive")) => "Looking and listening.",
        (Some("running"), Some("situate")) => "Taking in where and when it is.",
        (Some("running"), Some("tell")) => "Telling the story on.",
        (Some("running"), Some("illustrate")) => "Painting the picture.",
        (Some("running"), Some("keep")) => "Keeping the frame.",
        (Some("running"), _) => "Under way.",
        (Some("pending"), _) => "Waiting for its turn.",
        (Some("completed"), _) => "Done.",
        (Some("failed"), _) => "Given up; the task says why.",
        (Some("cancelled"), _) => "Called off.",
        _ => "",
    }
}
