//! Logging in and out.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Identities, secret, users};
use crate::app::{AppError, ErrorKind};

/// How long a session lasts, whatever happens in it.
pub const SESSION_LIFETIME: TimeDelta = TimeDelta::hours(12);

/// A person who has just logged in.
pub struct LoginSession {
    /// The session's cookie, which is shown this once.
    pub cookie: String,
    /// The user's name.
    pub username: String,
    /// When the session ends.
    pub expires_at: DateTime<Utc>,
}

impl Identities {
    /// Begins a session for whoever knows a user's password. A wrong name and a wrong password get the same answer
    /// after the same time.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the name or the password is wrong, there were too many tries, or the database fails.
    pub async fn log_in(
        &self,
        username: &str,
        password: String,
        from: IpAddr,
    ) -> Result<LoginSession, AppError> {
        // A name that nobody can have is not worth remembering.
        let plausible_name = if users::is_username(username) { username } else { "" };
        self.throttles.check_login(from, plausible_name)?;
        let user = self.store.credentials(plausible_name).await?.filter(|user| user.is_active);
        let kept = user.as_ref().map(|user| user.password_hash.clone());
        let is_right = self.passwords.verify(password, kept).await?;
        let Some(user) = user.filter(|_| is_right) else {
            tracing::warn!(%from, "a login failed");
            let detail = "The username or the password is wrong.";
            return Err(AppError::new(ErrorKind::Unauthenticated, detail));
        };
        let cookie = secret::generate_secret()?;
        let now = self.clock.now();
        let expires_at = now + SESSION_LIFETIME;
        let mut tx = self.store.begin().await?;
        tx.begin_session(&secret::hash(&cookie), user.id, expires_at, now).await?;
        tx.save().await?;
        tracing::info!(%from, username, "a user has logged in");
        Ok(LoginSession { cookie, username: username.to_owned(), expires_at })
    }

    /// Ends a session.
    pub async fn log_out(&self, cookie: &str) -> Result<(), AppError> {
        let mut tx = self.store.begin().await?;
        tx.end_session(&secret::hash(cookie)).await?;
        Ok(tx.save().await?)
    }
}
