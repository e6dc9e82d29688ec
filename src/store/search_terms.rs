//! Computes the search terms of frames that have none: those of earlier versions, and of instances that run one meanwhile.

use sqlx_macros::FromRow;

use super::{Store, StoreError, with_read_pool, with_tx};
use crate::domain::joined_terms;

/// Number of frames per transaction.
const BATCH: i64 = 200;

#[derive(Debug, FromRow)]
struct FrameTexts {
    id: i64,
    text: Option<String>,
    illustration: Option<String>,
    seen: Option<String>,
    heard: Option<String>,
}

/// A frame's id and the terms of its text, illustration, image and sound. A frame without a text has empty terms, so that
/// it is not looked at again.
type FrameTerms = (i64, String, Option<String>, Option<String>, Option<String>);

impl Store {
    /// Computes the search terms of all frames that have none. Returns their number.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails; the next call continues.
    pub async fn fill_search_terms(&self) -> Result<usize, StoreError> {
        const SELECT: &str = "SELECT id, text, illustration, seen, heard FROM story_frame \
             WHERE text_terms IS NULL AND id > $1 ORDER BY id LIMIT $2";
        const UPDATE: &str = "UPDATE story_frame SET text_terms = $2, illustration_terms = $3, \
             seen_terms = $4, heard_terms = $5 WHERE id = $1";
        let failed = StoreError::failed("compute search terms");
        let (mut after, mut filled) = (0_i64, 0);
        loop {
            let frames: Vec<FrameTexts> = with_read_pool!(self, db => sqlx::query_as(SELECT)
                .bind(after)
                .bind(BATCH)
                .fetch_all(db)
                .await)
            .map_err(&failed)?;
            let Some(last) = frames.last() else { return Ok(filled) };
            after = last.id;
            filled += frames.len();
            let compute = move || frames.into_iter().map(frame_terms).collect();
            let terms: Vec<FrameTerms> = tokio::task::spawn_blocking(compute)
                .await
                .map_err(|_| failed(sqlx::Error::WorkerCrashed))?;
            let mut tx = self.begin().await?;
            for (id, text, illustration, seen, heard) in terms {
                with_tx!(tx, db => sqlx::query(UPDATE)
                    .bind(id)
                    .bind(text)
                    .bind(illustration)
                    .bind(seen)
                    .bind(heard)
                    .execute(db)
                    .await
                    .map(drop))
                .map_err(&failed)?;
            }
            tx.save().await?;
        }
    }
}

fn frame_terms(frame: FrameTexts) -> FrameTerms {
    let terms = |text: Option<String>| text.map(|text| joined_terms(&text));
    let text = terms(frame.text).unwrap_or_default();
    (frame.id, text, terms(frame.illustration), terms(frame.seen), terms(frame.heard))
}
