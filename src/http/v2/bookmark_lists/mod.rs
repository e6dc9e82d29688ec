//! Named lists of stories: `/v2/bookmark-lists`. A list is its owner's; others may read it if it is public.

pub(in crate::http) mod change;
pub(in crate::http) mod create;
pub(in crate::http) mod drop_story;
pub(in crate::http) mod keep_story;
pub(in crate::http) mod own;
pub(in crate::http) mod public;
pub(in crate::http) mod read;
pub(in crate::http) mod remove;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::ListActor;
use crate::domain::{ClientId, Principal};
use crate::http::problem::Problem;
use crate::http::query::Asked;

/// Who asks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ClientQuery {
    /// The Sparrow.
    #[param(value_type = String)]
    client_id: ClientId,
}

/// Who acts on a list for a client.
pub(in crate::http) struct Acting {
    principal: Principal,
    client_id: ClientId,
}

impl Acting {
    fn actor(&self) -> ListActor<'_> {
        ListActor { principal: &self.principal, client_id: Some(&self.client_id) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Asked(ClientQuery { client_id }) = Asked::from_request_parts(parts, state).await?;
        // Only a route that is open to all has no principal.
        let principal = parts.extensions.get::<Principal>().cloned();
        let nobody = || Problem::new(StatusCode::UNAUTHORIZED, "An API key is needed.");
        Ok(Self { principal: principal.ok_or_else(nobody)?, client_id })
    }
}
