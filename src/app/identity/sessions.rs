//! Logging in and out.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Identities, secret, users};
use crate::app::{AppError, ErrorKind};

/// How long a session lasts after the login: 12 hours. Use does not extend it.
pub const SESSION_LIFETIME: TimeDelta = TimeDelta::hours(12);

/// A session that has just begun.
pub struct LoginSession {
    /// The session's cookie, which is returned only once.
    pub cookie: String,
    /// The user's name.
    pub username: String,
    /// When the session ends.
    pub expires_at: DateTime<Utc>,
}

impl Identities {
    /// Logs a user in and begins a session. A wrong name and a wrong password give the same answer after the same time.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the name or the password is wrong, there were too many attempts, or the database fails.
    pub async fn log_in(
        &self,
        username: &str,
        password: String,
        from: IpAddr,
    ) -> Result<LoginSession, AppError> {
        // The throttles do not store names that no user can have.
        let plausible_name = if users::is_username(username) { username } else { "" };
        let now = self.clock.now();
        self.throttles.count_login(&self.store, now, from, plausible_name).await?;
        let user = self.store.credentials(plausible_name).await?.filter(|user| user.is_active);
        let stored_hash = user.as_ref().map(|user| user.password_hash.clone());
        let is_correct = self.passwords.verify(password, stored_hash).await?;
        let Some(user) = user.filter(|_| is_correct) else {
            tracing::warn!(%from, "login failed");
            let detail = "The username or the password is wrong.";
            return Err(AppError::new(ErrorKind::Unauthenticated, detail));
        };
        let session = self.begin_session(user.id, username).await?;
        tracing::info!(%from, username, "user logged in");
        Ok(session)
    }

    /// Begins a session of a user who has proved to be that user.
    pub(super) async fn begin_session(
        &self,
        user_id: i64,
        username: &str,
    ) -> Result<LoginSession, AppError> {
        let cookie = secret::generate_secret()?;
        let now = self.clock.now();
        let expires_at = now + SESSION_LIFETIME;
        let mut tx = self.store.begin().await?;
        tx.create_session(&secret::hash(&cookie), user_id, expires_at, now).await?;
        tx.save().await?;
        Ok(LoginSession { cookie, username: username.to_owned(), expires_at })
    }

    /// Ends a session.
    pub async fn log_out(&self, cookie: &str) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        tx.delete_session(&secret::hash(cookie)).await?;
        Ok(tx.save().await?)
    }
}
