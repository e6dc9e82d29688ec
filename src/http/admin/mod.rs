//! The admin API, for tokens of scope admin and for users in a session. Every list responds with
//! `{"items": […], "next_cursor": …}`.

mod acting_admin;
pub(super) mod audit;
pub(super) mod bookmark_lists;
pub(super) mod commands;
pub(super) mod index;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod media;
pub(super) mod pairing;
pub(super) mod pairing_code;
pub(super) mod resources;
pub(super) mod session;
pub(super) mod sparrow_states;
pub(super) mod stats;
pub(super) mod stories;
pub(super) mod tasks;
pub(super) mod token;
pub(super) mod tokens;
pub(super) mod user;
pub(super) mod users;
