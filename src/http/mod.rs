//! The door for requests: one endpoint a file, all of them in [`router::router`]. It translates between HTTP and
//! [`crate::app`] and decides nothing. The contract's conventions (problems, request ids, keys, slashes) are layers
//! here, so that an endpoint cannot forget them.

mod auth;
mod body;
mod docs;
mod form;
mod health;
mod idempotency;
mod media;
mod metrics;
mod problem;
mod request_id;
mod router;
mod server;
mod v1;

pub use body::{MAX_BODY, Room};
pub use router::{openapi, router};
pub use server::{serve, serve_metrics};

use std::sync::Arc;

use secrecy::SecretString;

use crate::app::App;
use crate::telemetry::Meters;

/// What every endpoint may use.
#[derive(Debug, Clone)]
pub struct Door {
    /// The use cases.
    pub app: App,
    /// Who may come in.
    pub entry: Arc<Entry>,
    /// Memory for requests that come in.
    pub room: Room,
    /// What is counted and timed.
    pub meters: Meters,
}

/// Who may come in.
#[derive(Debug, Default)]
pub struct Entry {
    /// The key that clients share; without one only this machine's own programs are served.
    pub api_key: Option<SecretString>,
    /// Web origins whose pages may call.
    pub allowed_origins: Vec<String>,
}
