//! What admins do, by token or in a session. Lists answer `{"items": […], "next_cursor": …}`.

pub(super) mod bookmark_lists;
