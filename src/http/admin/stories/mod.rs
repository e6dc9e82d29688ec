//! `/admin/api/stories`: the stories of every client.

pub(in crate::http) mod change;
pub(in crate::http) mod list;
pub(in crate::http) mod read;
pub(in crate::http) mod remove;
