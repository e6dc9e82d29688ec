//! Where the vectors are kept: in rows of this installation's database, or at Pinecone, where rows only say which pieces it
//! has.

use std::error::Error;

use super::IndexingSummary;
use crate::app::search::Search;
use crate::app::{AppError, ErrorKind};
use crate::store::{FrameToIndex, VectorIndexRow};
use crate::vectors::{self, FrameVectors, Pinecone, RemoteIndexError};

/// Where vectors are kept in this installation's own database.
const LOCAL: &str = "local";

/// A text to learn from how many numbers the model's vectors have.
const SAMPLE: &str = "Once upon a time";

/// Frames with the vectors of their pieces, all of one model.
pub(super) struct VectorBatch<'a> {
    pub(super) frames: &'a [FrameToIndex],
    /// Frame by frame.
    pub(super) vectors: Vec<Vec<Vec<f32>>>,
    pub(super) model: &'a str,
}

impl Search {
    /// Where vectors are to be kept.
    pub(in crate::app) fn index_place(&self) -> &str {
        self.pinecone.as_ref().map_or(LOCAL, Pinecone::place)
    }

    /// Whether the index is made of vectors of this model, kept where they are to be.
    pub(in crate::app) fn is_built_with(&self, row: &VectorIndexRow, model: Option<&str>) -> bool {
        row.place.as_deref() == Some(self.index_place()) && row.model.as_deref() == model
    }

    /// Looks whether Pinecone's index is there and fit for the model, and has it made where it may be. What is wrong is
    /// logged, and told by `/readyz`; Calliope works without it meanwhile.
    pub async fn prepare_index(&self) {
        let (Some(pinecone), Some(model)) = (&self.pinecone, self.models.embedding_model()) else {
            return;
        };
        let prepared = async {
            let row = self.store.vector_index().await?;
            let known = row.dimension.filter(|_| self.is_built_with(&row, Some(&model)));
            let dimension = match known.and_then(|dimension| usize::try_from(dimension).ok()) {
                Some(dimension) => dimension,
                None => self.embed_texts(&[SAMPLE.to_owned()]).await?.first().map_or(0, Vec::len),
            };
            pinecone.ensure_index(Some(dimension)).await.map_err(AppError::from)
        };
        match prepared.await {
            Ok(()) => tracing::info!(place = pinecone.place(), "the index for search is ready"),
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(error, "search is by words alone: the index cannot be used");
            }
        }
    }

    /// Keeps a batch, in the place of what there was of its frames.
    pub(super) async fn store_vectors(
        &self,
        batch: VectorBatch<'_>,
    ) -> Result<IndexingSummary, AppError> {
        let dimension = batch.vectors.iter().flatten().next().map_or(0, Vec::len);
        let kept = match &self.pinecone {
            Some(pinecone) => {
                // An index that does not fit is not what this one is made of.
                pinecone.ensure_index(Some(dimension).filter(|dimension| *dimension > 0)).await?;
                self.claim_index(batch.model, dimension).await?;
                let kept = batch.vectors.iter().map(|vectors| vec![None; vectors.len()]).collect();
                pinecone.upsert(&to_frame_vectors(batch.frames, batch.vectors)).await?;
                kept
            }
            None => {
                let packing = move || -> Vec<Vec<Option<Vec<u8>>>> {
                    let packed = |of: &Vec<Vec<f32>>| {
                        of.iter().map(|vector| vectors::encode_vector(vector)).collect()
                    };
                    batch.vectors.iter().map(packed).collect()
                };
                self.compute.run(packing).await?
            }
        };
        self.record_indexed(batch.frames, &kept, batch.model, dimension).await
    }

    /// Notes that frames are in the index, all in one transaction.
    async fn record_indexed(
        &self,
        frames: &[FrameToIndex],
        kept: &[Vec<Option<Vec<u8>>>],
        model: &str,
        dimension: usize,
    ) -> Result<IndexingSummary, AppError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if dimension > 0
            && !tx
                .init_vector_index(self.index_place(), model, checked_dimension(dimension)?)
                .await?
        {
            return Err(index_mismatch());
        }
        let version = tx.bump_index_version().await?;
        let mut indexed = IndexingSummary::default();
        for (frame, vectors) in frames.iter().zip(kept) {
            if tx.replace_embeddings(frame.id, vectors, version, now).await? {
                indexed.frames += 1;
                indexed.pieces += vectors.len() as u64;
            } else {
                // It was removed while its vectors were under way.
                self.jobs
                    .enqueue_unindexing(&mut tx, frame.story_id, frame.number..=frame.number)
                    .await?;
            }
        }
        tx.save().await?;
        Ok(indexed)
    }

    /// Notes what the index is made with before anything is given to another service.
    async fn claim_index(&self, model: &str, dimension: usize) -> Result<(), AppError> {
        let row = self.store.vector_index().await?;
        if dimension == 0 || self.is_built_with(&row, Some(model)) {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        if !tx.init_vector_index(self.index_place(), model, checked_dimension(dimension)?).await? {
            return Err(index_mismatch());
        }
        Ok(tx.save().await?)
    }
}

fn to_frame_vectors(frames: &[FrameToIndex], vectors: Vec<Vec<Vec<f32>>>) -> Vec<FrameVectors<'_>> {
    let frames = frames.iter().zip(vectors);
    frames
        .map(|(frame, vectors)| FrameVectors {
            story_id: frame.story_id,
            number: frame.number,
            frame_id: frame.id,
            client_id: &frame.client_id,
            strategy: &frame.strategy,
            language: frame.language.as_deref(),
            told_at: frame.date_created,
            vectors,
        })
        .collect()
}

fn checked_dimension(dimension: usize) -> Result<i32, AppError> {
    i32::try_from(dimension).map_err(AppError::internal)
}

fn index_mismatch() -> AppError {
    let detail =
        "The index was made with another model or in another place; run `calliope index rebuild`.";
    AppError::new(ErrorKind::Conflict, detail)
}

impl From<RemoteIndexError> for AppError {
    fn from(fault: RemoteIndexError) -> Self {
        let kind = if fault.is_retryable() { ErrorKind::Unavailable } else { ErrorKind::Conflict };
        let detail = format!("{fault}.");
        Self { cause: Some(fault.into()), ..Self::new(kind, detail) }
    }
}
