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
mod oembed;
mod qr;
mod reader;
mod search;
mod setup;
mod share;
mod shell;
mod similar;
mod text;
mod visitor;
mod wall;

pub use about::AboutPage;
pub use askama::Template;
pub use book::BookPage;
pub use connect::ConnectPage;
pub use error_page::ErrorPage;
pub use feed::{Feed, FeedEntry};
pub use frame::{Clip, FramePart, Picture, SMALL_WIDTHS};
pub use home::{HomePage, PendingFrame, StorytellerChoice};
pub use library::{Cover, LibraryDay, LibraryPage};
pub use lists::{BookmarkCard, BookmarksPage, ListPage};
pub use login::LoginPage;
pub use manifest::manifest;
pub use marked_text::{MarkedPart, marked_excerpt};
pub use oembed::OEmbed;
pub use qr::qr_svg;
pub use reader::{Neighbour, ReaderPage};
pub use search::{SearchHitCard, SearchPage};
pub use setup::{SetupPage, SetupReadyPage};
pub use share::{GonePage, ShareCard, SharePage};
pub use shell::Shell;
pub use similar::SimilarPage;
pub use text::{language_tag, paragraphs, shorten};
pub use visitor::{ConsentPage, ForgetPage, TakenHomePage, VisitorPage};
pub use wall::{WallFrame, WallPage};
