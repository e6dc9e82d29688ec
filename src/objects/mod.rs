//! Files: what is written is whole or not there.

mod local;

pub use local::{LocalStore, ObjectError, Staged, Stray};
