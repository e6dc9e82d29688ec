//! Shares: `/v2/shares`. A client may share what is its own, and admins may share everything.

pub(in crate::http) mod create;
pub(in crate::http) mod list;
pub(in crate::http) mod revoke;
