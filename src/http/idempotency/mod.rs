//! The `Idempotency-Key` header, which identifies a request that is sent again.

pub(super) mod layer;

use axum::http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use crate::store::IdempotencyKey;

/// The response header that marks a replayed response.
pub(super) const REPLAYED: &str = "idempotent-replayed";

/// Returns a request's idempotency key, if it has one. `scope` names the caller and the operation; `parts` is the
/// content, whose fingerprint tells whether a repeated key belongs to the same request.
pub(super) fn parse_key(
    headers: &HeaderMap,
    scope: String,
    parts: &[&[u8]],
) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let Some(key) = key else {
        let detail = "The Idempotency-Key must have 1-255 printable ASCII characters.";
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
