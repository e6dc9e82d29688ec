//! The job that learns from a frame.

use serde::{Deserialize, Serialize};

use crate::app::jobs::{Job, Origin, Subject};
use crate::domain::TaskKind;

/// Keeps what a frame teaches about its client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearnFromFrame {
    /// The client.
    pub client_id: String,
    /// The request that asked for the frame.
    #[serde(flatten)]
    pub origin: Origin,
    /// The slug of the strategy whose models may be asked about the client.
    pub strategy: String,
    /// What the camera saw.
    pub seen: Option<String>,
    /// What the microphone heard.
    pub heard: Option<String>,
    /// What was written.
    pub said: Option<String>,
    /// What may recur.
    pub evidence: Vec<Observation>,
}

/// One thing that a frame shows of its client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// `subject`, `colour`, `place` or `time`.
    pub kind: String,
    /// Which one.
    pub key: String,
    /// How much it says: 0-1.
    pub weight: f64,
}

impl LearnFromFrame {
    /// The lane of what is learned about a client: one task at a time, because evidence is read and written again.
    pub fn lane_of(client_id: &str) -> String {
        format!("remember {client_id}")
    }
}

impl Job for LearnFromFrame {
    const KIND: TaskKind = TaskKind::LearnFromFrame;

    fn lane(&self, _: Subject<'_>) -> Option<String> {
        Some(Self::lane_of(&self.client_id))
    }

    fn origin(&self) -> Option<&Origin> {
        Some(&self.origin)
    }
}
