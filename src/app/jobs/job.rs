//! What a job is: the payload of one kind of task, written and read here alone.

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
/// It is a database format: a field that is added needs a default, for rows that an earlier version wrote, and a field
/// that goes stays readable for as long as such a row may wait ([`Job::upgrade`]).
pub trait Job: Serialize + DeserializeOwned {
    /// The kind of task that carries it.
    const KIND: TaskKind;

    /// The lane of its task: tasks of one lane run one at a time, in order. Without a lane it runs beside all others.
    fn lane(&self, _subject: Subject<'_>) -> Option<String> {
        None
    }

    /// The request that asked for it, if one did.
    fn origin(&self) -> Option<&Origin> {
        None
    }

    /// Brings a payload that an earlier version wrote into today's form.
    fn upgrade(_payload: &mut Map<String, Value>, _task: &Task) {}
}

/// The request that asked for a job: its id for the log and the answer, its trace to be continued.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The request's id.
    pub request_id: String,
    /// [`TraceParent`], as its header has it.
    #[serde(default)]
    pub traceparent: Option<String>,
}

impl Origin {
    /// The origin of a job that a request asks for now.
    #[must_use]
    pub fn new(request_id: String, trace: Option<TraceParent>) -> Self {
        Self { request_id, traceparent: trace.map(|trace| trace.to_string()) }
    }

    /// The trace to be continued.
    #[must_use]
    pub fn trace(&self) -> Option<TraceParent> {
        self.traceparent.as_deref().and_then(TraceParent::parse)
    }
}

/// The client and the story that a task is for; they hear its events.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'a> {
    /// The client.
    pub client_id: Option<&'a str>,
    /// The story.
    pub story_id: Option<Uuid>,
}

/// Reads the job that a task carries.
///
/// # Errors
///
/// [`AppError`] when the task carries another kind of job, or its payload cannot be read: work that is not understood
/// must not be done by halves.
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
        /// The job of a claimed task, whichever it is.
        #[derive(Debug)]
        pub enum AnyJob {
            $($(#[$doc])* $kind($job),)*
        }

        impl AnyJob {
            /// Reads the job of a task.
            ///
            /// # Errors
            ///
            /// As [`decode`].
            pub fn decode(task: &Task) -> Result<Self, AppError> {
                match task.kind {
                    $(TaskKind::$kind => decode(task).map(Self::$kind),)*
                }
            }

            /// The request that asked for it, if one did.
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
    /// Make a frame's illustration anew.
    IllustrateFrame(RedrawFrame),
    /// Speak a frame's text.
    NarrateFrame(NarrateFrame),
    /// Make a video of a frame's illustration.
    GenerateVideo(GenerateVideo),
    /// Remove files.
    RemoveFiles(RemoveFiles),
    /// Put files into the bucket.
    SyncMedia(SyncMedia),
    /// Remove media that need not be kept.
    ApplyRetention(ApplyRetention),
    /// Erase a client.
    EraseClient(EraseClient),
    /// Learn from a frame.
    LearnFromFrame(LearnFromFrame),
    /// Put a frame into the index.
    IndexFrame(IndexFrame),
    /// Put all frames into the index.
    IndexFrames(IndexFrames),
    /// Take frames out of the index.
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
