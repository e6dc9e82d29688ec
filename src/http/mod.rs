//! The door for requests: one endpoint a file, all of them in [`router::router`]. It translates between HTTP and
//! [`crate::app`] and decides nothing. The contract's conventions (problems, request ids, keys, slashes) are layers
//! here, so that an endpoint cannot forget them.

mod access;
mod address;
mod auth;
mod body;
mod docs;
mod form;
mod health;
mod idempotency;
mod limits;
mod media;
mod problem;
mod request_id;
mod router;
mod server;
mod v1;

pub use body::MAX_BODY;
use body::Room;
pub use router::{openapi, router};
pub use server::serve;

use std::sync::Arc;

use ipnet::IpNet;
use secrecy::SecretString;

use crate::app::App;
use crate::settings::Limits;
use limits::Limiters;

/// What every endpoint may use.
#[derive(Debug, Clone)]
pub struct Door {
    /// The use cases.
    pub app: App,
    /// Who may come in.
    entry: Arc<Entry>,
    /// How much each has asked for.
    limiters: Arc<Limiters>,
    /// Memory for requests that come in.
    room: Room,
}

impl Door {
    /// The door of an app.
    #[must_use]
    pub fn new(app: App, entry: Entry) -> Self {
        let limiters = Arc::new(Limiters::new(&entry.limits));
        Self { app, entry: Arc::new(entry), limiters, room: Room::default() }
    }
}

/// Who may come in.
#[derive(Debug, Default)]
pub struct Entry {
    /// The key that clients share; without one only this machine's own programs are served.
    pub api_key: Option<SecretString>,
    /// Web origins whose pages may call.
    pub allowed_origins: Vec<String>,
    /// Proxies whose word on who calls is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// How much anyone may ask for.
    pub limits: Limits,
}
