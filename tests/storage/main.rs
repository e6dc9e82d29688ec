//! Files beside this machine's disk: the same contract on every kind of bucket, and a service whose bucket comes and
//! goes.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test that cannot go on says why and ends"
)]

#[path = "../support/mod.rs"]
mod support;

mod backup;
mod cleaning;
mod contract;
mod disk;
mod kills;
mod migration;
mod outage;
mod signed;
mod tiers;
mod voices;
