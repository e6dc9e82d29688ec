//! One who listens: first what was missed, out of the log; then what happens, as it happens.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;

use super::hub::Subscription;
use super::{EventView, Events, PAGE_SIZE, Topic};
use crate::app::AppError;
use crate::store::{Event, StoreError};
use crate::telemetry::SubscriberGuard;

/// One who listens, in the order of the events, to none twice.
#[derive(Debug)]
pub struct EventListener {
    events: Events,
    topic: Topic,
    subscription: Subscription,
    /// The last event that was heard; nothing before it is wanted.
    last_id: i64,
    /// Read in the log and not yet heard.
    backlog: VecDeque<Arc<EventView>>,
    /// Whether there may be more to read in the log.
    is_behind: bool,
    /// Whether what was listened to is gone.
    is_finished: bool,
    _gauge: SubscriberGuard,
}

impl EventListener {
    pub(super) async fn open(
        events: Events,
        topic: Topic,
        after: Option<i64>,
    ) -> Result<Self, AppError> {
        // The seat comes before the look at the log, or an event in between would be missed.
        let subscription = events.subscribe(topic.clone())?;
        let last = events.store.last_event_id().await?;
        // An id from before the database was made anew would wait for its successor for ever.
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
            _gauge: SubscriberGuard::start(),
        })
    }

    /// The last event that was heard, or that need not be.
    #[must_use]
    pub const fn last_event_id(&self) -> i64 {
        self.last_id
    }

    /// The next event; `None` when there will be none any more: the story was removed, the process stops, or the log
    /// cannot be read. Whoever comes back with the last id misses nothing.
    pub async fn next(&mut self) -> Option<Arc<EventView>> {
        let stopping = self.events.stopping.clone();
        tokio::select! {
            () = stopping.cancelled() => None,
            event = self.next_event() => event,
        }
    }

    async fn next_event(&mut self) -> Option<Arc<EventView>> {
        if self.is_finished {
            return None;
        }
        let view = loop {
            if let Some(event) = self.backlog.pop_front() {
                break event;
            }
            if self.is_behind {
                self.fetch_backlog().await?;
                continue;
            }
            match self.receive().await? {
                Some(event) if event.id > self.last_id => break event,
                Some(_) => {}
                None => self.is_behind = true,
            }
        };
        self.last_id = view.id;
        self.is_finished = view.is_removal && matches!(self.topic, Topic::Story(_));
        Some(view)
    }

    /// What is handed on next; `Some(None)` when too much was handed on meanwhile.
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
            tracing::warn!(error, "a listener is let go, for the event log cannot be read");
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
        }
    }
}
