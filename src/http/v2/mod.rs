//! Version 2: stories that are made while one looks on, and what devices need beside frames.

pub(super) mod bookmark_lists;
pub(super) mod clients;
pub(super) mod events;
pub(super) mod pairing;
pub(super) mod search;
pub(super) mod signed_urls;
pub(super) mod stories;
pub(super) mod tasks;
