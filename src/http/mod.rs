//! The door for requests: one endpoint a file, all of them in [`router::router`]. It translates between HTTP and
//! [`crate::app`] and decides nothing. The contract's conventions (problems, request ids, keys, slashes) are layers
//! here, so that an endpoint cannot forget them.

mod access;
mod address;
mod admin;
mod auth;
mod body;
mod bookmark_list;
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
mod metrics;
mod page;
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
mod sse;
mod v1;
mod v2;

use body::BodyBudget;
pub use body::MAX_BODY;
pub use router::router;
pub use routes::openapi;
pub use server::{serve, serve_metrics};

use std::sync::Arc;

use ipnet::IpNet;
use secrecy::SecretString;

use crate::app::App;
use crate::settings::RateLimitSettings;
use crate::telemetry::MetricsRecorder;
use limits::RateLimiters;

/// What every endpoint may use. Each route and layer has one, and each request takes a few: a clone is to cost nothing.
#[derive(Debug, Clone)]
pub struct HttpState {
    /// The use cases.
    pub app: Arc<App>,
    /// Who may come in.
    access_policy: Arc<AccessPolicy>,
    /// How much each has asked for.
    rate_limiters: Arc<RateLimiters>,
    /// Memory for requests that come in.
    body_budget: BodyBudget,
    /// What is counted and timed.
    meters: MetricsRecorder,
}

impl HttpState {
    /// The door of an app.
    #[must_use]
    pub fn new(app: Arc<App>, access_policy: AccessPolicy, meters: MetricsRecorder) -> Self {
        let limiters = Arc::new(RateLimiters::new(&access_policy.limits));
        Self {
            app,
            access_policy: Arc::new(access_policy),
            rate_limiters: limiters,
            body_budget: BodyBudget::default(),
            meters,
        }
    }
}

/// Who may come in.
#[derive(Debug, Default)]
pub struct AccessPolicy {
    /// The key that clients share; without one only this machine's own programs are served.
    pub api_key: Option<SecretString>,
    /// Web origins whose pages may call.
    pub allowed_origins: Vec<String>,
    /// Proxies whose word on who calls is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// How much anyone may ask for.
    pub limits: RateLimitSettings,
}
