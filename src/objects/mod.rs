//! Files: what is written is whole or not there. On this machine's disk ([`LocalStore`]) first, and in a bucket
//! ([`Bucket`]) where one is configured.

mod bucket;
mod local;
mod stray;
mod writing;

pub use bucket::{Bucket, BucketError, Listed, Method, Streamed};
pub use local::{LocalStore, ObjectError, Staged};
pub use stray::Stray;
pub use writing::{Writing, Written};
