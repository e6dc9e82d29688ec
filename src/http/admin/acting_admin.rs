//! Who changes something, taken from the request.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::app::identity::AuditContext;
use crate::domain::Principal;
use crate::http::problem::Problem;
use crate::http::request_id::RequestId;

/// Whoever sends a request, about to change something by it.
pub(in crate::http) struct ActingAdmin(pub(super) AuditContext);

impl<S: Sync> FromRequestParts<S> for ActingAdmin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Only a route that is open to all has no principal, and such a route is no admin's.
        let nobody = || Problem::new(StatusCode::UNAUTHORIZED, "An admin must do this.");
        let principal = parts.extensions.get::<Principal>().ok_or_else(nobody)?;
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        Ok(Self(AuditContext::new(principal, request_id)))
    }
}
