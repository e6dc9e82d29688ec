//! Named lists of stories: `/v2/bookmark-lists`. Each list belongs to one client. Other clients may read it if it is
//! public, and only its owner and admins may change it.

pub(in crate::http) mod change;
pub(in crate::http) mod create;
pub(in crate::http) mod list;
pub(in crate::http) mod list_public;
pub(in crate::http) mod put_story;
pub(in crate::http) mod read;
pub(in crate::http) mod remove;
pub(in crate::http) mod remove_story;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::Actor;
use crate::domain::{ClientId, Principal};
use crate::http::problem::Problem;
use crate::http::query::ValidQuery;
use crate::http::request_actor::require_principal;

/// The client that a request acts for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct RequiredClientQuery {
    /// The client that the list belongs to: 1-255 printable characters.
    #[param(value_type = String, min_length = 1, max_length = 255, example = "kitchen")]
    client_id: ClientId,
}

/// The caller, and the client that it acts for.
pub(in crate::http) struct ClientActor {
    principal: Principal,
    client_id: ClientId,
}

impl ClientActor {
    fn as_actor(&self) -> Actor<'_> {
        Actor { principal: &self.principal, client_id: Some(&self.client_id) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientActor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ValidQuery(RequiredClientQuery { client_id }) =
            ValidQuery::from_request_parts(parts, state).await?;
        Ok(Self { principal: require_principal(parts)?, client_id })
    }
}
