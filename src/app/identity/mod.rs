//! Identity: API tokens, users and their sessions, the first user, and the pairing of devices.
//!
//! Commands build [`Identities`] from a database alone, without a [`super::App`]. The database stores the SHA-256 of
//! each secret, and an argon2id hash of each password.

mod authenticate;
mod pairing;
mod passwords;
mod secret;
mod sessions;
mod setup;
mod throttle;
mod tokens;
mod users;
mod waiting_devices;

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

pub use authenticate::TokenVerification;
pub use pairing::{PairingPollOutcome, PairingRequest, PairingView, PendingPairing};
pub use sessions::{LoginSession, SESSION_LIFETIME};
pub use setup::FirstUserRequest;
pub use tokens::{CreateTokenRequest, NewTokenView, TokenView};
pub use users::{CreateUserRequest, UpdateUserRequest, UserView};

pub use super::audit::AuditContext;
pub(super) use super::audit::{AuditChange, audit_value};
use super::{AppError, ErrorKind, Page};
use crate::compute::Compute;
use crate::domain::Clock;
use crate::store::{Store, Tx};

/// How long an ended pairing stays in the database, so that its code is not approved as that of another device.
const PAIRING_RETENTION: TimeDelta = TimeDelta::days(1);

/// The service for tokens, users, sessions and pairings. Clones share caches and rate limits.
#[derive(Debug, Clone)]
pub struct Identities {
    store: Store,
    clock: Arc<dyn Clock>,
    token_cache: authenticate::TokenCache,
    passwords: passwords::Passwords,
    throttles: Arc<throttle::Throttles>,
    setup_code: setup::SetupCode,
}

impl Identities {
    /// Creates the service for a database.
    #[must_use]
    pub fn new(store: Store, compute: Compute, clock: Arc<dyn Clock>) -> Self {
        let passwords = passwords::Passwords::new(compute);
        let (token_cache, throttles) = (authenticate::TokenCache::default(), Arc::default());
        let setup_code = setup::SetupCode::default();
        Self { store, clock, token_cache, passwords, throttles, setup_code }
    }

    /// Counts an address that led to no share.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Busy`] if there were too many from the same network.
    pub fn count_wrong_link(&self, from: IpAddr) -> Result<(), AppError> {
        self.throttles.check_wrong_link(from)
    }

    /// Counts a visitor who agrees to give photos.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Busy`] if there were too many from the same network.
    pub fn count_visitor(&self, from: IpAddr) -> Result<(), AppError> {
        self.throttles.check_visitor(from)
    }

    /// Deletes expired sessions, pairings and counts of attempts within a transaction.
    pub(super) async fn delete_expired(tx: &mut Tx, now: DateTime<Utc>) -> Result<(), AppError> {
        tx.delete_expired_sessions(now).await?;
        tx.delete_full_attempt_limits(now).await?;
        tx.delete_expired_pairings(now - PAIRING_RETENTION).await?;
        Ok(())
    }
}

/// Checks that a text is printable and has at most `max` characters.
fn check_text(field: &str, text: &str, max: usize) -> Result<(), AppError> {
    if text.chars().count() > max {
        return Err(AppError::invalid(field, format!("has more than {max} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(AppError::invalid(
            field,
            "has a control character; only printable text is allowed",
        ));
    }
    Ok(())
}

fn not_found(detail: &'static str) -> AppError {
    AppError::new(ErrorKind::NotFound, detail)
}
