//! Everyone's bookmark lists: `/admin/api/bookmark-lists`.

pub(in crate::http) mod change;
pub(in crate::http) mod create;
pub(in crate::http) mod list;
pub(in crate::http) mod read;
pub(in crate::http) mod remove;
pub(in crate::http) mod replace;

use crate::app::Actor;
use crate::domain::Principal;

/// An admin who speaks for no client.
const fn admin_actor(principal: &Principal) -> Actor<'_> {
    Actor { principal, client_id: None }
}
