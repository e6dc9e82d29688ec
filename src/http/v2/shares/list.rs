//! `GET /v2/shares`: the shares about a client.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::Share;
use crate::domain::{ClientId, Principal};
use crate::http::page::List;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Limit, ValidQuery};
use crate::http::request_actor::RequestActor;
use crate::http::{HttpState, cursor};

/// Selects a page of shares.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct SharesQuery {
    /// The client: 1-255 printable characters. If omitted with a device token: the token's own client; if omitted by an
    /// admin: all clients and flocks.
    #[param(value_type = Option<String>, min_length = 1, max_length = 255, example = "kitchen")]
    client_id: Option<ClientId>,
    /// Maximum number of items in the page: 1-100, default 20.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// The `next_cursor` of the previous page. If omitted, the first page is returned.
    cursor: Option<String>,
}

/// List shares
///
/// Lists the shares about a client, the newest first, with how often each was opened. Shares stay in the list for 30 days
/// after they expire.
#[utoipa::path(get, path = "/v2/shares", tag = "shares", params(SharesQuery),
    responses(
        (status = 200, description = "One page of the shares.", body = List<Share>),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    ValidQuery(query): ValidQuery<SharesQuery>,
) -> Result<Json<List<Share>>, Problem> {
    let before = cursor::parse(query.cursor.as_ref())?;
    let actor = RequestActor::new(principal, query.client_id);
    let client_id = match &actor.client_id {
        None if actor.principal.is_admin() => None,
        _ => Some(actor.require_client_id()?),
    };
    let shares = state.app.shares().shares(client_id, before, query.limit.0).await;
    shares
        .map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
