//! Files: what is written is whole or not there. On this machine's disk ([`LocalStore`]) first, and in a bucket
//! ([`Bucket`]) where one is configured.

mod bucket;
mod local;

pub use bucket::{Bucket, BucketError, Listed};
pub use local::{LocalStore, ObjectError, Staged, Stray};
