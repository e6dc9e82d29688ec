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
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::Actor;
use crate::domain::{ClientId, Principal};
use crate::http::acting::principal;
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
    fn actor(&self) -> Actor<'_> {
        Actor { principal: &self.principal, client_id: Some(&self.client_id) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Asked(ClientQuery { client_id }) = Asked::from_request_parts(parts, state).await?;
        Ok(Self { principal: principal(parts)?, client_id })
    }
}
