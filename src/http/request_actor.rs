//! Who acts, and for which Sparrow.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;
use super::query::ValidQuery;
use crate::app::{Actor, AppError};
use crate::domain::{ClientId, Principal, Scope};

/// Who is spoken for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OptionalClientQuery {
    /// The Sparrow that is spoken for; a device's token speaks for its own without it.
    #[param(value_type = Option<String>)]
    pub(super) client_id: Option<ClientId>,
}

/// A principal, and the Sparrow that it speaks for.
pub(super) struct RequestActor {
    pub(super) principal: Principal,
    pub(super) client_id: Option<ClientId>,
}

impl RequestActor {
    /// A device speaks for itself also where it names nobody.
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

    /// The Sparrow, where there must be one.
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

/// Who asks.
pub(super) fn require_principal(parts: &Parts) -> Result<Principal, Problem> {
    // Only a route that is open to all has none.
    let nobody = || Problem::new(StatusCode::UNAUTHORIZED, "An API key is needed.");
    parts.extensions.get::<Principal>().cloned().ok_or_else(nobody)
}
