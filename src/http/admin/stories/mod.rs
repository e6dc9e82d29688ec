//! `/admin/api/stories`: everyone's stories.

pub(in crate::http) mod change;
pub(in crate::http) mod list;
pub(in crate::http) mod read;
pub(in crate::http) mod remove;

use crate::app::Actor;
use crate::domain::Principal;

/// An admin, who speaks for no Sparrow.
const fn admin_actor(principal: &Principal) -> Actor<'_> {
    Actor { principal, client_id: None }
}
