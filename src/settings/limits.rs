//! How much anyone may ask for.

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The rate limits. A minute's worth may come at once; then it grows back evenly. 0 means no limit.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimitSettings {
    /// Requests a minute that one API token may send.
    pub requests_per_minute_per_token: u32,
    /// Requests a minute that one address may send, whether they are let in or not; many devices may share one.
    pub requests_per_minute_per_address: u32,
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        Self { requests_per_minute_per_token: 600, requests_per_minute_per_address: 3000 }
    }
}

impl RateLimitSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        let most = 1_000_000;
        for (key, value) in [
            ("limits.requests_per_minute_per_token", self.requests_per_minute_per_token),
            ("limits.requests_per_minute_per_address", self.requests_per_minute_per_address),
        ] {
            if value > most {
                return Err((
                    key,
                    format!("must be a whole number from 0 to {most}; 0 is no limit"),
                ));
            }
        }
        Ok(())
    }
}
