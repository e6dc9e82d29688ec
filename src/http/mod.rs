//! The HTTP API. Each endpoint is in a file of its own, and `routes.rs` lists them all.
//!
//! This module translates between HTTP and [`crate::app`], which makes the decisions. The conventions of the API
//! (problem details, request ids, authentication, trailing slashes) are layers in [`router()`], so that no endpoint can
//! omit them.

mod access;
mod address;
mod admin;
mod auth;
mod body;
mod bookmark_list;
mod browser_cookie;
mod command_header;
mod connection_limit;
mod content_encoding;
mod cursor;
mod docs;
mod form;
mod health;
mod idempotency;
mod inline_media;
mod json;
mod limits;
mod long_lived;
mod media;
mod media_type;
mod metrics;
mod openapi;
mod page;
mod page_headers;
mod pages;
mod path_client;
mod path_id;
mod problem;
mod query;
mod request_actor;
mod request_id;
mod router;
mod routes;
mod server;
mod session_cookie;
mod share_cookie;
mod site_files;
mod slow_reader;
mod sse;
mod v1;
mod v2;

use body::BodyBudget;
pub use body::MAX_BODY;
pub use connection_limit::ConnectionLimits;
pub use router::router;
pub use routes::openapi;
pub use server::{serve, serve_metrics};

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::app::App;
use crate::settings::{PageSettings, RateLimitSettings};
use crate::telemetry::MetricsRecorder;
use limits::RateLimiters;

/// How long a connection stays open without a request by default: longer than the 60 seconds of most load balancers.
const DEFAULT_KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The state that endpoints and layers share. Each route, layer and request clones it, so a clone must be cheap.
#[derive(Debug, Clone)]
pub struct HttpState {
    /// The use cases.
    pub app: Arc<App>,
    /// Who may call the API.
    access_policy: Arc<AccessPolicy>,
    /// The requests of each address and token.
    rate_limiters: Arc<RateLimiters>,
    /// The memory for request bodies.
    body_budget: BodyBudget,
    /// The metrics that `GET /metrics` shows.
    meters: MetricsRecorder,
    /// How long a connection may be idle between requests.
    keep_alive: Duration,
    /// The origin from which the bucket serves media; see [`pages`].
    media_origin: Arc<OnceCell<Option<String>>>,
}

impl HttpState {
    /// Builds the state for an app.
    #[must_use]
    pub fn new(app: Arc<App>, access_policy: AccessPolicy, meters: MetricsRecorder) -> Self {
        let limiters = Arc::new(RateLimiters::new(&access_policy.limits));
        Self {
            app,
            access_policy: Arc::new(access_policy),
            rate_limiters: limiters,
            body_budget: BodyBudget::default(),
            meters,
            keep_alive: DEFAULT_KEEP_ALIVE,
            media_origin: Arc::default(),
        }
    }

    /// Sets how long a connection may be idle between requests.
    #[must_use]
    pub fn with_keep_alive(self, keep_alive: Duration) -> Self {
        Self { keep_alive, ..self }
    }
}

/// Who may call the API, and how often.
#[derive(Debug, Default)]
pub struct AccessPolicy {
    /// The API key that clients share; `None` to serve only programs on this machine.
    pub api_key: Option<SecretString>,
    /// Web origins whose pages may call the API, as browsers send them, such as `https://example.org`.
    pub allowed_origins: Vec<String>,
    /// Networks of the proxies whose `Forwarded` and `X-Forwarded-…` headers are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// The request rates that addresses and tokens may reach.
    pub limits: RateLimitSettings,
    /// How many connections may be open at once.
    pub connections: ConnectionLimits,
    /// Who may read the pages.
    pub pages: PageSettings,
}
