//! `/admin/api/tokens`: the tokens of devices, programs and admins.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{AppendHeaders, IntoResponse};

use super::act::By;
use crate::app::identity::{NewTokenOrder, NewTokenView, TokenView};
use crate::http::json::Sent;
use crate::http::page::{List, SearchQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;
use crate::http::{Door, cursor};

/// Tokens, the newest first.
#[utoipa::path(get, path = "/admin/api/tokens", tag = "admin", params(SearchQuery),
    responses((status = 200, body = List<TokenView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Asked(query): Asked<SearchQuery>,
) -> Result<Json<List<TokenView>>, Problem> {
    let before = cursor::place(query.cursor.as_ref())?;
    let tokens = door.app.identities().tokens(before, &query.q.0, query.limit.0).await;
    tokens.map(|tokens| Json(List::of(tokens))).map_err(|error| Problem::of(error, "query"))
}

/// Make a token. The answer alone shows it.
#[utoipa::path(post, path = "/admin/api/tokens", tag = "admin", request_body = NewTokenOrder,
    responses((status = 201, body = NewTokenView), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    By(act): By,
    Sent(order): Sent<NewTokenOrder>,
) -> Result<impl IntoResponse, Problem> {
    let created = door.app.identities().create_token(order, &act).await;
    let created = created.map_err(|error| Problem::of(error, "body"))?;
    let headers = AppendHeaders([(CACHE_CONTROL, "no-store")]);
    Ok((StatusCode::CREATED, headers, Json(created)))
}
