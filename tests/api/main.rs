//! Tests of the HTTP API: the real server on a free port, with a real database.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says why and ends")]

#[path = "../support/mod.rs"]
mod support;

mod admin;
mod admin_refusals;
mod at_pinecone;
mod auth;
mod bad_input;
mod bodies;
mod bookmark_lists;
mod bookmarks;
mod books;
mod configuration;
mod connections;
mod contract;
mod conventions;
mod device_tokens;
mod devices;
mod erasure;
mod events;
mod examples;
mod failures;
mod fairness;
mod frames;
mod idempotency;
mod identity;
mod learning;
mod leases;
mod limits;
mod media;
mod memory;
mod pages;
mod pages_access;
mod pairing;
mod pinecone;
mod postgres;
mod postgres_tls;
mod provenance;
mod proxies;
mod ranges;
mod search;
mod search_text;
mod sessions;
mod sounds;
mod stories;
mod storytellers;
mod templates;
mod v1_contract;
mod v2_stories;
mod v2_tasks;
mod vectors;
