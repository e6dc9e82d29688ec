//! Frames that a client keeps: `/v1/bookmarks/frame`.

pub(in crate::http) mod create;
pub(in crate::http) mod list;
pub(in crate::http) mod read;
pub(in crate::http) mod remove;
