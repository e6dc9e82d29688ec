//! Object stores: the folders on this machine's disk ([`LocalStore`]), and the bucket ([`Bucket`]) if one is
//! configured. A write is atomic: afterwards the whole object is there, or none.

mod bucket;
mod listing;
mod local;
mod writer;

pub use bucket::{Bucket, BucketError, ListedObject, Method, ObjectStream};
pub use listing::LocalFile;
pub use local::{LocalStore, LocalStoreError, StagedFile};
pub use writer::{FileWriter, WrittenFile};
