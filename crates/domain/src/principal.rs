//! The principal of a request: who sends it, and what it may access.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ClientId;
use crate::text_column::text_column;

/// What a principal may access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One Sparrow only.
    Device(ClientId),
    /// Any Sparrow.
    Client,
    /// Everything, including the admin API.
    Admin,
}

/// The name of a scope, as tokens store it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeName {
    /// [`Scope::Device`].
    Device,
    /// [`Scope::Client`].
    Client,
    /// [`Scope::Admin`].
    Admin,
}

impl ScopeName {
    /// Returns the name of the scope in database rows and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Client => "client",
            Self::Admin => "admin",
        }
    }
}

text_column!(ScopeName);

/// How a request was authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A program on the same machine, while no API key is configured.
    Local,
    /// The API key that all clients share.
    SharedKey,
    /// An API token.
    Token {
        /// The token's id.
        id: i64,
        /// The token's name.
        name: String,
    },
    /// A logged-in user.
    User {
        /// The user's id.
        id: i64,
        /// The user's name.
        name: String,
    },
}

/// The sender of a request. `Display` writes it for logs and the audit log, such as `token 7 (kitchen)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// How the sender was authenticated.
    pub identity: Identity,
    /// What the sender may access.
    pub scope: Scope,
}

impl Principal {
    /// A program on the same machine, while no API key is configured.
    pub const LOCAL: Self = Self { identity: Identity::Local, scope: Scope::Admin };
    /// The sender has the API key that all clients share. It may act for any Sparrow but is not an admin, because many
    /// devices hold the key.
    pub const SHARED_KEY: Self = Self { identity: Identity::SharedKey, scope: Scope::Client };

    /// Returns whether the principal may access everything.
    #[must_use]
    pub const fn is_admin(&self) -> bool {
        matches!(self.scope, Scope::Admin)
    }

    /// Returns whether the principal may act for a Sparrow.
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
