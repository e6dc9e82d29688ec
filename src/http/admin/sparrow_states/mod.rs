//! `/admin/api/sparrow-states`: the Sparrows and when each was last seen.

pub(in crate::http) mod list;
pub(in crate::http) mod read;
