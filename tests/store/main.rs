//! Tests of the store's methods on both databases.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot continue panics with the reason"
)]

#[path = "../support/mod.rs"]
mod support;

mod bookmarks;
mod branches;
mod configs;
mod connections;
mod device_commands;
mod frames;
mod instances;
mod memory;
mod migrations;
mod misc;
mod shares;
mod stories;
mod tasks;

use calliope::store::{NewStory, Store};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Returns a fixed time plus `seconds`.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-11-23T07:04:17.382226Z".parse().expect("a time");
    start + TimeDelta::seconds(seconds)
}

/// Inserts a story.
pub(crate) async fn story(store: &Store, client_id: &str, now: DateTime<Utc>) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = store.begin().await.expect("begun");
    let new =
        NewStory { id, client_id, flock_id: None, strategy: "fern", storyteller: "fern", now };
    tx.create_story(new).await.expect("created");
    tx.save().await.expect("saved");
    id
}
