//! Jobs that follow from a change, enqueued in the transaction that makes the change.

use std::ops::RangeInclusive;

use uuid::Uuid;

use super::{IndexFrame, Jobs, RemoveFiles, Subject, UnindexFrames};
use crate::app::AppError;
use crate::store::Tx;

/// Maximum number of keys in one task that removes files.
const MAX_KEYS_PER_TASK: usize = 1000;

impl Jobs {
    /// Enqueues the removal of files whose rows this transaction removes.
    pub(in crate::app) async fn enqueue_file_removal(
        &self,
        tx: &mut Tx,
        keys: Vec<String>,
    ) -> Result<(), AppError> {
        for keys in keys.chunks(MAX_KEYS_PER_TASK) {
            let removal = RemoveFiles { keys: keys.to_vec() };
            self.enqueue(tx, Subject::default(), &removal).await?;
        }
        Ok(())
    }

    /// Enqueues the indexing of a frame that this transaction adds or changes. Does nothing without an index.
    pub(in crate::app) async fn enqueue_indexing(
        &self,
        tx: &mut Tx,
        story_id: Uuid,
        number: i32,
    ) -> Result<(), AppError> {
        if self.follow_ups.indexes_frames {
            self.enqueue(tx, Subject::default(), &IndexFrame { story_id, number }).await?;
        }
        Ok(())
    }

    /// Enqueues the removal from the remote index of frames that this transaction removes. Does nothing without a
    /// remote index.
    pub(in crate::app) async fn enqueue_unindexing(
        &self,
        tx: &mut Tx,
        story_id: Uuid,
        numbers: RangeInclusive<i32>,
    ) -> Result<(), AppError> {
        if self.follow_ups.has_remote_index && !numbers.is_empty() {
            let (from, to) = numbers.into_inner();
            let job = UnindexFrames { story_id, from, to, is_second: false };
            self.enqueue(tx, Subject::default(), &job).await?;
        }
        Ok(())
    }
}
