//! Serves and stores media by name (`/media/{name}`), and serves objects by presigned URL (`/media/signed/{key}`).

mod conditions;
pub(super) mod get;
pub(super) mod put;
mod range;
pub(super) mod serve;
pub(super) mod signed;
