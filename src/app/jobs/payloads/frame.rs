//! Jobs that tell a frame, redraw it, or make an attachment of it.

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
    /// The request that asked for the frame.
    #[serde(flatten)]
    pub origin: Origin,
    /// Id of the Sparrow that asked for the frame.
    pub client_id: String,
    /// The frame's parameters. The request's override the configuration's, which override the strategy's.
    pub parameters: Map<String, Value>,
    /// Key of the photograph.
    #[serde(default)]
    pub image: Option<String>,
    /// Key of the recording.
    #[serde(default)]
    pub sound: Option<String>,
    /// Key of the video.
    #[serde(default)]
    pub video: Option<String>,
    /// Minimum time for which the frame is shown, in seconds; `None` if no schedule sets it.
    #[serde(default)]
    pub min_duration_seconds: Option<u32>,
    /// Condition for which the device waits before it asks for the next frame; `None` if no schedule sets it.
    #[serde(default)]
    pub trigger_condition: Option<Value>,
    /// Sentences for the frame's `errors`.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl TellFrame {
    /// Returns the keys of the files that came with the request.
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

    /// Adds the fields that an earlier version left out for a sleeping Sparrow: its payload held only a request id,
    /// because the task was completed at once.
    fn upgrade(payload: &mut Map<String, Value>, task: &Task) {
        let client_id = task.client_id.clone().unwrap_or_default();
        payload.entry("client_id").or_insert_with(|| Value::String(client_id));
        payload.entry("parameters").or_insert_with(|| Value::Object(Map::new()));
    }
}

/// Redraws a frame's illustration.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RedrawFrame {
    /// The request that asked for the illustration.
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

/// Narrates a frame's text. It has no lane, so the story continues meanwhile.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NarrateFrame {
    /// The request that asked for the frame.
    #[serde(flatten)]
    pub origin: Origin,
    /// The frame's number.
    pub number: i32,
    /// The requested voice; `None` for the provider's default.
    #[serde(default)]
    pub voice: Option<String>,
}

impl Job for NarrateFrame {
    const KIND: TaskKind = TaskKind::NarrateFrame;

    fn origin(&self) -> Option<&Origin> {
        Some(&self.origin)
    }
}

/// Makes a video of a frame's illustration. It has no lane, so the story continues meanwhile.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GenerateVideo {
    /// The request that asked for the frame.
    #[serde(flatten)]
    pub origin: Origin,
    /// The frame's number.
    pub number: i32,
    /// Id of the picture that the video begins with. If the frame has another picture by now, no video is made.
    pub image_id: Uuid,
    /// The provider's job and the time at which it was started; `None` before that.
    #[serde(default, rename = "filming")]
    pub pending: Option<(PendingVideo, DateTime<Utc>)>,
}

impl Job for GenerateVideo {
    const KIND: TaskKind = TaskKind::GenerateVideo;

    fn origin(&self) -> Option<&Origin> {
        Some(&self.origin)
    }
}
