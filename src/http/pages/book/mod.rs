//! A story as a book: a page to print, and files.

pub(super) mod file;
pub(super) mod page;
mod volume;
