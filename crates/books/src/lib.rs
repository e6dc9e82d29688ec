//! Makes books of illustrated stories: an EPUB, a PDF with A5 pages, and an A4 sheet that folds into a zine.
//!
//! All functions are pure. The same book gives the same bytes, so that a reader may keep a file for as long as the book
//! does not change.
//!
//! - [`epub()`] writes EPUB 3.3 with alternative texts, accessibility metadata, and narrations as media overlays.
//! - [`pdf()`] writes tagged PDF with A5 pages, a frame on each.
//! - [`zine()`] imposes eight A6 pages on the two sides of one A4 sheet.

mod archive;
mod book;
mod epub;
mod error;
mod pdf;
mod xml;

pub use book::{Book, BookPage, BookPicture, ColophonEntry, Narration, PictureFormat};
pub use epub::epub;
pub use error::BookError;
pub use pdf::{pdf, zine};
