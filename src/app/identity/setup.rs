//! The first user, who is created with a code that the service prints when it starts.
//!
//! A code proves that its sender can read the terminal or the log of the service. Each start of an instance makes a new
//! one. On PostgreSQL, the instances share the SHA-256 of their codes, so each accepts those of all that run. No code works
//! once a user exists.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::{AuditChange, AuditContext, Identities, LoginSession, passwords, secret, users};
use crate::app::{AppError, ErrorKind};
use crate::store::NewUser;

/// How long ago an instance may have been seen whose code is accepted. It renews its row three times in this time.
const MAX_SILENCE: TimeDelta = TimeDelta::seconds(30);

/// How long the codes of instances that were not stopped properly are kept.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::days(1);

/// The first user.
pub struct FirstUserRequest {
    /// The code that the service printed.
    pub code: String,
    /// The name to log in with.
    pub username: String,
    /// The password, 12-256 characters.
    pub password: String,
}

/// The SHA-256 of this process's code. Clones share it.
#[derive(Clone, Default)]
pub(super) struct SetupCode(Arc<Mutex<Option<[u8; 32]>>>);

impl fmt::Debug for SetupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetupCode")
    }
}

impl SetupCode {
    fn get(&self) -> Option<[u8; 32]> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, sha256: Option<[u8; 32]>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sha256;
    }
}

impl Identities {
    /// Returns whether any user exists.
    pub async fn has_user(&self) -> Result<bool, AppError> {
        Ok(self.store.has_user().await?)
    }

    /// Makes the code by which the first user is created, in the form that people type. Returns `None` if a user exists.
    pub async fn prepare_setup(&self) -> Result<Option<String>, AppError> {
        if self.store.has_user().await? {
            return Ok(None);
        }
        let code = secret::generate_code()?;
        let sha256 = secret::hash(&code);
        if !self.store.is_sqlite() {
            let now = self.clock.now();
            let mut tx = self.store.begin().await?;
            tx.delete_setup_codes(now - FORGOTTEN_AFTER).await?;
            tx.save_setup_code(&sha256, now).await?;
            tx.save().await?;
        }
        self.setup_code.set(Some(sha256));
        Ok(Some(secret::format_code(&code)))
    }

    /// Creates the first user and begins a session.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Conflict`] if a user exists, with [`ErrorKind::Unauthenticated`] if the code is wrong, with
    /// [`ErrorKind::Busy`] after too many attempts, and with [`ErrorKind::Invalid`] if a field is invalid.
    pub async fn create_first_user(
        &self,
        request: FirstUserRequest,
        from: IpAddr,
    ) -> Result<LoginSession, AppError> {
        let FirstUserRequest { code, username, password } = request;
        if self.store.has_user().await? {
            return Err(user_exists());
        }
        users::check_username(&username)?;
        passwords::check(&password)?;
        self.throttles.count_setup(&self.store, self.clock.now(), from).await?;
        if !self.is_setup_code(&code).await? {
            tracing::warn!(%from, "a wrong code for the first user");
            let detail = "The code is wrong; the service prints it when it starts, and a restart makes a new one.";
            return Err(AppError::new(ErrorKind::Unauthenticated, detail));
        }
        let hash = self.passwords.hash(password).await?;
        let user_id = self.insert_first_user(&username, &hash).await?;
        self.setup_code.set(None);
        tracing::info!(%from, username, "first user created");
        self.begin_session(user_id, &username).await
    }

    async fn insert_first_user(&self, username: &str, hash: &str) -> Result<i64, AppError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        // The version's lock makes one of two concurrent requests see the other's user.
        tx.bump_configuration_version().await?;
        if tx.has_user().await? {
            return Err(user_exists());
        }
        let new =
            NewUser { username, description: "", password_hash: Some(hash), is_active: true, now };
        tx.insert_user(new).await?;
        tx.delete_setup_codes(now + TimeDelta::seconds(1)).await?;
        let user = tx.user(username).await?.ok_or_else(user_exists)?;
        let change = AuditChange {
            action: "create",
            resource: "users",
            id: username,
            before: None,
            after: Some(json!({"username": username, "is_active": true})),
        };
        change.record(&mut tx, &AuditContext::for_actor_name("the first start"), now).await?;
        tx.save().await?;
        Ok(user.id)
    }

    /// Returns whether a text is the code of this instance or of another one that runs. The comparisons take the same time
    /// wherever the codes differ.
    async fn is_setup_code(&self, text: &str) -> Result<bool, AppError> {
        let Some(code) = secret::parse_code(text.trim()) else { return Ok(false) };
        let sha256 = secret::hash(&code);
        let own = self.setup_code.get();
        let mut is_known = own.is_some_and(|own| bool::from(own.ct_eq(&sha256)));
        if !self.store.is_sqlite() {
            let since = self.clock.now() - MAX_SILENCE;
            for other in self.store.setup_codes(since).await? {
                is_known |= bool::from(other.ct_eq(&sha256[..]));
            }
        }
        Ok(is_known)
    }
}

fn user_exists() -> AppError {
    AppError::new(ErrorKind::Conflict, "There is a user already; log in instead.")
}
