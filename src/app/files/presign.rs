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
use crate::settings::Delivery;
use crate::store::{MediaObject, SigningKey};

/// The longest that an address may be good; no cloud allows more.
pub const LONGEST: TimeDelta = TimeDelta::days(7);

/// How long one is good where nothing else is asked for.
const USUAL: TimeDelta = TimeDelta::hours(1);

/// How long a secret signs.
const SIGNS: TimeDelta = TimeDelta::days(7);

/// How long clocks of instances may differ.
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// The secret that signs now, so that it is not read for each address. Clones share it.
#[derive(Clone, Default)]
pub(in crate::app) struct Signing(Arc<Mutex<Option<SigningKey>>>);

impl std::fmt::Debug for Signing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signing")
    }
}

impl Signing {
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
pub struct SignOrder {
    /// The object's key, such as `audio/sparrow-1/….wav`.
    pub key: String,
    /// For how many seconds: 1-604,800, an hour without.
    pub expires_in: Option<i64>,
}

/// An address that needs no other proof.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedUrl {
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
    pub async fn sign(
        &self,
        principal: &Principal,
        order: &SignOrder,
    ) -> Result<SignedUrl, AppError> {
        let lasts = order.expires_in.map(TimeDelta::try_seconds);
        let lasts = match lasts {
            None => None,
            Some(Some(lasts)) if lasts > TimeDelta::zero() && lasts <= LONGEST => Some(lasts),
            Some(_) => {
                let reason = "must be a number of seconds from 1 to 604800 (seven days)";
                return Err(AppError::invalid("expires_in", reason));
            }
        };
        // No row holds a NUL, and PostgreSQL does not even look for one.
        let key = Some(&order.key).filter(|key| !key.contains('\0')).ok_or_else(no_object)?;
        let object = self.store.media_object(key).await?;
        let object = object.filter(|object| may_see(principal, object)).ok_or_else(no_object)?;
        self.signed(&object.key, is_the_buckets(&object), lasts).await
    }

    /// An address for an object: the bucket's, where it has the object as it came.
    pub(in crate::app) async fn signed(
        &self,
        key: &str,
        is_the_buckets: bool,
        lasts: Option<TimeDelta>,
    ) -> Result<SignedUrl, AppError> {
        let lasts = lasts.unwrap_or(USUAL);
        let url_expires = self.clock.now() + lasts;
        let key = key.to_owned();
        if is_the_buckets && let Some(url) = self.signed_by_bucket(Method::GET, &key, lasts).await?
        {
            return Ok(SignedUrl { key, url, url_expires });
        }
        let secret = self.signing_key().await?.secret;
        let expires = url_expires.timestamp();
        let signature = URL_SAFE_NO_PAD.encode(mac(&secret, &key, expires).finalize().into_bytes());
        let url = format!("/media/signed/{key}?expires={expires}&signature={signature}");
        Ok(SignedUrl { key, url, url_expires })
    }

    /// Where the bucket serves a media file itself, if it is to; and for how long that is good.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the database fails or the bucket's credentials cannot sign.
    pub async fn redirect(
        &self,
        method: Method,
        key: &str,
    ) -> Result<Option<(String, Duration)>, AppError> {
        if self.rules.delivery == Delivery::Proxy || self.bucket.is_none() {
            return Ok(None);
        }
        let object = self.store.media_object(key).await?;
        if !object.as_ref().is_some_and(is_the_buckets) {
            return Ok(None);
        }
        let url = self.signed_by_bucket(method, key, USUAL).await?;
        Ok(url.map(|url| (url, USUAL.to_std().unwrap_or_default())))
    }

    async fn signed_by_bucket(
        &self,
        method: Method,
        key: &str,
        lasts: TimeDelta,
    ) -> Result<Option<String>, AppError> {
        let Some(bucket) = &self.bucket else { return Ok(None) };
        let lasts = lasts.to_std().map_err(AppError::internal)?;
        Ok(bucket.sign(method, key, lasts).await?)
    }

    /// The object that one of our own addresses gives.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotYours`] for an address that is not good, or not any more; [`ErrorKind::NotFound`] when the object
    /// is gone.
    pub async fn object_signed(
        &self,
        key: &str,
        expires: &str,
        signature: &str,
    ) -> Result<MediaObject, AppError> {
        let refused = || {
            let detail = "This address was not signed here as it is; ask for a new one.";
            AppError::new(ErrorKind::NotYours, detail)
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
            is_signed |= is_its && now - date_created < SIGNS + LONGEST + SKEW;
        }
        if !is_signed || until_date > now + LONGEST + SKEW {
            return Err(refused());
        }
        if until_date <= now {
            let detail = "This address has expired; ask for a new one.";
            return Err(AppError::new(ErrorKind::NotYours, detail));
        }
        self.store.media_object(key).await?.ok_or_else(no_object)
    }

    /// The bytes of an object that is kept as FLAC, as they came.
    ///
    /// # Errors
    ///
    /// [`AppError`] when nobody has it as it was kept.
    pub async fn as_it_came(&self, object: &MediaObject) -> Result<Bytes, AppError> {
        let gone = || AppError::gone(&object.key);
        let flac = self.file(&object.key).await?.ok_or_else(gone)?;
        self.compute.run(move || lossless::restore(&flac)).await?.ok_or_else(gone)
    }

    /// The secret that signs now; a new one where the last has signed for long enough.
    async fn signing_key(&self) -> Result<SigningKey, AppError> {
        let now = self.clock.now();
        let signs = |key: &SigningKey| now - key.date_created < SIGNS && now >= key.date_created;
        if let Some(key) = self.signing.get().filter(signs) {
            return Ok(key);
        }
        let newest = self.store.signing_keys().await?.into_iter().next();
        if let Some(key) = newest.filter(signs) {
            self.signing.set(&key);
            return Ok(key);
        }
        let mut secret = vec![0; 32];
        getrandom::fill(&mut secret).map_err(|error| AppError::internal(error.to_string()))?;
        let key = SigningKey { secret, date_created: now };
        let mut tx = self.store.begin().await?;
        tx.add_signing_key(&key, now - SIGNS - LONGEST - SKEW).await?;
        tx.save().await?;
        self.signing.set(&key);
        Ok(key)
    }
}

/// Whether the bucket can give an object. What is kept otherwise than it came can be given by us alone.
fn is_the_buckets(object: &MediaObject) -> bool {
    object.date_synced.is_some() && object.original_type.is_none()
}

/// What belongs to nobody alone is public by its name; all else is its client's.
fn may_see(principal: &Principal, object: &MediaObject) -> bool {
    match (&object.client_id, object.kind.as_str()) {
        (_, "frame" | "upload") => true,
        (Some(client_id), _) => principal.may_act_for(client_id),
        (None, _) => principal.is_admin(),
    }
}

fn no_object() -> AppError {
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
