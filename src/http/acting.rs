//! Who acts, and for which Sparrow.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;
use super::query::Asked;
use crate::app::{Actor, AppError};
use crate::domain::{ClientId, Principal, Scope};

/// Who is spoken for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ActingQuery {
    /// The Sparrow that is spoken for; a device's token speaks for its own without it.
    #[param(value_type = Option<String>)]
    pub(super) client_id: Option<ClientId>,
}

/// A principal, and the Sparrow that it speaks for.
pub(super) struct Acting {
    pub(super) principal: Principal,
    pub(super) client_id: Option<ClientId>,
}

impl Acting {
    /// A device speaks for itself also where it names nobody.
    pub(super) fn of(principal: Principal, named: Option<ClientId>) -> Self {
        let own = match &principal.scope {
            Scope::Device(own) => Some(own.clone()),
            Scope::Client | Scope::Admin => None,
        };
        Self { principal, client_id: named.or(own) }
    }

    pub(super) fn actor(&self) -> Actor<'_> {
        Actor { principal: &self.principal, client_id: self.client_id.as_ref() }
    }

    /// The Sparrow, where there must be one.
    pub(super) fn client_id(&self) -> Result<&ClientId, Problem> {
        self.client_id.as_ref().ok_or_else(|| {
            let reason = "is missing; send the name of the device";
            Problem::of(AppError::invalid("client_id", reason), "query")
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Asked(ActingQuery { client_id }) = Asked::from_request_parts(parts, state).await?;
        Ok(Self::of(principal(parts)?, client_id))
    }
}

/// Who asks.
pub(super) fn principal(parts: &Parts) -> Result<Principal, Problem> {
    // Only a route that is open to all has none.
    let nobody = || Problem::new(StatusCode::UNAUTHORIZED, "An API key is needed.");
    parts.extensions.get::<Principal>().cloned().ok_or_else(nobody)
}
