//! `/admin/api/tokens`: the tokens of devices, programs and admins.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{AppendHeaders, IntoResponse};

use super::acting_admin::ActingAdmin;
use crate::app::identity::{CreateTokenRequest, NewTokenView, TokenView};
use crate::http::json::ValidJson;
use crate::http::page::{List, SearchPageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// List tokens
///
/// The newest token comes first. The list contains no secrets.
#[utoipa::path(get, path = "/admin/api/tokens", tag = "admin", params(SearchPageQuery),
    responses((status = 200, body = List<TokenView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    ValidQuery(query): ValidQuery<SearchPageQuery>,
) -> Result<Json<List<TokenView>>, Problem> {
    let before = cursor::parse(query.cursor.as_ref())?;
    let tokens = state.app.identities().tokens(before, &query.q.0, query.limit.0).await;
    tokens
        .map(|tokens| Json(List::from_page(tokens)))
        .map_err(|error| Problem::from_error(error, "query"))
}

/// Create a token
///
/// The secret is in this response only; it cannot be shown again.
#[utoipa::path(post, path = "/admin/api/tokens", tag = "admin", request_body = CreateTokenRequest,
    responses((status = 201, body = NewTokenView), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    ActingAdmin(audit): ActingAdmin,
    ValidJson(request): ValidJson<CreateTokenRequest>,
) -> Result<impl IntoResponse, Problem> {
    let created = state.app.identities().create_token(request, &audit).await;
    let created = created.map_err(|error| Problem::from_error(error, "body"))?;
    let headers = AppendHeaders([(CACHE_CONTROL, "no-store")]);
    Ok((StatusCode::CREATED, headers, Json(created)))
}
