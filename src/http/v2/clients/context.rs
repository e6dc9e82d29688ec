//! `/v2/clients/{client_id}/context`: what is going on with a client at present, by session.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::ContextView;
use crate::http::page::List;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Limit, ValidQuery};
use crate::http::{HttpState, cursor};

/// Which page of a client's context.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ContextQuery {
    /// Only entries of this session: at most 128 printable characters; empty for entries without a session. All by default.
    session_id: Option<String>,
    /// The most items on a page, 1-100; 20 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// The `next_cursor` of the previous page; the first page by default.
    cursor: Option<String>,
}

/// Which session.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct SessionQuery {
    /// Session id, at most 128 printable characters. If omitted: entries that have no session; for bulk
    /// operations, all entries.
    #[param(max_length = 128, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    pub(super) session_id: Option<String>,
}

/// List a client's context
///
/// Lists the entries that have not expired, by session and key. Storytellers use them for the client's frames.
#[utoipa::path(get, path = "/v2/clients/{client_id}/context", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ContextQuery,
    ),
    responses(
        (status = 200, description = "One page of the entries.", body = List<ContextView>),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidQuery(query): ValidQuery<ContextQuery>,
) -> Result<Json<List<ContextView>>, Problem> {
    let after: Option<(String, String)> = cursor::parse(query.cursor.as_ref())?;
    let session_id = query.session_id.as_deref();
    let page = state.app.clients().context(&client_id, session_id, after, query.limit.0).await;
    page.map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}

/// Delete a client's context
///
/// Deletes all entries, or those of one session (`session_id`, empty for entries without a session).
#[utoipa::path(delete, path = "/v2/clients/{client_id}/context", tag = "memory",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        SessionQuery,
    ),
    responses(
        (status = 204, description = "The entries are deleted, also if there were none."),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidQuery(query): ValidQuery<SessionQuery>,
) -> Result<StatusCode, Problem> {
    let removed =
        state.app.clients().delete_context(&client_id, query.session_id.as_deref(), None).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "query"))
}
