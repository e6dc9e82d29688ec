//! `/admin/api/stories`: the stories of every client.

pub(in crate::http) mod change;
pub(in crate::http) mod list;
pub(in crate::http) mod read;
pub(in crate::http) mod remove;

use crate::app::Actor;
use crate::domain::Principal;

/// Builds the actor for an admin, who acts for no Sparrow.
const fn admin_actor(principal: &Principal) -> Actor<'_> {
    Actor { principal, client_id: None }
}
