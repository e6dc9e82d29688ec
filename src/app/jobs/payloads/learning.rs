//! The job that learns from a frame.

use serde::{Deserialize, Serialize};

use crate::app::jobs::{Job, Origin, Subject};
use crate::domain::TaskKind;

/// Adds what a frame reveals about its client to the client's memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearnFromFrame {
    /// Id of the client.
    pub client_id: String,
    /// The request that asked for the frame.
    #[serde(flatten)]
    pub origin: Origin,
    /// Slug of the strategy whose models may be asked about the client.
    pub strategy: String,
    /// Description of the photograph.
    pub seen: Option<String>,
    /// Transcript of the recording.
    pub heard: Option<String>,
    /// The request's text.
    pub said: Option<String>,
    /// Observations that may recur in later frames.
    pub evidence: Vec<Observation>,
}

/// One observation about a client, taken from a frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Kind of observation: `subject`, `colour`, `place` or `time`.
    pub kind: String,
    /// What was observed, for example the name of the colour.
    pub key: String,
    /// Strength of the observation, 0 to 1.
    pub weight: f64,
}

impl LearnFromFrame {
    /// Returns the lane of a client's learning tasks. They run one at a time, because each reads the evidence and
    /// writes it back.
    pub fn lane_for(client_id: &str) -> String {
        format!("remember {client_id}")
    }
}

impl Job for LearnFromFrame {
    const KIND: TaskKind = TaskKind::LearnFromFrame;

    fn lane(&self, _: Subject<'_>) -> Option<String> {
        Some(Self::lane_for(&self.client_id))
    }

    fn origin(&self) -> Option<&Origin> {
        Some(&self.origin)
    }
}
