//! Jobs that follow from a change, enqueued by whoever makes it.

use std::ops::RangeInclusive;

use uuid::Uuid;

use super::{IndexFrame, Jobs, RemoveFiles, Subject, UnindexFrames};
use crate::app::AppError;
use crate::store::Tx;

/// Keys at most in one task that removes files.
const MAX_KEYS_PER_TASK: usize = 1000;

impl Jobs {
    /// Has files removed whose rows this transaction removes.
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

    /// Has a frame put into the index, if there is one, with the transaction that keeps or changes the frame.
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

    /// Has frames of a story taken out of the remote index, if there is one, with the transaction that removes them.
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
