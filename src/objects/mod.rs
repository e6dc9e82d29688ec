//! Object stores: the folders on this machine's disk ([`LocalStore`]), and the bucket ([`Bucket`]) if one is
//! configured. A write is atomic: afterwards the whole object is there, or none.

mod bucket;
mod folder;
mod listing;
mod local;
mod marks;
mod writer;

pub use bucket::{Bucket, BucketError, ListedObject, Method, ObjectStream};
pub use folder::{LocalStoreError, NamedFolder};
pub use listing::LocalFile;
pub use local::{LocalStore, StagedFile};
pub use writer::{FileWriter, WrittenFile};
