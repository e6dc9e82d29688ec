//! Version 1 of the API. Devices in use depend on its exact names, shapes and quirks, so none of them may change.
//!
//! The quirks: a missing or wrong key is 403; unknown fields are ignored; null and empty values count as absent;
//! numbers and booleans may be strings; `generation_date` has a space; a body without a content type is JSON.

pub(super) mod bookmarks;
pub(in crate::http) mod fields;
pub(super) mod frames;
mod query;
pub(super) mod reset;
pub(super) mod stories;
pub(super) mod story;
pub(super) mod story_by_slug;
pub(super) mod strategies;
