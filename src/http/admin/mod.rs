//! What admins do, by token or in a session. Lists answer `{"items": […], "next_cursor": …}`.

mod act;
pub(super) mod bookmark_lists;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod pairing;
pub(super) mod pairing_code;
pub(super) mod session;
pub(super) mod sparrow_states;
pub(super) mod token;
pub(super) mod tokens;
pub(super) mod user;
pub(super) mod users;
