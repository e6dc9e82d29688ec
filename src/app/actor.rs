//! The actor of a request: the principal, and the client that it acts for.

use crate::domain::{ClientId, Principal};

/// A principal that acts for a client.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// The authenticated sender of the request.
    pub principal: &'a Principal,
    /// The client that the principal acts for; `None` for an admin who acts for none.
    pub client_id: Option<&'a ClientId>,
}

impl Actor<'_> {
    /// Returns whether the actor acts for this client.
    pub(in crate::app) fn acts_for(&self, client_id: &str) -> bool {
        self.client_id.is_some_and(|own| own.as_str() == client_id)
    }

    /// Returns whether the actor may change what belongs to this client: the client itself and admins may.
    pub(in crate::app) fn can_change(&self, client_id: &str) -> bool {
        self.acts_for(client_id) || self.principal.is_admin()
    }
}
