//! The event subscribers of this process, by topic.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::{Receiver, Sender, channel};

use super::{EventView, Topic};
use crate::domain::EventKind;
use crate::store::Event;

/// Maximum number of subscriptions in one process.
const MAX_SUBSCRIPTIONS: usize = 20_000;

/// Number of events that a subscriber may lag behind before it must read the event log.
const CHANNEL_CAPACITY: usize = 16;

/// Fans events out to the subscribers of their topics. Clones share the subscribers.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct EventHub(Arc<Mutex<HubState>>);

#[derive(Debug, Default)]
struct HubState {
    channels: HashMap<Topic, Sender<Arc<EventView>>>,
    subscription_count: usize,
    /// Number of subscriptions to flocks.
    flock_count: usize,
}

/// A subscription to a topic. Dropping it unsubscribes.
#[derive(Debug)]
pub(in crate::app) struct Subscription {
    // `Some` until drop, which must drop the receiver before it counts the channel's receivers.
    receiver: Option<Receiver<Arc<EventView>>>,
    topic: Topic,
    hub: EventHub,
}

impl EventHub {
    /// Subscribes to a topic. Returns `None` if the process has [`MAX_SUBSCRIPTIONS`] already.
    pub(super) fn subscribe(&self, topic: Topic) -> Option<Subscription> {
        let mut state = self.lock();
        if state.subscription_count >= MAX_SUBSCRIPTIONS {
            return None;
        }
        state.subscription_count += 1;
        state.flock_count += usize::from(matches!(topic, Topic::Flock(_)));
        let receiver = match state.channels.entry(topic.clone()) {
            Entry::Occupied(channel) => channel.get().subscribe(),
            Entry::Vacant(vacant) => {
                let (sender, receiver) = channel(CHANNEL_CAPACITY);
                vacant.insert(sender);
                receiver
            }
        };
        drop(state);
        let (receiver, hub) = (Some(receiver), self.clone());
        Some(Subscription { receiver, topic, hub })
    }

    /// Returns whether nobody is subscribed.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().subscription_count == 0
    }

    /// Returns whether anyone is subscribed to a flock.
    pub(super) fn has_flocks(&self) -> bool {
        self.lock().flock_count > 0
    }

    /// Sends an event to the subscribers of its story, of its client and of these flocks.
    pub(super) fn dispatch(&self, event: &Event, flocks: &[String]) {
        let story = event.story_id.map(Topic::Story);
        let client = event.client_id.clone().map(Topic::Client);
        let state = self.lock();
        let flocks = flocks.iter().cloned().map(Topic::Flock);
        let topics = [story, client].into_iter().flatten().chain(flocks);
        let channels: Vec<_> = topics.filter_map(|t| state.channels.get(&t).cloned()).collect();
        drop(state);
        if channels.is_empty() {
            return;
        }
        let event = Arc::new(EventView::from(event));
        for channel in channels {
            // An error means that the last subscriber has just unsubscribed.
            let _ = channel.send(Arc::clone(&event));
        }
    }

    /// Sends an event to all subscribers of clients and flocks, each of which checks whether it is concerned.
    pub(super) fn dispatch_to_all(&self, event: &Event) {
        let state = self.lock();
        let concerned =
            state.channels.iter().filter(|(topic, _)| !matches!(topic, Topic::Story(_)));
        let channels: Vec<_> = concerned.map(|(_, channel)| channel.clone()).collect();
        drop(state);
        let event = Arc::new(EventView::from(event));
        for channel in channels {
            // An error means that the last subscriber has just unsubscribed.
            let _ = channel.send(Arc::clone(&event));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HubState> {
        // No code under the lock panics, so the state is valid even if the lock is poisoned.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// Returns when there may be another frame or a command: on any event that is not about a task.
    pub(in crate::app) async fn frame_changed(&mut self) {
        let Some(receiver) = self.receiver.as_mut() else { return };
        while receiver.recv().await.is_ok_and(|event| event.kind == EventKind::Task) {}
    }

    pub(super) fn receiver(&mut self) -> Option<&mut Receiver<Arc<EventView>>> {
        self.receiver.as_mut()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        drop(self.receiver.take());
        let mut state = self.hub.lock();
        state.subscription_count -= 1;
        state.flock_count -= usize::from(matches!(self.topic, Topic::Flock(_)));
        if state.channels.get(&self.topic).is_some_and(|channel| channel.receiver_count() == 0) {
            state.channels.remove(&self.topic);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn event(id: i64, story: u128, client: &str) -> Event {
        Event {
            id,
            kind: EventKind::Frame,
            client_id: Some(client.to_owned()),
            story_id: Some(Uuid::from_u128(story)),
            payload: json!({"number": 0}),
            date_created: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn everyone_hears_their_own_and_leaves_nothing_behind() {
        let hub = EventHub::default();
        let subscribe = |topic| hub.subscribe(topic).expect("a subscription");
        let mut story = subscribe(Topic::Story(Uuid::from_u128(1)));
        let mut client = subscribe(Topic::Client("a".to_owned()));
        let mut same = subscribe(Topic::Client("a".to_owned()));
        let mut wood = subscribe(Topic::Flock("wood".to_owned()));
        hub.dispatch(&event(1, 1, "a"), &["wood".to_owned(), "default".to_owned()]);
        hub.dispatch(&event(2, 2, "a"), &[]);
        hub.dispatch(&event(3, 2, "b"), &["default".to_owned()]);
        let received = |subscription: &mut Subscription| -> Vec<i64> {
            let receiver = subscription.receiver().expect("a receiver");
            std::iter::from_fn(|| receiver.try_recv().ok().map(|event| event.id)).collect()
        };
        assert_eq!(received(&mut story), [1]);
        assert_eq!(received(&mut client), [1, 2]);
        assert_eq!(received(&mut same), [1, 2]);
        assert_eq!(received(&mut wood), [1]);
        assert!(hub.has_flocks());
        drop(wood);
        assert!(!hub.has_flocks());
        drop((story, client));
        assert_eq!(hub.lock().channels.len(), 1, "one of the client's two subscriptions is left");
        drop(same);
        assert!(hub.lock().channels.is_empty() && hub.lock().subscription_count == 0);
    }
}
