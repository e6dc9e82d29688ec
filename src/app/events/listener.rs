//! A subscriber's stream of events: first the missed ones from the event log, then new ones as they are published.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;

use super::hub::Subscription;
use super::{EventView, Events, PAGE_SIZE, Topic};
use crate::app::AppError;
use crate::domain::EventKind;
use crate::store::{Event, StoreError};
use crate::telemetry::SubscriberGuard;

/// A stream of the events of one topic, in order and without duplicates.
#[derive(Debug)]
pub struct EventListener {
    events: Events,
    topic: Topic,
    subscription: Subscription,
    /// Id of the last event that was returned. Later events only are returned.
    last_id: i64,
    /// Events that were read from the log and not returned yet.
    backlog: VecDeque<Arc<EventView>>,
    /// Whether the log may hold more events to read.
    is_behind: bool,
    /// Whether the story was removed, so that no more events follow.
    is_finished: bool,
    /// Whether events of tasks are left out.
    omits_tasks: bool,
    _gauge: SubscriberGuard,
}

impl EventListener {
    pub(super) async fn open(
        events: Events,
        topic: Topic,
        after: Option<i64>,
    ) -> Result<Self, AppError> {
        // Subscribe before reading the log, or an event between the two would be missed.
        let subscription = events.subscribe(topic.clone())?;
        let last = events.store.last_event_id().await?;
        // The database may have been recreated since the client got its id. An id beyond the last one would never be
        // reached, so it is clamped.
        let last_id = after.map_or(last, |after| after.clamp(0, last));
        let is_behind = last_id < last;
        Ok(Self {
            events,
            topic,
            subscription,
            last_id,
            backlog: VecDeque::new(),
            is_behind,
            is_finished: false,
            omits_tasks: false,
            _gauge: SubscriberGuard::start(),
        })
    }

    /// Leaves out the events of tasks.
    pub(super) const fn without_tasks(mut self) -> Self {
        self.omits_tasks = true;
        self
    }

    /// Returns the id of the last event that was returned, or the id after which the stream begins.
    #[must_use]
    pub const fn last_event_id(&self) -> i64 {
        self.last_id
    }

    /// Returns the next event. Returns `None` when the stream ends: the story was removed, the process stops, or the
    /// log cannot be read. A client that reconnects with the last id misses nothing.
    pub async fn next(&mut self) -> Option<Arc<EventView>> {
        let shutdown = self.events.shutdown.clone();
        tokio::select! {
            () = shutdown.cancelled() => None,
            event = self.next_event() => event,
        }
    }

    async fn next_event(&mut self) -> Option<Arc<EventView>> {
        while !self.is_finished {
            let view = self.next_of_topic().await?;
            self.last_id = view.id;
            self.is_finished = view.is_removal && matches!(self.topic, Topic::Story(_));
            if !(self.omits_tasks && view.kind == EventKind::Task) {
                return Some(view);
            }
        }
        None
    }

    /// Returns the next event of the topic, from the log or as it is published.
    async fn next_of_topic(&mut self) -> Option<Arc<EventView>> {
        loop {
            if let Some(event) = self.backlog.pop_front() {
                return Some(event);
            }
            if self.is_behind {
                self.fetch_backlog().await?;
                continue;
            }
            match self.receive().await? {
                Some(event) if event.id > self.last_id => {
                    if self.concerns(&event).await {
                        return Some(event);
                    }
                }
                Some(_) => {}
                // Someone who follows a flock reads everything anew after each event, and one follows.
                None => self.is_behind = !matches!(self.topic, Topic::Flock(_)),
            }
        }
    }

    /// Returns whether an event concerns the topic. Only commands to flocks have to be checked, which all subscribers
    /// receive. If nobody knows, the subscriber is not told; it learns of the command when it asks again.
    async fn concerns(&self, event: &EventView) -> bool {
        let Some(flock_id) = &event.commanded_flock else { return true };
        let flocks = match &self.topic {
            Topic::Story(_) => return false,
            Topic::Client(client_id) => self.events.stories.all_flocks_of_client(client_id).await,
            Topic::Flock(flock_id) => self.events.stories.flocks_from(flock_id).await,
        };
        let flocks = flocks.unwrap_or_else(|error| {
            let error = &error as &dyn Error;
            tracing::warn!(error, "flocks cannot be read; a subscriber is not told of a command");
            Vec::new()
        });
        flocks.contains(flock_id)
    }

    /// Receives the next published event; `Some(None)` if the subscription lagged and events were dropped, `None` if it
    /// is closed.
    async fn receive(&mut self) -> Option<Option<Arc<EventView>>> {
        match self.subscription.receiver()?.recv().await {
            Ok(event) => Some(Some(event)),
            Err(RecvError::Lagged(_)) => Some(None),
            Err(RecvError::Closed) => None,
        }
    }

    async fn fetch_backlog(&mut self) -> Option<()> {
        let events = self.load_missed_events().await.inspect_err(|error| {
            let error = error as &dyn Error;
            tracing::warn!(error, "event log cannot be read; closing the event stream");
        });
        let events = events.ok()?;
        self.is_behind = events.len() >= usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX);
        self.backlog.extend(events.iter().map(|event| Arc::new(EventView::from(event))));
        Some(())
    }

    async fn load_missed_events(&self) -> Result<Vec<Event>, StoreError> {
        match &self.topic {
            Topic::Story(id) => {
                self.events.store.events_of_story(*id, self.last_id, PAGE_SIZE).await
            }
            Topic::Client(id) => {
                self.events.store.events_of_client(id, self.last_id, PAGE_SIZE).await
            }
            Topic::Flock(_) => Ok(Vec::new()),
        }
    }
}
