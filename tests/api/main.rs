//! The service as its clients meet it: the real server on a free port, the real database, over HTTP.

#[path = "../support/mod.rs"]
mod support;

mod auth;
mod bad_input;
mod conventions;
mod failures;
mod frames;
mod idempotency;
mod media;
mod stories;
