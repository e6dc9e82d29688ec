//! Who asks, and how far that goes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ClientId;

/// How far a principal's word goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One Sparrow, and nothing else.
    Device(ClientId),
    /// Any Sparrow.
    Client,
    /// Everything.
    Admin,
}

/// The name of a scope, as tokens are made with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ScopeName {
    /// [`Scope::Device`].
    Device,
    /// [`Scope::Client`].
    Client,
    /// [`Scope::Admin`].
    Admin,
}

/// What a request has proved to come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A program of this machine, where no key is configured.
    Local,
    /// Whoever has the key that clients share.
    SharedKey,
    /// Whoever has an API token.
    Token {
        /// The token's id.
        id: i64,
        /// The token's name.
        name: String,
    },
    /// A person who has logged in.
    User {
        /// The user's id.
        id: i64,
        /// The user's name.
        name: String,
    },
}

/// Who asks. Its `Display` is for logs and for the audit: `token 7 (kitchen)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What was proved.
    pub identity: Identity,
    /// How far that goes.
    pub scope: Scope,
}

impl Principal {
    /// A program of this machine, where no key is configured.
    pub const LOCAL: Self = Self { identity: Identity::Local, scope: Scope::Admin };
    /// Whoever has the key that clients share: any Sparrow, but no admin, for the key is in many devices.
    pub const SHARED_KEY: Self = Self { identity: Identity::SharedKey, scope: Scope::Client };

    /// Whether everything is open to it.
    #[must_use]
    pub const fn is_admin(&self) -> bool {
        matches!(self.scope, Scope::Admin)
    }

    /// Whether it may speak for a Sparrow.
    #[must_use]
    pub fn can_act_for(&self, client_id: &str) -> bool {
        match &self.scope {
            Scope::Device(own) => own.as_str() == client_id,
            Scope::Client | Scope::Admin => true,
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identity {
            Identity::Local => f.write_str("this machine"),
            Identity::SharedKey => f.write_str("the shared key"),
            Identity::Token { id, name } => write!(f, "token {id} ({name})"),
            Identity::User { name, .. } => write!(f, "user {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_speaks_for_itself_alone() -> Result<(), crate::InvalidClientId> {
        let identity = Identity::Token { id: 7, name: "kitchen".into() };
        let device = Principal { identity, scope: Scope::Device(ClientId::new("s")?) };
        assert!(device.can_act_for("s") && !device.can_act_for("S") && !device.is_admin());
        assert!(Principal::SHARED_KEY.can_act_for("any") && !Principal::SHARED_KEY.is_admin());
        assert_eq!(device.to_string(), "token 7 (kitchen)");
        Ok(())
    }
}
