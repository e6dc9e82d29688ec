//! A client's bookmarks of frames: `/v1/bookmarks/frame`.

pub(in crate::http) mod create;
pub(in crate::http) mod list;
pub(in crate::http) mod read;
pub(in crate::http) mod remove;
