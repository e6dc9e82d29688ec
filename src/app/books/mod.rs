//! The service for books: reads the pictures and narrations of a story's frames, and makes a file of them.
//!
//! A book has at most [`MAX_FRAMES`] frames; a longer story has several volumes. Pictures are read and scaled down one
//! after another, so that a book takes a bounded part of the memory. Two books are made at a time, one for each reader.
//! A book that was made is kept in memory for a while. If several readers ask for the same book, it is made once.

mod media;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use calliope_books::{Book, BookError};
use moka::sync::Cache;
use tokio::sync::Semaphore;

use super::files::Files;
use super::{AppError, ErrorKind};
use crate::compute::{Compute, Shares};
use crate::store::ReadableFrame;

/// The most frames of a book.
pub const MAX_FRAMES: i32 = 100;

/// How many books are made at the same time.
const CONCURRENT: usize = 2;

/// How many readers may wait for a book.
const MAX_WAITING: usize = 32;

/// The memory for books that were made, in bytes.
const MAX_KEPT_BYTES: u64 = 48 << 20;

/// How long a book that was made is kept.
const KEPT: Duration = Duration::from_mins(10);

/// The form of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookFormat {
    /// EPUB 3.
    Epub,
    /// PDF with A5 pages.
    Pdf,
    /// PDF with the two sides of a sheet that folds into a zine.
    Zine,
}

/// A book to make.
#[derive(Debug)]
pub struct BookOrder {
    /// What identifies the book in its present state.
    pub etag: String,
    /// Its form.
    pub format: BookFormat,
    /// Who asks.
    pub reader: String,
    /// The book without pictures and narrations.
    pub book: Book,
    /// The frames of its pages.
    pub frames: Vec<ReadableFrame>,
}

/// Makes books.
#[derive(Debug)]
pub struct Books {
    files: Arc<Files>,
    compute: Compute,
    made: Cache<String, Bytes>,
    readers: Shares<String>,
    running: Shares<String>,
    waiting: Semaphore,
}

impl Books {
    pub(in crate::app) fn new(files: Arc<Files>, compute: Compute) -> Self {
        let size = |_: &String, book: &Bytes| u32::try_from(book.len()).unwrap_or(u32::MAX);
        let made = Cache::builder().max_capacity(MAX_KEPT_BYTES).weigher(size).time_to_live(KEPT);
        Self {
            files,
            compute,
            made: made.build(),
            readers: Shares::new(Semaphore::MAX_PERMITS, 1),
            running: Shares::new(CONCURRENT, 1),
            waiting: Semaphore::new(MAX_WAITING),
        }
    }

    /// Makes a book, or returns it if it was made a moment ago. A frame whose picture is not there any more has none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if the format cannot show the story's letters; [`ErrorKind::Busy`] if too many readers wait.
    pub async fn make(&self, order: BookOrder) -> Result<Bytes, AppError> {
        if let Some(book) = self.made.get(&order.etag) {
            return Ok(book);
        }
        let _waiting = self.waiting.try_acquire().map_err(|_| too_many())?;
        let _reader = self.readers.acquire(&order.reader, 1).await;
        let _book = self.running.acquire(&order.etag, 1).await;
        if let Some(book) = self.made.get(&order.etag) {
            return Ok(book);
        }
        let BookOrder { etag, format, reader, mut book, frames } = order;
        self.add_media(&mut book, &frames, format, &reader).await?;
        let made = self.compute.run(move || match format {
            BookFormat::Epub => calliope_books::epub(&book),
            BookFormat::Pdf => calliope_books::pdf(&book),
            BookFormat::Zine => calliope_books::zine(&book),
        });
        let made = made.await?.map(Bytes::from).map_err(explain)?;
        self.made.insert(etag, made.clone());
        Ok(made)
    }
}

fn too_many() -> AppError {
    let detail = "Too many books are being made; try again in a moment.";
    AppError { retry_after_seconds: Some(10), ..AppError::new(ErrorKind::Busy, detail) }
}

fn explain(error: BookError) -> AppError {
    match error {
        BookError::MissingLetter(letter) => {
            let detail = format!(
                "This story cannot be made into a PDF, because the typeface has no “{letter}”: it has Latin, Greek and Cyrillic letters. Take the EPUB, or print the page of the book from a browser."
            );
            AppError::new(ErrorKind::Conflict, detail)
        }
        error => AppError::internal(error),
    }
}
