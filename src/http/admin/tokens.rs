//! `/admin/api/tokens`: the tokens of devices, programs and admins.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{AppendHeaders, IntoResponse};

use super::act::By;
use super::page::{List, PageQuery};
use crate::app::identity::{NewTokenOrder, NewTokenView, TokenView};
use crate::http::Door;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};

const NAME: &str = "tokens";

/// Tokens, the newest first.
#[utoipa::path(get, path = "/admin/api/tokens", tag = "admin", params(PageQuery),
    responses((status = 200, body = List<TokenView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    page: PageQuery,
) -> Result<Json<List<TokenView>>, Problem> {
    let tokens = door.app.identities.tokens(page.after(NAME)?, &page.q, page.limit).await;
    tokens.map(|tokens| Json(List::of(tokens, NAME))).map_err(|error| Problem::of(error, "query"))
}

/// Make a token. The answer alone shows it.
#[utoipa::path(post, path = "/admin/api/tokens", tag = "admin", request_body = NewTokenOrder,
    responses((status = 201, body = NewTokenView), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    By(act): By,
    Sent(order): Sent<NewTokenOrder>,
) -> Result<impl IntoResponse, Problem> {
    let created = door.app.identities.create_token(order, &act).await;
    let created = created.map_err(|error| Problem::of(error, "body"))?;
    let headers = AppendHeaders([(CACHE_CONTROL, "no-store")]);
    Ok((StatusCode::CREATED, headers, Json(created)))
}
