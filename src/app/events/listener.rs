//! One who listens: first what was missed, out of the log; then what happens, as it happens.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;

use super::hub::Seat;
use super::{EventView, Events, PAGE, Topic};
use crate::app::AppError;
use crate::store::{Event, StoreError};
use crate::telemetry::Listening;

/// One who listens, in the order of the events, to none twice.
#[derive(Debug)]
pub struct EventListener {
    events: Events,
    topic: Topic,
    seat: Seat,
    /// The last event that was heard; nothing before it is wanted.
    heard: i64,
    /// Read in the log and not yet heard.
    read: VecDeque<Arc<EventView>>,
    /// Whether there may be more to read in the log.
    is_behind: bool,
    /// Whether what was listened to is gone.
    is_over: bool,
    _counted: Listening,
}

impl EventListener {
    pub(super) async fn begin(
        events: Events,
        topic: Topic,
        after: Option<i64>,
    ) -> Result<Self, AppError> {
        // The seat comes before the look at the log, or an event in between would be missed.
        let seat = events.seat(topic.clone())?;
        let last = events.store.last_event_id().await?;
        // An id from before the database was made anew would wait for its successor for ever.
        let heard = after.map_or(last, |after| after.clamp(0, last));
        let is_behind = heard < last;
        Ok(Self {
            events,
            topic,
            seat,
            heard,
            read: VecDeque::new(),
            is_behind,
            is_over: false,
            _counted: Listening::begin(),
        })
    }

    /// The last event that was heard, or that need not be.
    #[must_use]
    pub const fn heard(&self) -> i64 {
        self.heard
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
        if self.is_over {
            return None;
        }
        let view = loop {
            if let Some(event) = self.read.pop_front() {
                break event;
            }
            if self.is_behind {
                self.read_on().await?;
                continue;
            }
            match self.receive().await? {
                Some(event) if event.id > self.heard => break event,
                Some(_) => {}
                None => self.is_behind = true,
            }
        };
        self.heard = view.id;
        self.is_over = view.is_removal && matches!(self.topic, Topic::Story(_));
        Some(view)
    }

    /// What is handed on next; `Some(None)` when too much was handed on meanwhile.
    async fn receive(&mut self) -> Option<Option<Arc<EventView>>> {
        match self.seat.receiver()?.recv().await {
            Ok(event) => Some(Some(event)),
            Err(RecvError::Lagged(_)) => Some(None),
            Err(RecvError::Closed) => None,
        }
    }

    async fn read_on(&mut self) -> Option<()> {
        let events = self.events_behind().await.inspect_err(|error| {
            let error = error as &dyn Error;
            tracing::warn!(error, "a listener is let go, for the event log cannot be read");
        });
        let events = events.ok()?;
        self.is_behind = events.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
        self.read.extend(events.iter().map(|event| Arc::new(EventView::from(event))));
        Some(())
    }

    async fn events_behind(&self) -> Result<Vec<Event>, StoreError> {
        match &self.topic {
            Topic::Story(id) => self.events.store.events_of_story(*id, self.heard, PAGE).await,
            Topic::Client(id) => self.events.store.events_of_client(id, self.heard, PAGE).await,
        }
    }
}
