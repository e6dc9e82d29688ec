//! Who listens in this process, by what they listen to.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::{Receiver, Sender, channel};

use super::{EventView, Topic};
use crate::domain::EventKind;
use crate::store::Event;

/// Listeners at most in one process.
const MAX_LISTENERS: usize = 20_000;

/// Events that a listener may be behind before it has to read in the log.
const CHANNEL_CAPACITY: usize = 16;

/// Everyone who listens. Clones share them.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct EventHub(Arc<Mutex<HubState>>);

#[derive(Debug, Default)]
struct HubState {
    channels: HashMap<Topic, Sender<Arc<EventView>>>,
    listeners: usize,
}

/// A place among the listeners, until dropped.
#[derive(Debug)]
pub(in crate::app) struct Subscription {
    // Dropped before the channel is looked at: `Option` for that alone.
    receiver: Option<Receiver<Arc<EventView>>>,
    topic: Topic,
    hub: EventHub,
}

impl EventHub {
    /// A place among those who hear a topic; `None` when too many listen.
    pub(super) fn subscribe(&self, topic: Topic) -> Option<Subscription> {
        let mut topics = self.lock();
        if topics.listeners >= MAX_LISTENERS {
            return None;
        }
        topics.listeners += 1;
        let receiver = match topics.channels.entry(topic.clone()) {
            Entry::Occupied(channel) => channel.get().subscribe(),
            Entry::Vacant(vacant) => {
                let (sender, receiver) = channel(CHANNEL_CAPACITY);
                vacant.insert(sender);
                receiver
            }
        };
        drop(topics);
        let (receiver, hub) = (Some(receiver), self.clone());
        Some(Subscription { receiver, topic, hub })
    }

    /// Hands an event to those who hear its topics.
    pub(super) fn dispatch(&self, event: &Event) {
        let story = event.story_id.map(Topic::Story);
        let client = event.client_id.clone().map(Topic::Client);
        let topics = self.lock();
        let listening = [story, client].into_iter().flatten();
        let channels: Vec<_> = listening.filter_map(|t| topics.channels.get(&t).cloned()).collect();
        drop(topics);
        if channels.is_empty() {
            return;
        }
        let event = Arc::new(EventView::from(event));
        for channel in channels {
            // Whoever listened may just have left.
            let _ = channel.send(Arc::clone(&event));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HubState> {
        // Nothing that can panic is done under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// Returns when there may be another frame, or one less.
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
        let mut topics = self.hub.lock();
        topics.listeners -= 1;
        if topics.channels.get(&self.topic).is_some_and(|channel| channel.receiver_count() == 0) {
            topics.channels.remove(&self.topic);
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
        let subscribe = |topic| hub.subscribe(topic).expect("a seat");
        let mut story = subscribe(Topic::Story(Uuid::from_u128(1)));
        let mut client = subscribe(Topic::Client("a".to_owned()));
        let mut same = subscribe(Topic::Client("a".to_owned()));
        hub.dispatch(&event(1, 1, "a"));
        hub.dispatch(&event(2, 2, "a"));
        hub.dispatch(&event(3, 2, "b"));
        let heard = |subscribe: &mut Subscription| -> Vec<i64> {
            let receiver = subscribe.receiver().expect("one that listens");
            std::iter::from_fn(|| receiver.try_recv().ok().map(|event| event.id)).collect()
        };
        assert_eq!(heard(&mut story), [1]);
        assert_eq!(heard(&mut client), [1, 2]);
        assert_eq!(heard(&mut same), [1, 2]);
        drop((story, client));
        assert_eq!(hub.lock().channels.len(), 1, "one of two still hears the client");
        drop(same);
        assert!(hub.lock().channels.is_empty() && hub.lock().listeners == 0);
    }
}
