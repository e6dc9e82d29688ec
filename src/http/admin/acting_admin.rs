//! The admin who sends a request: as an actor, and for the audit log.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::app::Actor;
use crate::app::identity::AuditContext;
use crate::domain::Principal;
use crate::http::problem::Problem;
use crate::http::request_id::RequestId;

/// Builds the actor for an admin, who acts for no Sparrow.
pub(super) const fn admin_actor(principal: &Principal) -> Actor<'_> {
    Actor { principal, client_id: None }
}

/// The admin who makes a change, and the request that makes it.
pub(in crate::http) struct ActingAdmin(pub(super) AuditContext);

impl<S: Sync> FromRequestParts<S> for ActingAdmin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Only requests to public routes have no principal, and no public route changes anything as an admin.
        let unauthenticated = || {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "Only an admin may do this; log in, or use a token of scope admin.",
            )
        };
        let principal = parts.extensions.get::<Principal>().ok_or_else(unauthenticated)?;
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        Ok(Self(AuditContext::new(principal, request_id)))
    }
}
