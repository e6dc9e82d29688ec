//! Jobs that tell a frame, or give it something.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::app::jobs::{Job, Origin, Subject, story_lane};
use crate::domain::TaskKind;
use crate::inference::PendingVideo;
use crate::store::Task;

/// Tells the next frame of a story.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TellFrame {
    /// The request that asked for it.
    #[serde(flatten)]
    pub origin: Origin,
    /// The Sparrow that asked for it.
    pub client_id: String,
    /// The frame's parameters: the request's over the configuration's over the strategy's.
    pub parameters: Map<String, Value>,
    /// The key of the photograph.
    #[serde(default)]
    pub image: Option<String>,
    /// The key of the recording.
    #[serde(default)]
    pub sound: Option<String>,
    /// The key of the video.
    #[serde(default)]
    pub video: Option<String>,
    /// How long the frame is shown at least, in seconds, if a schedule says so.
    #[serde(default)]
    pub min_duration_seconds: Option<u32>,
    /// What the device waits for before it asks for the next frame, if a schedule says so.
    #[serde(default)]
    pub trigger_condition: Option<Value>,
    /// Sentences for the frame's `errors`.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl TellFrame {
    /// The keys of everything that was sent for the frame.
    pub fn inputs(&self) -> Vec<&str> {
        let keys = [&self.image, &self.sound, &self.video];
        keys.into_iter().flatten().map(String::as_str).collect()
    }
}

impl Job for TellFrame {
    const KIND: TaskKind = TaskKind::TellFrame;

    fn lane(&self, subject: Subject<'_>) -> Option<String> {
        subject.story_id.map(story_lane)
    }

    fn origin(&self) -> Option<&Origin> {
        Some(&self.origin)
    }

    /// The order of a sleeping Sparrow, which ended at once, used to hold a request's id and nothing else.
    fn upgrade(payload: &mut Map<String, Value>, task: &Task) {
        let client_id = task.client_id.clone().unwrap_or_default();
        payload.entry("client_id").or_insert_with(|| Value::String(client_id));
        payload.entry("parameters").or_insert_with(|| Value::Object(Map::new()));
    }
}

/// Makes a frame's illustration anew.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RedrawFrame {
    /// The request that asked for it.
    #[serde(flatten)]
    pub origin: Origin,
    /// The frame's number.
    pub number: i32,
}

impl Job for RedrawFrame {
    const KIND: TaskKind = TaskKind::IllustrateFrame;

    fn lane(&self, subject: Subject<'_>) -> Option<String> {
        subject.story_id.map(story_lane)
    }

    fn origin(&self) -> Option<&Origin> {
        Some(&self.origin)
    }
}

/// Speaks a frame's text. It goes down no lane: the story goes on meanwhile.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NarrateFrame {
    /// The request that asked for the frame.
    #[serde(flatten)]
    pub origin: Origin,
    /// The frame's number.
    pub number: i32,
    /// The voice that was asked for.
    #[serde(default)]
    pub voice: Option<String>,
}

impl Job for NarrateFrame {
    const KIND: TaskKind = TaskKind::NarrateFrame;

    fn origin(&self) -> Option<&Origin> {
        Some(&self.origin)
    }
}

/// Makes a video of a frame's illustration. It goes down no lane: the story goes on meanwhile.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GenerateVideo {
    /// The request that asked for the frame.
    #[serde(flatten)]
    pub origin: Origin,
    /// The frame's number.
    pub number: i32,
    /// The picture that the video begins with. If the frame has another picture by now, no video is made.
    pub image_id: Uuid,
    /// The provider's own job, and when it was begun; absent before that.
    #[serde(default)]
    pub filming: Option<(PendingVideo, DateTime<Utc>)>,
}

impl Job for GenerateVideo {
    const KIND: TaskKind = TaskKind::GenerateVideo;

    fn origin(&self) -> Option<&Origin> {
        Some(&self.origin)
    }
}
