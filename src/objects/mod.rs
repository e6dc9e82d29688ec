//! Files: what is written is whole or not there. On this machine's disk ([`LocalStore`]) first, and in a bucket
//! ([`Bucket`]) where one is configured.

mod bucket;
mod listing;
mod local;
mod writer;

pub use bucket::{Bucket, BucketError, ListedObject, Method, ObjectStream};
pub use listing::LocalFile;
pub use local::{LocalStore, LocalStoreError, StagedFile};
pub use writer::{FileWriter, WrittenFile};
