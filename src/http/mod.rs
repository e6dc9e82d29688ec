//! The door for requests: one endpoint a file, all of them in [`router::router`]. It translates between HTTP and
//! [`crate::app`] and decides nothing. The contract's conventions (problems, request ids, keys, slashes) are layers
//! here, so that an endpoint cannot forget them.

mod access;
mod acting;
mod address;
mod admin;
mod auth;
mod body;
mod cursor;
mod docs;
mod encoded;
mod endless;
mod form;
mod health;
mod idempotency;
mod json;
mod limits;
mod list_with_stories;
mod media;
mod metrics;
mod page;
mod path_client;
mod path_id;
mod problem;
mod query;
mod request_id;
mod router;
mod routes;
mod server;
mod session_cookie;
mod sse;
mod v1;
mod v2;

pub use body::MAX_BODY;
use body::Room;
pub use router::router;
pub use routes::openapi;
pub use server::{serve, serve_metrics};

use std::sync::Arc;

use ipnet::IpNet;
use secrecy::SecretString;

use crate::app::App;
use crate::settings::Limits;
use crate::telemetry::Meters;
use limits::Limiters;

/// What every endpoint may use. Each route and layer has one, and each request takes a few: a clone is to cost nothing.
#[derive(Debug, Clone)]
pub struct Door {
    /// The use cases.
    pub app: Arc<App>,
    /// Who may come in.
    entry: Arc<Entry>,
    /// How much each has asked for.
    limiters: Arc<Limiters>,
    /// Memory for requests that come in.
    room: Room,
    /// What is counted and timed.
    meters: Meters,
}

impl Door {
    /// The door of an app.
    #[must_use]
    pub fn new(app: Arc<App>, entry: Entry, meters: Meters) -> Self {
        let limiters = Arc::new(Limiters::new(&entry.limits));
        Self { app, entry: Arc::new(entry), limiters, room: Room::default(), meters }
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
