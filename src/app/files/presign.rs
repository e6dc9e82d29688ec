//! Presigned URLs: each gives anyone who has it one object until it expires. The bucket signs them if it can, else
//! Calliope does.
//!
//! Calliope's signature is an HMAC-SHA-256 over method, key and expiry. The secret is in the database, so every
//! instance can verify it. A secret signs for a week and is accepted for two, so no URL outlives the secret that signed
//! it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use utoipa::ToSchema;

use super::Files;
use crate::app::{AppError, ErrorKind};
use crate::audio::lossless;
use crate::domain::Principal;
use crate::objects::Method;
use crate::settings::MediaDelivery;
use crate::store::{MediaObject, SigningKey};

/// The longest lifetime of a presigned URL; no cloud allows more.
pub const MAX_EXPIRY: TimeDelta = TimeDelta::days(7);

/// The lifetime of a presigned URL if the request gives none.
const DEFAULT_EXPIRY: TimeDelta = TimeDelta::hours(1);

/// How long a secret signs before a new one replaces it.
const KEY_ROTATION_INTERVAL: TimeDelta = TimeDelta::days(7);

/// How far the clocks of two instances may differ.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::minutes(1);

/// Caches the current signing secret, so that it is not read from the database for each URL. Clones share the cache.
#[derive(Clone, Default)]
pub(in crate::app) struct SigningKeyCache(Arc<Mutex<Option<SigningKey>>>);

impl std::fmt::Debug for SigningKeyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The secret must not appear in logs.
        f.write_str("SigningKeyCache")
    }
}

impl SigningKeyCache {
    fn get(&self) -> Option<SigningKey> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, key: &SigningKey) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
    }
}

/// The body of a request for a presigned URL.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresignRequest {
    /// Object key: `url` of a frame's `image`, `source_image`, `audio` or `video`, or `key` of a recording.
    pub key: String,
    /// Lifetime of the URL in seconds, from 1 to 604,800 (seven days). If omitted: 3,600 (one hour).
    #[schema(minimum = 1, maximum = 604_800)]
    pub expires_in: Option<i64>,
}

/// A presigned URL. Fetching it needs no other credentials.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresignedUrl {
    /// Key of the object that the URL gives.
    pub key: String,
    /// The URL: absolute if the bucket serves the object, else relative to this server, as `media/signed/…`.
    pub url: String,
    /// Time at which the URL expires.
    pub url_expires: DateTime<Utc>,
}

impl Files {
    /// Returns a presigned URL for an object that the principal may read.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::NotFound`] if the object does not exist or the principal may not read it, and with
    /// [`ErrorKind::Invalid`] if `expires_in` is out of range.
    pub async fn presign(
        &self,
        principal: &Principal,
        request: &PresignRequest,
    ) -> Result<PresignedUrl, AppError> {
        let expires_in = request.expires_in.map(TimeDelta::try_seconds);
        let expires_in = match expires_in {
            None => None,
            Some(Some(expires_in))
                if expires_in > TimeDelta::zero() && expires_in <= MAX_EXPIRY =>
            {
                Some(expires_in)
            }
            Some(_) => {
                let reason = "must be a number of seconds from 1 to 604800 (seven days)";
                return Err(AppError::invalid("expires_in", reason));
            }
        };
        // No key contains a NUL, and PostgreSQL rejects a query parameter that does.
        let key =
            Some(&request.key).filter(|key| !key.contains('\0')).ok_or_else(object_not_found)?;
        let object = self.store.media_object(key).await?;
        let object = object
            .filter(|object| can_read_object(principal, object))
            .ok_or_else(object_not_found)?;
        self.presigned_url(&object.key, is_in_bucket_as_sent(&object), expires_in).await
    }

    /// Returns a presigned URL for an object: the bucket's if the bucket has the object as its sender uploaded it, else
    /// one of this server.
    pub(in crate::app) async fn presigned_url(
        &self,
        key: &str,
        is_in_bucket_as_sent: bool,
        expires_in: Option<TimeDelta>,
    ) -> Result<PresignedUrl, AppError> {
        let expires_in = expires_in.unwrap_or(DEFAULT_EXPIRY);
        let url_expires = self.clock.now() + expires_in;
        let key = key.to_owned();
        if is_in_bucket_as_sent
            && let Some(url) = self.bucket_presigned_url(Method::GET, &key, expires_in).await?
        {
            return Ok(PresignedUrl { key, url, url_expires });
        }
        let url = self.own_presigned_url(&key, url_expires).await?;
        Ok(PresignedUrl { key, url, url_expires })
    }

    /// Returns a presigned URL of this server, relative to it, for a page of this server.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database fails.
    pub async fn own_presigned_url(
        &self,
        key: &str,
        url_expires: DateTime<Utc>,
    ) -> Result<String, AppError> {
        let secret = self.signing_key().await?.secret;
        let expires = url_expires.timestamp();
        let signature = URL_SAFE_NO_PAD.encode(mac(&secret, key, expires).finalize().into_bytes());
        Ok(format!("media/signed/{key}?expires={expires}&signature={signature}"))
    }

    /// Returns the URL at which the bucket serves a media file, and the URL's lifetime. Returns `None` if this server
    /// is to serve the file.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the database fails.
    pub async fn redirect_url(
        &self,
        method: Method,
        key: &str,
    ) -> Result<Option<(String, Duration)>, AppError> {
        if self.settings.delivery == MediaDelivery::Proxy || self.bucket.is_none() {
            return Ok(None);
        }
        let object = self.store.media_object(key).await?;
        if !object.as_ref().is_some_and(is_in_bucket_as_sent) {
            return Ok(None);
        }
        let url = self.bucket_presigned_url(method, key, DEFAULT_EXPIRY).await?;
        Ok(url.map(|url| (url, DEFAULT_EXPIRY.to_std().unwrap_or_default())))
    }

    /// Returns the origin from which the bucket serves media, such as `https://storage.example`. Returns `None` if this
    /// server serves them.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if the lifetime of the URL cannot be represented.
    pub async fn media_origin(&self) -> Result<Option<String>, AppError> {
        if self.settings.delivery == MediaDelivery::Proxy {
            return Ok(None);
        }
        let url = self.bucket_presigned_url(Method::GET, "media/origin", DEFAULT_EXPIRY).await?;
        let origin = url.as_deref().and_then(|url| {
            let (scheme, rest) = url.split_once("://")?;
            let authority = rest.split(['/', '?']).next()?;
            Some(format!("{scheme}://{authority}"))
        });
        Ok(origin)
    }

    /// Returns a URL that the bucket serves, or `None` if there is no bucket or it cannot sign.
    async fn bucket_presigned_url(
        &self,
        method: Method,
        key: &str,
        expires_in: TimeDelta,
    ) -> Result<Option<String>, AppError> {
        let Some(bucket) = &self.bucket else { return Ok(None) };
        let expires_in = expires_in.to_std().map_err(AppError::internal)?;
        match bucket.presign(method, key, expires_in).await {
            Ok(url) => Ok(url),
            // Only some credentials can sign, for example no login of a person. This server can sign instead.
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "bucket cannot presign URLs; serving its files from here");
                Ok(None)
            }
        }
    }

    /// Verifies a URL that this server signed, and returns its object.
    ///
    /// # Errors
    ///
    /// Fails with [`ErrorKind::Forbidden`] if the signature is invalid or the URL has expired, and with
    /// [`ErrorKind::NotFound`] if the object no longer exists.
    pub async fn resolve_presigned(
        &self,
        key: &str,
        expires: &str,
        signature: &str,
    ) -> Result<MediaObject, AppError> {
        let forbidden = || {
            let detail = "This URL has no valid signature; request a new one.";
            AppError::new(ErrorKind::Forbidden, detail)
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| forbidden())?;
        // `+5` and `05` parse too, but only the text that was signed is accepted.
        let until: i64 = expires.parse().map_err(|_| forbidden())?;
        let until_date = DateTime::from_timestamp(until, 0).ok_or_else(forbidden)?;
        if until.to_string() != expires || key.contains('\0') {
            return Err(forbidden());
        }
        let now = self.clock.now();
        let mut is_signed = false;
        for SigningKey { secret, date_created } in self.store.signing_keys().await? {
            // The comparison takes the same time wherever two signatures differ.
            let is_match = mac(&secret, key, until).verify_slice(&signature).is_ok();
            is_signed |= is_match
                && now - date_created < KEY_ROTATION_INTERVAL + MAX_EXPIRY + MAX_CLOCK_SKEW;
        }
        if !is_signed || until_date > now + MAX_EXPIRY + MAX_CLOCK_SKEW {
            return Err(forbidden());
        }
        if until_date <= now {
            let detail = "This URL has expired; request a new one.";
            return Err(AppError::new(ErrorKind::Forbidden, detail));
        }
        self.store.media_object(key).await?.ok_or_else(object_not_found)
    }

    /// Decodes an object that is stored as FLAC and returns the bytes that its sender uploaded.
    ///
    /// # Errors
    ///
    /// Returns [`AppError`] if neither the disk nor the bucket has an intact copy.
    pub async fn restore_original(&self, object: &MediaObject) -> Result<Bytes, AppError> {
        let missing = || AppError::file_missing(&object.key);
        let flac = self.read_bytes(&object.key).await?.ok_or_else(missing)?;
        self.compute.run(move || lossless::restore(&flac)).await?.ok_or_else(missing)
    }

    /// Returns the current signing secret, and creates a new one if the newest is due for rotation.
    async fn signing_key(&self) -> Result<SigningKey, AppError> {
        let now = self.clock.now();
        let is_current = |key: &SigningKey| {
            now - key.date_created < KEY_ROTATION_INTERVAL && now >= key.date_created
        };
        if let Some(key) = self.signing_key_cache.get().filter(is_current) {
            return Ok(key);
        }
        let newest = self.store.signing_keys().await?.into_iter().next();
        if let Some(key) = newest.filter(is_current) {
            self.signing_key_cache.set(&key);
            return Ok(key);
        }
        let mut secret = vec![0; 32];
        getrandom::fill(&mut secret).map_err(|error| AppError::internal(error.to_string()))?;
        let key = SigningKey { secret, date_created: now };
        let mut tx = self.store.begin().await?;
        tx.insert_signing_key(&key, now - KEY_ROTATION_INTERVAL - MAX_EXPIRY - MAX_CLOCK_SKEW)
            .await?;
        tx.save().await?;
        self.signing_key_cache.set(&key);
        Ok(key)
    }
}

/// Returns whether the bucket can serve an object as its sender uploaded it. Only this server can restore an object
/// that is stored in another format.
fn is_in_bucket_as_sent(object: &MediaObject) -> bool {
    object.date_synced.is_some() && object.original_type.is_none()
}

/// Returns whether the principal may read an object. Frame files and uploads are public to anyone who knows their name.
/// Every other object is readable by its client, or by admins if it has none.
fn can_read_object(principal: &Principal, object: &MediaObject) -> bool {
    match (&object.client_id, object.kind.as_str()) {
        (_, "frame" | "upload") => true,
        (Some(client_id), _) => principal.can_act_for(client_id),
        (None, _) => principal.is_admin(),
    }
}

fn object_not_found() -> AppError {
    AppError::new(ErrorKind::NotFound, "There is no object with this key.")
}

fn mac(secret: &[u8], object: &str, expires: i64) -> Hmac<Sha256> {
    let mut key = [0; 64];
    let length = secret.len().min(key.len());
    key[..length].copy_from_slice(&secret[..length]);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(format!("GET\n{object}\n{expires}").as_bytes());
    mac
}
