//! Who may come in: tokens, people and their sessions, and devices that are to be let in.
//!
//! [`Identities`] stands beside [`super::App`] and not in it, for commands have a database but no house around it.
//! Of every secret only its SHA-256 is kept, of passwords an argon2id hash.

mod authenticate;
mod pairing;
mod passwords;
mod secret;
mod sessions;
mod throttle;
mod tokens;
mod users;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

pub use authenticate::TokenVerification;
pub use pairing::{PairingPollOutcome, PairingRequest, PairingView, PendingPairing};
pub use sessions::{LoginSession, SESSION_LIFETIME};
pub use tokens::{CreateTokenRequest, NewTokenView, TokenView};
pub use users::{CreateUserRequest, UpdateUserRequest, UserView};

pub use super::audit::AuditContext;
pub(super) use super::audit::{AuditChange, audit_value};
use super::{AppError, ErrorKind, Page};
use crate::compute::Compute;
use crate::domain::Clock;
use crate::store::{Store, Tx};

/// How long a pairing that is over is remembered, so that its code is not approved as another's.
const PAIRING_RETENTION: TimeDelta = TimeDelta::days(1);

/// Who may come in. Clones share everything.
#[derive(Debug, Clone)]
pub struct Identities {
    store: Store,
    clock: Arc<dyn Clock>,
    token_cache: authenticate::TokenCache,
    passwords: passwords::Passwords,
    throttles: Arc<throttle::Throttles>,
}

impl Identities {
    /// Those who are known to a database.
    #[must_use]
    pub fn new(store: Store, compute: Compute, clock: Arc<dyn Clock>) -> Self {
        let passwords = passwords::Passwords::new(compute);
        let (seen, throttles) = (authenticate::TokenCache::default(), Arc::default());
        Self { store, clock, token_cache: seen, passwords, throttles }
    }

    /// Forgets sessions and pairings that are over, within a transaction.
    pub(super) async fn delete_expired(tx: &mut Tx, now: DateTime<Utc>) -> Result<(), AppError> {
        tx.delete_expired_sessions(now).await?;
        tx.delete_expired_pairings(now - PAIRING_RETENTION).await?;
        Ok(())
    }
}

/// Text that a person or a device sent for people to read: printable, of at most `most` characters.
fn check_text(field: &str, text: &str, most: usize) -> Result<(), AppError> {
    if text.chars().count() > most {
        return Err(AppError::invalid(field, format!("has more than {most} characters")));
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
