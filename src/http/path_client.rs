//! The `client_id` in a path.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::problem::Problem;
use crate::app::AppError;
use crate::domain::ClientId;

/// Extracts the Sparrow's client id from the path. An invalid id is a 422.
#[derive(Debug)]
pub(super) struct PathClientId(pub(super) ClientId);

impl<S: Send + Sync> FromRequestParts<S> for PathClientId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let invalid =
            |reason: String| Problem::from_error(AppError::invalid("client_id", reason), "path");
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|error| invalid(error.to_string()))?;
        let value = params.iter().find(|(name, _)| *name == "client_id").map(|(_, value)| value);
        let client_id = ClientId::new(value.unwrap_or_default());
        client_id.map(Self).map_err(|error| invalid(error.to_string()))
    }
}
