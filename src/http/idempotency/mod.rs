//! `Idempotency-Key`: the mark by which a request that is sent again is known.

pub(super) mod layer;

use axum::http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use crate::store::IdempotencyKey;

/// The header on an answer that was given before.
pub(super) const REPLAYED: &str = "idempotent-replayed";

/// The key of a request with `parts` of content, if it has one; `call` says who asks for what.
pub(super) fn parse_key(
    headers: &HeaderMap,
    scope: String,
    parts: &[&[u8]],
) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let Some(key) = key else {
        let detail = "An Idempotency-Key has 1-255 printable ASCII characters.";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    };
    let mut fingerprint = Sha256::new();
    for part in parts {
        fingerprint.update(part.len().to_le_bytes());
        fingerprint.update(part);
    }
    let fingerprint = fingerprint.finalize().into();
    Ok(Some(IdempotencyKey { scope, key: key.to_owned(), fingerprint }))
}
