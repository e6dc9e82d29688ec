//! The [`Job`] trait and the only code that reads and writes job payloads.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::payloads::{
    ApplyRetention, EraseClient, GenerateVideo, IndexFrame, IndexFrames, LearnFromFrame,
    NarrateFrame, RedrawFrame, RemoveFiles, SyncMedia, TellFrame, UnindexFrames,
};
use crate::app::AppError;
use crate::domain::{TaskKind, TraceParent};
use crate::store::Task;

/// The payload of one kind of task.
///
/// A payload is a database format. A new field needs a default, for rows that an earlier version wrote. A removed field
/// must stay readable for as long as such a row may wait ([`Job::upgrade`]).
pub trait Job: Serialize + DeserializeOwned {
    /// The kind of task that carries this job.
    const KIND: TaskKind;

    /// Returns the lane of the job's task. Tasks in the same lane run one at a time, in order; a task without a lane
    /// runs concurrently with all others.
    fn lane(&self, _subject: Subject<'_>) -> Option<String> {
        None
    }

    /// Returns the request that asked for the job, if one did.
    fn origin(&self) -> Option<&Origin> {
        None
    }

    /// Converts a payload that an earlier version wrote to the current form. Does nothing by default.
    fn upgrade(_payload: &mut Map<String, Value>, _task: &Task) {}
}

/// The request that asked for a job: its id, for the log and the answer, and its trace, which the task continues.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The request's id.
    pub request_id: String,
    /// The request's [`TraceParent`], as in the `traceparent` header.
    #[serde(default)]
    pub traceparent: Option<String>,
}

impl Origin {
    /// Creates the origin of a job from its request.
    #[must_use]
    pub fn new(request_id: String, trace: Option<TraceParent>) -> Self {
        Self { request_id, traceparent: trace.map(|trace| trace.to_string()) }
    }

    /// Returns the trace to continue; `None` if there is none or it cannot be parsed.
    #[must_use]
    pub fn trace(&self) -> Option<TraceParent> {
        self.traceparent.as_deref().and_then(TraceParent::parse)
    }
}

/// The client and the story that a task is for. The task's events are published to their subscribers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'a> {
    /// Id of the client that the task is for; `None` if it is for no client.
    pub client_id: Option<&'a str>,
    /// Id of the story that the task is for; `None` if it is for no story.
    pub story_id: Option<Uuid>,
}

/// Decodes the job that a task carries.
///
/// # Errors
///
/// [`AppError`] if the task carries another kind of job, or its payload cannot be read. A payload that is only partly
/// understood must not run.
pub fn decode<J: Job>(task: &Task) -> Result<J, AppError> {
    if task.kind != J::KIND {
        let (id, kind, wanted) = (task.id, task.kind.name(), J::KIND.name());
        return Err(AppError::internal(format!("task {id} is a {kind} task, not a {wanted} task")));
    }
    let mut payload = task.payload.clone();
    if let Some(fields) = payload.as_object_mut() {
        J::upgrade(fields, task);
    }
    serde_json::from_value(payload).map_err(|error| {
        let (id, kind) = (task.id, task.kind.name());
        AppError::internal(format!("the payload of {kind} task {id} cannot be read: {error}"))
    })
}

/// Declares [`AnyJob`], so that each kind of task is listed once.
macro_rules! any_job {
    ($($(#[$doc:meta])* $kind:ident($job:ty),)*) => {
        /// The job of a claimed task, of any kind.
        #[derive(Debug)]
        pub enum AnyJob {
            $($(#[$doc])* $kind($job),)*
        }

        impl AnyJob {
            /// Decodes the job of a task.
            ///
            /// # Errors
            ///
            /// As for [`decode`].
            pub fn decode(task: &Task) -> Result<Self, AppError> {
                match task.kind {
                    $(TaskKind::$kind => decode(task).map(Self::$kind),)*
                }
            }

            /// Returns the request that asked for the job, if one did.
            #[must_use]
            pub fn origin(&self) -> Option<&Origin> {
                match self {
                    $(Self::$kind(job) => job.origin(),)*
                }
            }
        }
    };
}

any_job! {
    /// Tell a frame.
    TellFrame(TellFrame),
    /// Redraw a frame's illustration.
    IllustrateFrame(RedrawFrame),
    /// Narrate a frame's text.
    NarrateFrame(NarrateFrame),
    /// Make a video of a frame's illustration.
    GenerateVideo(GenerateVideo),
    /// Remove files.
    RemoveFiles(RemoveFiles),
    /// Upload files to the bucket.
    SyncMedia(SyncMedia),
    /// Remove media that retention does not keep.
    ApplyRetention(ApplyRetention),
    /// Erase a client.
    EraseClient(EraseClient),
    /// Learn from a frame.
    LearnFromFrame(LearnFromFrame),
    /// Add a frame to the index.
    IndexFrame(IndexFrame),
    /// Add all frames to the index.
    IndexFrames(IndexFrames),
    /// Remove frames from the remote index.
    UnindexFrames(UnindexFrames),
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::domain::TaskStatus;

    fn task(kind: TaskKind, payload: Value) -> Task {
        Task {
            id: Uuid::nil(),
            kind,
            status: TaskStatus::Pending,
            client_id: Some("sparrow".to_owned()),
            story_id: None,
            payload,
            step: None,
            attempts: 0,
            failures: 0,
            result: None,
            error: None,
            date_created: DateTime::UNIX_EPOCH,
            date_started: None,
            date_completed: None,
        }
    }

    #[test]
    fn a_job_of_another_kind_or_form_is_refused() {
        let frame = json!({"story_id": Uuid::nil(), "number": 3});
        let task = |kind| task(kind, frame.clone());
        assert!(decode::<IndexFrame>(&task(TaskKind::IndexFrame)).is_ok());
        assert!(decode::<IndexFrame>(&task(TaskKind::NarrateFrame)).is_err(), "another kind");
        assert!(decode::<RemoveFiles>(&task(TaskKind::RemoveFiles)).is_err(), "another form");
        assert!(AnyJob::decode(&task(TaskKind::ApplyRetention)).is_err(), "another form");
    }

    #[test]
    fn the_order_of_a_sleeping_sparrow_as_it_was_written_before_can_be_read() {
        let stored = task(TaskKind::TellFrame, json!({"request_id": "r"}));
        let job: TellFrame = decode(&stored).expect("an earlier version's form");
        assert_eq!((&*job.client_id, &*job.origin.request_id), ("sparrow", "r"));
        assert_eq!(job.inputs(), [""; 0]);
    }
}
