//! Stores vectors: in this installation's database, or at Pinecone, where the rows only record which pieces Pinecone
//! has.

use std::error::Error;

use super::IndexingSummary;
use crate::app::search::Search;
use crate::app::{AppError, ErrorKind};
use crate::store::{FrameToIndex, VectorIndexRow};
use crate::vectors::{self, FrameVectors, Pinecone, RemoteIndexError};

/// The name of the place for vectors that are stored in this installation's database.
const LOCAL: &str = "local";

/// A text that is embedded to find out the dimension of the model's vectors.
const SAMPLE: &str = "Once upon a time";

/// Frames with the vectors of their pieces, all made by one model.
pub(super) struct VectorBatch<'a> {
    pub(super) frames: &'a [FrameToIndex],
    /// For each frame, the vectors of its pieces.
    pub(super) vectors: Vec<Vec<Vec<f32>>>,
    pub(super) model: &'a str,
}

impl Search {
    /// Returns the configured place for vectors: `local`, or `pinecone/INDEX/NAMESPACE`.
    pub(in crate::app) fn index_place(&self) -> &str {
        self.pinecone.as_ref().map_or(LOCAL, Pinecone::place)
    }

    /// Returns whether the index was built with this model and in the configured place.
    pub(in crate::app) fn is_built_with(&self, row: &VectorIndexRow, model: Option<&str>) -> bool {
        row.place.as_deref() == Some(self.index_place()) && row.model.as_deref() == model
    }

    /// Checks that Pinecone's index exists and is compatible with the model, and creates it if the settings allow that.
    /// Problems are logged and reported by `/readyz`; until they are solved, search is lexical only.
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
            Ok(()) => tracing::info!(place = pinecone.place(), "remote index is ready"),
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(error, "remote index cannot be used; searching by words only");
            }
        }
    }

    /// Stores the vectors of a batch and replaces those that its frames had before.
    pub(super) async fn store_vectors(
        &self,
        batch: VectorBatch<'_>,
    ) -> Result<IndexingSummary, AppError> {
        let dimension = batch.vectors.iter().flatten().next().map_or(0, Vec::len);
        let stored = match &self.pinecone {
            Some(pinecone) => {
                // The index is checked before it is claimed, because an incompatible one must not be recorded.
                pinecone.ensure_index(Some(dimension).filter(|dimension| *dimension > 0)).await?;
                self.claim_index(batch.model, dimension).await?;
                let stored = batch.vectors.iter().map(|pieces| vec![None; pieces.len()]).collect();
                pinecone.upsert(&to_frame_vectors(batch.frames, batch.vectors)).await?;
                stored
            }
            None => {
                let encode_all = move || -> Vec<Vec<Option<Vec<u8>>>> {
                    let encode = |pieces: &Vec<Vec<f32>>| {
                        pieces.iter().map(|vector| vectors::encode_vector(vector)).collect()
                    };
                    batch.vectors.iter().map(encode).collect()
                };
                self.compute.run(encode_all).await?
            }
        };
        self.record_indexed(batch.frames, &stored, batch.model, dimension).await
    }

    /// Records in one transaction that frames are in the index. `encoded` has the bytes of each piece's vector; `None`
    /// for vectors that are stored remotely.
    async fn record_indexed(
        &self,
        frames: &[FrameToIndex],
        encoded: &[Vec<Option<Vec<u8>>>],
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
        for (frame, vectors) in frames.iter().zip(encoded) {
            if tx.replace_embeddings(frame.id, vectors, version, now).await? {
                indexed.frames += 1;
                indexed.pieces += vectors.len() as u64;
            } else {
                // The frame was deleted while its vectors were being made.
                self.jobs
                    .enqueue_unindexing(&mut tx, frame.story_id, frame.number..=frame.number)
                    .await?;
            }
        }
        tx.save().await?;
        Ok(indexed)
    }

    /// Records the index's place, model and dimension before anything is written to a remote index.
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
        "The index was built with another model or in another place; run `calliope index rebuild`.";
    AppError::new(ErrorKind::Conflict, detail)
}

impl From<RemoteIndexError> for AppError {
    fn from(error: RemoteIndexError) -> Self {
        let kind = if error.is_retryable() { ErrorKind::Unavailable } else { ErrorKind::Conflict };
        let detail = format!("{error}.");
        Self { cause: Some(error.into()), ..Self::new(kind, detail) }
    }
}
