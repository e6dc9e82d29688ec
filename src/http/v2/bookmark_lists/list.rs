//! `GET /v2/bookmark-lists`: the lists of a client.

use axum::Json;
use axum::extract::State;

use crate::app::BookmarkList;
use crate::http::page::{ClientPageQuery, List};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// List a client's bookmark lists
///
/// Lists the client's own lists, by name.
#[utoipa::path(get, path = "/v2/bookmark-lists", tag = "bookmark lists", params(ClientPageQuery),
    responses(
        (status = 200, description = "One page of the lists.", body = List<BookmarkList>),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    ValidQuery(query): ValidQuery<ClientPageQuery>,
) -> Result<Json<List<BookmarkList>>, Problem> {
    let after: Option<String> = cursor::parse(query.cursor.as_ref())?;
    let lists =
        state.app.stories().own_lists(&query.client_id, after.as_deref(), query.limit.0).await;
    lists
        .map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
