//! The pages that people see: one view struct and one template for each, a style sheet, a few modules and a typeface.
//!
//! A view holds what its page shows, ready to be shown. Templates escape every value. This crate reads and decides
//! nothing, so each page can be rendered in a test from a sample view.

mod about;
pub mod assets;
mod book;
mod connect;
mod error_page;
mod feed;
mod frame;
mod home;
mod library;
mod lists;
mod login;
mod manifest;
mod marked_text;
mod reader;
mod search;
mod shell;
mod text;

pub use about::AboutPage;
pub use askama::Template;
pub use book::BookPage;
pub use connect::ConnectPage;
pub use error_page::ErrorPage;
pub use feed::{Feed, FeedEntry};
pub use frame::{Clip, FramePart, Picture};
pub use home::{HomePage, PendingFrame, StorytellerChoice};
pub use library::{Cover, LibraryDay, LibraryPage};
pub use lists::{BookmarkCard, BookmarksPage, ListPage};
pub use login::LoginPage;
pub use manifest::manifest;
pub use marked_text::{MarkedPart, marked_excerpt};
pub use reader::{Neighbour, ReaderPage};
pub use search::{SearchHitCard, SearchPage};
pub use shell::Shell;
pub use text::{language_tag, paragraphs, shorten};
