//! The search service: lexical and semantic search, similar frames, and the vector index.

mod find;
mod index;
mod query;
mod semantic;
mod similar;
mod views;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub(in crate::app) use index::IndexHealth;
pub use index::{IndexStatus, IndexingSummary};
pub use similar::SimilarMoments;
pub use views::{
    MatchedBy, SearchCursor, SearchHitView, SearchMode, SearchPage, SearchRequest,
    SimilarFramesView,
};

use super::jobs::Jobs;
use super::models::Models;
use super::stories::Stories;
use crate::compute::Compute;
use crate::domain::Clock;
use crate::store::Store;
use crate::vectors::Pinecone;

/// The search service.
#[derive(Debug)]
pub struct Search {
    store: Store,
    clock: Arc<dyn Clock>,
    compute: Compute,
    models: Arc<Models>,
    stories: Arc<Stories>,
    jobs: Arc<Jobs>,
    pinecone: Option<Pinecone>,
    semantic_index: semantic::SemanticIndex,
    shutdown: CancellationToken,
}

impl Search {
    pub(in crate::app) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        compute: Compute,
        models: Arc<Models>,
        stories: Arc<Stories>,
        jobs: Arc<Jobs>,
        pinecone: Option<Pinecone>,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            store,
            clock,
            compute,
            models,
            stories,
            jobs,
            pinecone,
            semantic_index: semantic::SemanticIndex::default(),
            shutdown,
        }
    }
}
