//! Tasks, the background work that requests order: `/v2/tasks`.

pub(in crate::http) mod cancel;
pub(in crate::http) mod list;
pub(in crate::http) mod read;
pub(in crate::http) mod retry;
pub(in crate::http) mod status;
