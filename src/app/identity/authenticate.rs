//! Whom a token or a session's cookie stands for.

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

/// So many tokens are remembered.
const MAX_CACHED_TOKENS: u64 = 10_000;

/// A token's use is noted this often at most.
const USE_RECORD_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// What a token proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenVerification {
    /// Who its bearer is.
    Valid(Principal),
    /// Nothing, and why.
    Rejected(&'static str),
}

/// Tokens seen before, by their SHA-256, each with the configuration's version that it was read under: it may be
/// believed while that is the newest. When a token expires is for the clock to say, at every use.
#[derive(Clone)]
pub(super) struct TokenCache(Cache<[u8; 32], Arc<CachedToken>>);

struct CachedToken {
    version: i64,
    token: Token,
    principal: Principal,
    /// When its last use was noted, in microseconds since 1970.
    use_recorded_at: AtomicI64,
}

impl Default for TokenCache {
    fn default() -> Self {
        Self(Cache::new(MAX_CACHED_TOKENS))
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").finish_non_exhaustive()
    }
}

impl Identities {
    /// Whether a key is meant to be a token, even if it was cut short or mistyped.
    #[must_use]
    pub fn is_token_like(key: &str) -> bool {
        let prefix = secret::TOKEN_PREFIX;
        key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    }

    /// Whom a token stands for now.
    pub async fn verify_token(&self, token: &str) -> Result<TokenVerification, AppError> {
        const UNKNOWN: TokenVerification =
            TokenVerification::Rejected("The token is not known here.");
        let text = token.strip_prefix(secret::TOKEN_PREFIX);
        if !text.is_some_and(secret::is_well_formed) {
            return Ok(TokenVerification::Rejected(
                "The token is not whole; send all of it, as it was shown.",
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

    /// Whose session a cookie stands for now. Sessions are few and are looked up each time, so that one that was
    /// ended is over everywhere at once.
    pub async fn session(&self, cookie: &str) -> Result<Option<Session>, AppError> {
        if !secret::is_well_formed(cookie) {
            return Ok(None);
        }
        Ok(self.store.session(&secret::hash(cookie), self.clock.now()).await?)
    }

    /// Who the person of a session is.
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

    /// Has the use written down beside the request, which neither waits for it nor fails with it.
    fn record_use(&self, known: &CachedToken, now: DateTime<Utc>) {
        let (before, at) = (known.use_recorded_at.load(Ordering::Relaxed), now.timestamp_micros());
        let is_due =
            at.saturating_sub(before) >= USE_RECORD_INTERVAL.num_microseconds().unwrap_or(0);
        let order = Ordering::Relaxed;
        if !is_due || known.use_recorded_at.compare_exchange(before, at, order, order).is_err() {
            return;
        }
        let (store, id) = (self.store.clone(), known.token.id);
        let note = async move {
            let mut tx = store.begin().await?;
            tx.update_token_last_used(id, now - USE_RECORD_INTERVAL, now).await?;
            tx.save().await
        };
        let note = async {
            let noted: Result<(), StoreError> = note.await;
            if let Err(error) = noted {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "a token's use was not noted");
            }
        };
        tokio::spawn(note.in_current_span());
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
        let noted = token.last_used.map_or(i64::MIN, |at| at.timestamp_micros());
        let principal = Principal { identity, scope };
        Ok(Self { version, token, principal, use_recorded_at: AtomicI64::new(noted) })
    }
}
