//! `/admin/api/bookmark-lists`: the bookmark lists of every client.

pub(in crate::http) mod change;
pub(in crate::http) mod create;
pub(in crate::http) mod list;
pub(in crate::http) mod read;
pub(in crate::http) mod remove;
pub(in crate::http) mod replace;
