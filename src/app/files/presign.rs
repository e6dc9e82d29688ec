//! Addresses that give one object to whoever has them, for a while: the bucket's own where it can sign them, else ours.
//!
//! Ours are an HMAC-SHA-256 over method, key and expiry by a secret of the database's, so that every instance knows it. A
//! secret signs for a week and is known for two: no address outlives the secret that signed it.

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

/// The longest that an address may be good; no cloud allows more.
pub const MAX_EXPIRY: TimeDelta = TimeDelta::days(7);

/// How long one is good where nothing else is asked for.
const DEFAULT_EXPIRY: TimeDelta = TimeDelta::hours(1);

/// How long a secret signs.
const KEY_ROTATION_INTERVAL: TimeDelta = TimeDelta::days(7);

/// How long clocks of instances may differ.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::minutes(1);

/// The secret that signs now, so that it is not read for each address. Clones share it.
#[derive(Clone, Default)]
pub(in crate::app) struct SigningKeyCache(Arc<Mutex<Option<SigningKey>>>);

impl std::fmt::Debug for SigningKeyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signing")
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

/// Which object is wanted, and for how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresignRequest {
    /// The object's key, such as `audio/sparrow-1/….wav`.
    pub key: String,
    /// For how many seconds: 1-604,800, an hour without.
    pub expires_in: Option<i64>,
}

/// An address that needs no other proof.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresignedUrl {
    /// What it gives.
    pub key: String,
    /// The address: absolute where it is the bucket's, else a path here.
    pub url: String,
    /// Until when it is good.
    pub url_expires: DateTime<Utc>,
}

impl Files {
    /// An address for an object that the principal may see.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] where there is no such object for this principal, [`ErrorKind::Invalid`] for a time that is
    /// none.
    pub async fn presign(
        &self,
        principal: &Principal,
        order: &PresignRequest,
    ) -> Result<PresignedUrl, AppError> {
        let expires_in = order.expires_in.map(TimeDelta::try_seconds);
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
        // No row holds a NUL, and PostgreSQL does not even look for one.
        let key =
            Some(&order.key).filter(|key| !key.contains('\0')).ok_or_else(object_not_found)?;
        let object = self.store.media_object(key).await?;
        let object = object
            .filter(|object| can_read_object(principal, object))
            .ok_or_else(object_not_found)?;
        self.presigned_url(&object.key, is_in_bucket_as_sent(&object), expires_in).await
    }

    /// An address for an object: the bucket's, where it has the object as it came.
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
        let secret = self.signing_key().await?.secret;
        let expires = url_expires.timestamp();
        let signature = URL_SAFE_NO_PAD.encode(mac(&secret, &key, expires).finalize().into_bytes());
        let url = format!("/media/signed/{key}?expires={expires}&signature={signature}");
        Ok(PresignedUrl { key, url, url_expires })
    }

    /// Where the bucket serves a media file itself, if it is to; and for how long that is good.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database fails or the bucket's credentials cannot sign.
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

    async fn bucket_presigned_url(
        &self,
        method: Method,
        key: &str,
        expires_in: TimeDelta,
    ) -> Result<Option<String>, AppError> {
        let Some(bucket) = &self.bucket else { return Ok(None) };
        let expires_in = expires_in.to_std().map_err(AppError::internal)?;
        Ok(bucket.presign(method, key, expires_in).await?)
    }

    /// The object that one of our own addresses gives.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotYours`] for an address that is not good, or not any more; [`ErrorKind::NotFound`] when the object
    /// is gone.
    pub async fn resolve_presigned(
        &self,
        key: &str,
        expires: &str,
        signature: &str,
    ) -> Result<MediaObject, AppError> {
        let refused = || {
            let detail = "This address was not signed here as it is; ask for a new one.";
            AppError::new(ErrorKind::Forbidden, detail)
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| refused())?;
        // Only as it was written: `+5` and `05` are numbers, too.
        let until: i64 = expires.parse().map_err(|_| refused())?;
        let until_date = DateTime::from_timestamp(until, 0).ok_or_else(refused)?;
        if until.to_string() != expires || key.contains('\0') {
            return Err(refused());
        }
        let now = self.clock.now();
        let mut is_signed = false;
        for SigningKey { secret, date_created } in self.store.signing_keys().await? {
            // Each compares in the same time wherever two signatures differ.
            let is_its = mac(&secret, key, until).verify_slice(&signature).is_ok();
            is_signed |=
                is_its && now - date_created < KEY_ROTATION_INTERVAL + MAX_EXPIRY + MAX_CLOCK_SKEW;
        }
        if !is_signed || until_date > now + MAX_EXPIRY + MAX_CLOCK_SKEW {
            return Err(refused());
        }
        if until_date <= now {
            let detail = "This address has expired; ask for a new one.";
            return Err(AppError::new(ErrorKind::Forbidden, detail));
        }
        self.store.media_object(key).await?.ok_or_else(object_not_found)
    }

    /// The bytes of an object that is kept as FLAC, as they came.
    ///
    /// # Errors
    ///
    /// [`AppError`] when nobody has it as it was kept.
    pub async fn restore_original(&self, object: &MediaObject) -> Result<Bytes, AppError> {
        let gone = || AppError::file_missing(&object.key);
        let flac = self.read_bytes(&object.key).await?.ok_or_else(gone)?;
        self.compute.run(move || lossless::restore(&flac)).await?.ok_or_else(gone)
    }

    /// The secret that signs now; a new one where the last has signed for long enough.
    async fn signing_key(&self) -> Result<SigningKey, AppError> {
        let now = self.clock.now();
        let signs = |key: &SigningKey| {
            now - key.date_created < KEY_ROTATION_INTERVAL && now >= key.date_created
        };
        if let Some(key) = self.signing_key_cache.get().filter(signs) {
            return Ok(key);
        }
        let newest = self.store.signing_keys().await?.into_iter().next();
        if let Some(key) = newest.filter(signs) {
            self.signing_key_cache.set(&key);
            return Ok(key);
        }
        let mut secret = vec![0; 32];
        getrandom::fill(&mut secret).map_err(|error| AppError::internal(error.to_string()))?;
        let key = SigningKey { secret, date_created: now };
        let mut tx = self.store.begin().await?;
        tx.add_signing_key(&key, now - KEY_ROTATION_INTERVAL - MAX_EXPIRY - MAX_CLOCK_SKEW).await?;
        tx.save().await?;
        self.signing_key_cache.set(&key);
        Ok(key)
    }
}

/// Whether the bucket can give an object. What is kept otherwise than it came can be given by us alone.
fn is_in_bucket_as_sent(object: &MediaObject) -> bool {
    object.date_synced.is_some() && object.original_type.is_none()
}

/// What belongs to nobody alone is public by its name; all else is its client's.
fn can_read_object(principal: &Principal, object: &MediaObject) -> bool {
    match (&object.client_id, object.kind.as_str()) {
        (_, "frame" | "upload") => true,
        (Some(client_id), _) => principal.can_act_for(client_id),
        (None, _) => principal.is_admin(),
    }
}

fn object_not_found() -> AppError {
    AppError::new(ErrorKind::NotFound, "There is no object of this key.")
}

fn mac(secret: &[u8], object: &str, expires: i64) -> Hmac<Sha256> {
    let mut key = [0; 64];
    let length = secret.len().min(key.len());
    key[..length].copy_from_slice(&secret[..length]);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(format!("GET\n{object}\n{expires}").as_bytes());
    mac
}
