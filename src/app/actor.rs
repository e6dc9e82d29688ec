//! Who does something with what belongs to a client.

use crate::domain::{ClientId, Principal};

/// Whoever asks, and for which client.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// What the request proved.
    pub principal: &'a Principal,
    /// The client that is spoken for; an admin may speak for none.
    pub client_id: Option<&'a ClientId>,
}

impl Actor<'_> {
    /// Whether it speaks for this client.
    pub(in crate::app) fn acts_for(&self, client_id: &str) -> bool {
        self.client_id.is_some_and(|own| own.as_str() == client_id)
    }

    /// Whether it may change what belongs to this client: its owner may, and an admin.
    pub(in crate::app) fn can_change(&self, client_id: &str) -> bool {
        self.acts_for(client_id) || self.principal.is_admin()
    }
}
