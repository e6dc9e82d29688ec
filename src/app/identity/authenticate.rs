//! Authentication by API token and by session cookie.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;
use subtle::ConstantTimeEq;
use tracing::Instrument;

use super::{Identities, secret};
use crate::app::AppError;
use crate::domain::{ClientId, Identity, Principal, Scope, ScopeName};
use crate::store::{Session, StoreError, Token};

/// The maximum number of cached tokens.
const MAX_CACHED_TOKENS: u64 = 10_000;

/// The minimum time between two updates of a token's `last_used`.
const USE_RECORD_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// The result of verifying a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenVerification {
    /// The token is valid and identifies this principal.
    Valid(Principal),
    /// The token is not valid, for this reason. The sentence is for the client.
    Rejected(&'static str),
}

/// Tokens by their SHA-256, each with the configuration version at which it was read. An entry is valid while that
/// version is the newest. Expiry is checked at each use.
#[derive(Clone)]
pub(super) struct TokenCache(Cache<[u8; 32], Arc<CachedToken>>);

struct CachedToken {
    version: i64,
    token: Token,
    principal: Principal,
    /// When its last use was recorded, in microseconds since 1970.
    use_recorded_at: AtomicI64,
}

impl Default for TokenCache {
    fn default() -> Self {
        Self(Cache::new(MAX_CACHED_TOKENS))
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

impl Identities {
    /// Returns whether a key begins like a token, even if it is truncated or mistyped.
    #[must_use]
    pub fn is_token_like(key: &str) -> bool {
        let prefix = secret::TOKEN_PREFIX;
        key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    }

    /// Verifies an API token, and records its use.
    pub async fn verify_token(&self, token: &str) -> Result<TokenVerification, AppError> {
        const UNKNOWN: TokenVerification = TokenVerification::Rejected("The token is unknown.");
        let text = token.strip_prefix(secret::TOKEN_PREFIX);
        if !text.is_some_and(secret::is_well_formed) {
            return Ok(TokenVerification::Rejected(
                "The token is incomplete; send all of it, as it was shown.",
            ));
        }
        let sha256 = secret::hash(token);
        let Some(known) = self.cached_token(&sha256).await? else { return Ok(UNKNOWN) };
        if !bool::from(known.token.sha256.ct_eq(&sha256)) {
            return Ok(UNKNOWN);
        }
        let now = self.clock.now();
        if known.token.date_revoked.is_some() {
            return Ok(TokenVerification::Rejected(
                "The token was revoked; ask an admin for another.",
            ));
        }
        if known.token.date_expires.is_some_and(|expires| expires <= now) {
            return Ok(TokenVerification::Rejected(
                "The token has expired; ask an admin for another.",
            ));
        }
        self.record_use(&known, now);
        Ok(TokenVerification::Valid(known.principal.clone()))
    }

    /// Returns the session of a cookie, or `None` if no session has this cookie or it has ended. Sessions are not cached, so that a
    /// logout takes effect on every instance at once.
    pub async fn session(&self, cookie: &str) -> Result<Option<Session>, AppError> {
        if !secret::is_well_formed(cookie) {
            return Ok(None);
        }
        Ok(self.store.session(&secret::hash(cookie), self.clock.now()).await?)
    }

    /// Returns the principal of a session's user.
    #[must_use]
    pub fn session_principal(session: Session) -> Principal {
        let identity = Identity::User { id: session.user_id, name: session.username };
        Principal { identity, scope: Scope::Admin }
    }

    async fn cached_token(&self, sha256: &[u8; 32]) -> Result<Option<Arc<CachedToken>>, AppError> {
        let version = self.store.configuration_version().await?;
        if let Some(known) = self.token_cache.0.get(sha256).filter(|known| known.version == version)
        {
            return Ok(Some(known));
        }
        let Some(token) = self.store.token_by_sha256(sha256).await? else { return Ok(None) };
        let known = Arc::new(CachedToken::new(version, token)?);
        self.token_cache.0.insert(*sha256, Arc::clone(&known));
        Ok(Some(known))
    }

    /// Records a use in a task of its own, so that the request neither waits for it nor fails with it.
    fn record_use(&self, known: &CachedToken, now: DateTime<Utc>) {
        let (before, at) = (known.use_recorded_at.load(Ordering::Relaxed), now.timestamp_micros());
        let is_due =
            at.saturating_sub(before) >= USE_RECORD_INTERVAL.num_microseconds().unwrap_or(0);
        let order = Ordering::Relaxed;
        if !is_due || known.use_recorded_at.compare_exchange(before, at, order, order).is_err() {
            return;
        }
        let (store, id) = (self.store.clone(), known.token.id);
        let update = async move {
            let mut tx = store.begin().await?;
            tx.update_token_last_used(id, now - USE_RECORD_INTERVAL, now).await?;
            tx.save().await
        };
        let update = async {
            let updated: Result<(), StoreError> = update.await;
            if let Err(error) = updated {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "cannot record the use of a token");
            }
        };
        tokio::spawn(update.in_current_span());
    }
}

impl CachedToken {
    fn new(version: i64, token: Token) -> Result<Self, AppError> {
        let scope = match (token.scope, &token.client_id) {
            (ScopeName::Admin, _) => Scope::Admin,
            (ScopeName::Client, _) => Scope::Client,
            (ScopeName::Device, client_id) => {
                let client_id = client_id.as_deref().unwrap_or_default();
                Scope::Device(ClientId::new(client_id).map_err(AppError::internal)?)
            }
        };
        let identity = Identity::Token { id: token.id, name: token.name.clone() };
        let last_used = token.last_used.map_or(i64::MIN, |at| at.timestamp_micros());
        let principal = Principal { identity, scope };
        Ok(Self { version, token, principal, use_recorded_at: AtomicI64::new(last_used) })
    }
}
