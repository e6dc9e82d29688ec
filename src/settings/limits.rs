//! Rate limits of requests.

use serde::{Deserialize, Serialize};

use super::ValidationError;

/// The rate limits. A client may send the requests of one minute at once; after that, its allowance refills evenly. Each
/// instance counts by itself, so behind a load balancer a client may send as many more as there are instances.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimitSettings {
    /// The maximum number of requests per minute with one API token, counted by each instance, 0-1000000; 0 for no limit.
    /// Default: 600.
    pub requests_per_minute_per_token: u32,
    /// The maximum number of requests per minute from one IP address, authenticated or not, counted by each instance,
    /// 0-1000000; 0 for no limit. Many devices may share an address. Default: 3000.
    pub requests_per_minute_per_address: u32,
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        Self { requests_per_minute_per_token: 600, requests_per_minute_per_address: 3000 }
    }
}

impl RateLimitSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        let max = 1_000_000;
        for (key, value) in [
            ("limits.requests_per_minute_per_token", self.requests_per_minute_per_token),
            ("limits.requests_per_minute_per_address", self.requests_per_minute_per_address),
        ] {
            if value > max {
                return Err((
                    key,
                    format!("must be a whole number from 0 to {max}; 0 is no limit"),
                ));
            }
        }
        Ok(())
    }
}
