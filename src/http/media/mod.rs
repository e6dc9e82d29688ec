//! Media by name: `GET`, `HEAD` and `PUT /media/{name}`; and any object by a signed address.

pub(super) mod get;
pub(super) mod put;
pub(super) mod serve;
pub(super) mod signed;
