//! The pages for people, one file for each. They ask the services directly and show what `calliope-web` makes of it.
//!
//! Who may see what: the first page, `/login`, `/about`, shares and assets are open, and so is `/setup` while there is no
//! user. Stories, walls, the library, search and bookmarks need a browser that is connected, a user who is logged in, or a
//! service without a key on this machine. The setting `pages.public_reading` opens stories and walls to everyone who has a
//! link.

#![allow(
    clippy::result_large_err,
    reason = "a refusal is a complete answer, which is sent at once"
)]

mod about;
mod answer;
mod assets;
mod book;
mod bookmarks;
mod branch;
mod cancel;
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
mod oembed;
mod order;
mod reader;
mod redirects;
mod search;
mod setup;
mod shares;
mod similar;
mod storyteller;
mod visitor;
mod wall;
mod wording;

use axum::routing::{MethodRouter, get, post};

use super::HttpState;
pub(super) use visitor::origin;

/// Returns the pages that take a form, each with its path.
pub(super) fn forms() -> Vec<(&'static str, MethodRouter<HttpState>)> {
    vec![
        ("/", get(home::get).post(order::post)),
        ("/connect", get(redirects::home).post(connect::post)),
        ("/bookmarks", get(bookmarks::get).post(bookmarks::post)),
        ("/cancel", get(redirects::home).post(cancel::post)),
        ("/browser", get(redirects::home).post(cancel::make_browser)),
        ("/s/{slug}/{number}/branch", get(branch::get).post(branch::post)),
        ("/login", get(login::get).post(login::post)),
        ("/logout", post(login::log_out)),
        ("/s/{slug}/share", get(shares::make::get).post(shares::make::post)),
        ("/x/{token}", get(shares::open::first).post(shares::camera::post)),
        ("/x/{token}/consent", get(shares::open::first).post(shares::camera::consent)),
        ("/x/{token}/home", get(shares::open::first).post(shares::take_home::post)),
        ("/x/{token}/forget", get(shares::forget::get).post(shares::forget::post)),
        ("/setup", get(setup::get).post(setup::post)),
        ("/setup/ready", get(setup::ready).post(setup::approve)),
    ]
}

/// Returns the other pages and what they load, each with its path.
pub(super) fn routes() -> Vec<(&'static str, MethodRouter<HttpState>)> {
    vec![
        ("/s/{slug}", get(reader::last)),
        ("/s/{slug}/{number}", get(reader::get)),
        ("/s/{slug}/{number}/similar", get(similar::get)),
        ("/oembed", get(oembed::get)),
        ("/s/{slug}/feed.atom", get(feed::get)),
        ("/s/{slug}/book", get(book::page::get)),
        ("/s/{slug}/book.epub", get(book::file::epub)),
        ("/s/{slug}/book.pdf", get(book::file::pdf)),
        ("/s/{slug}/events", get(events::get)),
        ("/x/{token}/events", get(shares::events::get)),
        ("/x/{token}/tasks/{id}", get(shares::events::task)),
        ("/x/{token}/book", get(shares::book::page)),
        ("/x/{token}/book.epub", get(shares::book::epub)),
        ("/x/{token}/book.pdf", get(shares::book::pdf)),
        ("/x/{token}/{page}", get(shares::open::frame)),
        ("/x/{token}/{page}/events", get(shares::events::get)),
        ("/x/{token}/{page}/book", get(shares::book::page)),
        ("/x/{token}/{page}/book.epub", get(shares::book::epub)),
        ("/x/{token}/{page}/book.pdf", get(shares::book::pdf)),
        ("/x/{token}/{page}/{number}", get(shares::open::frame_of_list)),
        ("/s/{slug}/qr.svg", get(wall::code)),
        ("/library", get(library::get)),
        ("/search", get(search::get)),
        ("/lists/{id}", get(lists::get)),
        ("/storytellers/{slug}", get(storyteller::picture)),
        ("/wall/{name}", get(wall::get)),
        ("/wall/{name}/events", get(wall::events)),
        ("/wall/sw.js", get(wall::worker)),
        ("/about", get(about::get)),
        ("/manifest.webmanifest", get(manifest::get)),
        ("/assets/{file}", get(assets::get)),
        ("/clio", get(redirects::home)),
        ("/clio/{*rest}", get(redirects::home)),
        ("/clio/story/{slug}", get(redirects::story)),
        ("/clio/story/{slug}/{number}", get(redirects::frame)),
        ("/thoth", get(redirects::library)),
        ("/thoth/{*rest}", get(redirects::library)),
    ]
}
