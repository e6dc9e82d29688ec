//! `GET /v2/search`: finding any moment of any story.

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

/// What to find, and where.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct FrameSearchQuery {
    /// Words, or a sentence: 1-1000 characters.
    query: String,
    /// In the stories of this Sparrow alone.
    #[param(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// In stories with this strategy's slug alone.
    strategy: Option<String>,
    /// Frames told at this time or later.
    since: Option<DateTime<Utc>>,
    /// Frames told before this time.
    until: Option<DateTime<Utc>>,
    /// `hybrid` (also without it), `semantic` or `lexical`.
    #[serde(default)]
    #[param(value_type = Option<SearchMode>)]
    mode: SearchMode,
    /// How many frames at most: 1-100, 20 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// Where to go on: the `next_cursor` of the part before.
    cursor: Option<String>,
}

/// Frames that were found.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct SearchResponse {
    /// Frames, the best first.
    results: Vec<SearchHitView>,
    /// How it was searched in truth: `lexical` where nobody could tell the meaning.
    mode: SearchMode,
    /// To be sent as `cursor` for the next part; null at the end.
    next_cursor: Option<String>,
}

/// Find frames by their words, by their meaning, or by both.
///
/// Stories of a private Sparrow are found by itself (its own token, or its `client_id`) and by admins.
#[utoipa::path(get, path = "/v2/search", tag = "search", params(FrameSearchQuery),
    responses(
        (status = 200, body = SearchResponse),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
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
