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

pub use authenticate::Proof;
pub use pairing::{Begun, Collected, Device, PairingView};
pub use sessions::{LoggedIn, SESSION};
pub use tokens::{NewTokenOrder, NewTokenView, TokenView};
pub use users::{UserChange, UserOrder, UserView};

pub use super::audit::Act;
pub(super) use super::audit::{Change, noted};
use super::{AppError, ErrorKind, Page};
use crate::compute::Compute;
use crate::domain::Clock;
use crate::store::{Store, Tx};

/// How long a pairing that is over is remembered, so that its code is not approved as another's.
const PAIRING_MEMORY: TimeDelta = TimeDelta::days(1);

/// Who may come in. Clones share everything.
#[derive(Debug, Clone)]
pub struct Identities {
    store: Store,
    clock: Arc<dyn Clock>,
    seen: authenticate::Seen,
    passwords: passwords::Passwords,
    throttles: Arc<throttle::Throttles>,
}

impl Identities {
    /// Those who are known to a database.
    #[must_use]
    pub fn new(store: Store, compute: Compute, clock: Arc<dyn Clock>) -> Self {
        let passwords = passwords::Passwords::new(compute);
        let (seen, throttles) = (authenticate::Seen::default(), Arc::default());
        Self { store, clock, seen, passwords, throttles }
    }

    /// Forgets sessions and pairings that are over, within a transaction.
    pub(super) async fn forget_old(tx: &mut Tx, now: DateTime<Utc>) -> Result<(), AppError> {
        tx.forget_sessions(now).await?;
        tx.forget_pairings(now - PAIRING_MEMORY).await?;
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
