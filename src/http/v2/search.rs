//! `GET /v2/search`: find frames in all stories.

use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{AppError, SearchCursor, SearchHitView, SearchMode, SearchRequest};
use crate::domain::{ClientId, Principal};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Limit, ValidQuery};
use crate::http::request_actor::RequestActor;
use crate::http::{HttpState, cursor};

/// What to search for, and where.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct FrameSearchQuery {
    /// Words or a sentence, 1-1,000 characters, not only blanks.
    #[param(
        min_length = 1,
        max_length = 1000,
        pattern = "[^\\s\\u0000-\\u001f\\u007f-\\u009f]",
        example = "kettle"
    )]
    query: String,
    /// Only frames in stories of this client: 1-255 printable characters; of all clients by default.
    #[param(value_type = Option<String>, min_length = 1, max_length = 255, example = "kitchen")]
    client_id: Option<ClientId>,
    /// Only frames in stories with this strategy's slug, such as `lavender`; with any by default.
    strategy: Option<String>,
    /// Only frames made at this time or later: RFC 3339, such as `2026-11-01T00:00:00Z`.
    since: Option<DateTime<Utc>>,
    /// Only frames made before this time: RFC 3339, such as `2026-12-01T00:00:00Z`.
    until: Option<DateTime<Utc>>,
    /// How to search: by words and meaning (`hybrid`, the default), by meaning (`semantic`) or by words (`lexical`).
    #[serde(default)]
    #[param(value_type = Option<SearchMode>)]
    mode: SearchMode,
    /// The most frames on a page, 1-100; 20 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// The `next_cursor` of the previous page; the first page by default.
    cursor: Option<String>,
}

/// One page of search results.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct SearchResponse {
    /// The frames that were found, the best match first.
    results: Vec<SearchHitView>,
    /// How Calliope searched: `lexical` instead of the requested mode if no embedding model is configured, it did not
    /// answer in time, or the index was made with another.
    mode: SearchMode,
    /// The `cursor` of the next page; null on the last page.
    next_cursor: Option<String>,
}

/// Search frames
///
/// Finds frames by their words, by their meaning, or by both, and ranks at most 200 of each. Without an embedding
/// model, the search is by words alone. Stories of a private client are found only by that client (with its token or
/// its `client_id`) and by admins.
#[utoipa::path(get, path = "/v2/search", tag = "search", params(FrameSearchQuery),
    responses(
        (status = 200, description = "One page of the frames; empty if none was found.", body = SearchResponse),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    ValidQuery(query): ValidQuery<FrameSearchQuery>,
) -> Result<Json<SearchResponse>, Problem> {
    let after: Option<SearchCursor> = cursor::parse(query.cursor.as_ref())?;
    if query.strategy.as_deref().is_some_and(|strategy| strategy.contains('\0')) {
        let reason = "must be a strategy's slug";
        return Err(Problem::from_error(AppError::invalid("strategy", reason), "query"));
    }
    let actor = RequestActor::new(principal, query.client_id.clone());
    let order = SearchRequest {
        query: query.query,
        client_id: query.client_id,
        strategy: query.strategy,
        since: query.since,
        until: query.until,
        mode: query.mode,
        limit: query.limit.0,
        after,
    };
    let found = state.app.search().search(actor.as_actor(), &order).await;
    let found = found.map_err(|error| Problem::from_error(error, "query"))?;
    let next_cursor = found.next_cursor.as_ref().map(cursor::encode);
    Ok(Json(SearchResponse { results: found.results, mode: found.mode, next_cursor }))
}
