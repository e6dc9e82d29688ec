//! Version 2 of the API: stories made by tasks that clients can follow, and everything besides frames that devices and
//! apps need.

pub(super) mod bookmark_lists;
pub(super) mod clients;
pub(super) mod events;
pub(super) mod pairing;
pub(super) mod search;
pub(super) mod shares;
pub(super) mod signed_urls;
pub(super) mod stories;
pub(super) mod tasks;
