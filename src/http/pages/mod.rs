//! The pages for people, one file for each. They ask the services directly and show what `calliope-web` makes of it.
//!
//! Who may see what: the first page, `/login`, `/about` and assets are open. Stories, the library, search and bookmarks
//! need a browser that is connected, a user who is logged in, or a service without a key on this machine. The setting
//! `pages.public_reading` opens stories to everyone who has a link.

#![allow(
    clippy::result_large_err,
    reason = "a refusal is a complete answer, which is sent at once"
)]

mod about;
mod answer;
mod assets;
mod book;
mod bookmarks;
mod connect;
pub(super) mod errors;
mod events;
mod feed;
mod fields;
mod frame_view;
mod home;
mod library;
mod lists;
mod login;
mod manifest;
mod order;
mod reader;
mod redirects;
mod search;
mod visitor;

use axum::routing::{MethodRouter, get, post};

use super::HttpState;

/// Returns the pages that take a form, each with its path.
pub(super) fn forms() -> Vec<(&'static str, MethodRouter<HttpState>)> {
    vec![
        ("/", get(home::get).post(order::post)),
        ("/connect", get(redirects::home).post(connect::post)),
        ("/bookmarks", get(bookmarks::get).post(bookmarks::post)),
        ("/login", get(login::get).post(login::post)),
        ("/logout", post(login::log_out)),
    ]
}

/// Returns the other pages and what they load, each with its path.
pub(super) fn routes() -> Vec<(&'static str, MethodRouter<HttpState>)> {
    vec![
        ("/s/{slug}", get(reader::last)),
        ("/s/{slug}/{number}", get(reader::get)),
        ("/s/{slug}/feed.atom", get(feed::get)),
        ("/s/{slug}/book", get(book::page::get)),
        ("/s/{slug}/book.epub", get(book::file::epub)),
        ("/s/{slug}/book.pdf", get(book::file::pdf)),
        ("/s/{slug}/events", get(events::get)),
        ("/library", get(library::get)),
        ("/search", get(search::get)),
        ("/lists/{id}", get(lists::get)),
        ("/about", get(about::get)),
        ("/manifest.webmanifest", get(manifest::get)),
        ("/assets/{file}", get(assets::get)),
        ("/clio", get(redirects::home)),
        ("/clio/story/{slug}", get(redirects::story)),
        ("/clio/story/{slug}/{number}", get(redirects::frame)),
        ("/thoth", get(redirects::library)),
        ("/thoth/{*rest}", get(redirects::library)),
    ]
}
