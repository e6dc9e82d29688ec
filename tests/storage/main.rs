//! Media storage in buckets: the same contract for every kind of bucket, and a service whose bucket comes and goes.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test that cannot continue panics with the reason"
)]

#[path = "../support/mod.rs"]
mod support;

mod backup;
mod backup_refusals;
mod cleaning;
mod contract;
mod disk;
mod folders;
mod google;
mod kills;
mod migration;
mod outage;
mod signed;
mod signed_by_clouds;
mod strict_server;
mod tiers;
mod voices;
