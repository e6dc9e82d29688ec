//! Media by name: `GET`, `HEAD` and `PUT /media/{name}`.

pub(super) mod get;
pub(super) mod put;
