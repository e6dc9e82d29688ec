//! The caller of a request and the Sparrow that it acts for.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;
use super::query::ValidQuery;
use crate::app::{Actor, AppError};
use crate::domain::{ClientId, Principal, Scope};

/// Selects the Sparrow to act for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OptionalClientQuery {
    /// Client id of the Sparrow to act for: 1-255 printable characters. If omitted with a device token: the
    /// token's own Sparrow.
    #[param(value_type = Option<String>, min_length = 1, max_length = 255, example = "kitchen")]
    pub(super) client_id: Option<ClientId>,
}

/// A request's principal and the Sparrow that it acts for.
pub(super) struct RequestActor {
    pub(super) principal: Principal,
    pub(super) client_id: Option<ClientId>,
}

impl RequestActor {
    /// Builds the actor. A device that names no client acts for itself.
    pub(super) fn new(principal: Principal, requested_client_id: Option<ClientId>) -> Self {
        let own = match &principal.scope {
            Scope::Device(own) => Some(own.clone()),
            Scope::Client | Scope::Admin => None,
        };
        Self { principal, client_id: requested_client_id.or(own) }
    }

    pub(super) fn as_actor(&self) -> Actor<'_> {
        Actor { principal: &self.principal, client_id: self.client_id.as_ref() }
    }

    /// Returns the Sparrow's client id, or a 422 if the request names none.
    pub(super) fn require_client_id(&self) -> Result<&ClientId, Problem> {
        self.client_id.as_ref().ok_or_else(|| {
            let reason = "is missing; send the name of the device";
            Problem::from_error(AppError::invalid("client_id", reason), "query")
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestActor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ValidQuery(OptionalClientQuery { client_id }) =
            ValidQuery::from_request_parts(parts, state).await?;
        Ok(Self::new(require_principal(parts)?, client_id))
    }
}

/// Returns the request's principal.
pub(super) fn require_principal(parts: &Parts) -> Result<Principal, Problem> {
    // Only requests to public routes have no principal.
    let unauthenticated = || Problem::new(StatusCode::UNAUTHORIZED, "An API key is needed.");
    parts.extensions.get::<Principal>().cloned().ok_or_else(unauthenticated)
}
