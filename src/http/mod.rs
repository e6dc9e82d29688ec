//! The door for requests: one endpoint a file, all of them in [`router::router`]. It translates between HTTP and
//! [`crate::app`] and decides nothing. The contract's conventions (problems, request ids, keys, slashes) are layers
//! here, so that an endpoint cannot forget them.

mod access;
mod admin;
mod auth;
mod body;
mod cursor;
mod docs;
mod encoded;
mod form;
mod health;
mod idempotency;
mod json;
mod list_with_stories;
mod media;
mod page;
mod path_client;
mod path_id;
mod problem;
mod query;
mod request_id;
mod router;
mod server;
mod v1;
mod v2;

pub use body::MAX_BODY;
use body::Room;
pub use router::{openapi, router};
pub use server::serve;

use std::sync::Arc;

use secrecy::SecretString;

use crate::app::App;

/// What every endpoint may use.
#[derive(Debug, Clone)]
pub struct Door {
    /// The use cases.
    pub app: App,
    /// Who may come in.
    entry: Arc<Entry>,
    /// Memory for requests that come in.
    room: Room,
}

impl Door {
    /// The door of an app.
    #[must_use]
    pub fn new(app: App, entry: Entry) -> Self {
        Self { app, entry: Arc::new(entry), room: Room::default() }
    }
}

/// Who may come in.
#[derive(Debug, Default)]
pub struct Entry {
    /// The key that clients share; without one only this machine's own programs are served.
    pub api_key: Option<SecretString>,
    /// Web origins whose pages may call.
    pub allowed_origins: Vec<String>,
}
