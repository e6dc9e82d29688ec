//! `GET /v2/stories`: a client's stories, page by page.

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{StoryCursor, StoryListView};
use crate::domain::{ClientId, Principal};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Limit, Offset, ValidQuery};
use crate::http::request_actor::RequestActor;
use crate::http::{HttpState, cursor};
use crate::store::StoryPage;

/// Which page of a client's stories.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct StoriesQuery {
    /// The client whose stories to list: 1-255 printable characters. Required, except with a device's token: then the
    /// device's own by default.
    #[param(value_type = Option<String>, min_length = 1, max_length = 255, example = "kitchen")]
    client_id: Option<ClientId>,
    /// The most stories on a page, 1-100; 20 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// How many stories to skip from the start or the cursor, 0-1,000,000; 0 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000)]
    offset: Offset,
    /// The `next_cursor` of the previous page; the first page by default.
    cursor: Option<String>,
}

/// One page of a client's stories.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct StoriesPage {
    /// The stories, last updated first.
    stories: Vec<StoryListView>,
    /// The page's position.
    pagination: Pagination,
}

/// The position of a page in a list.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Pagination {
    /// How many stories the client has.
    total: i64,
    /// The `limit` of the request, or its default.
    limit: i64,
    /// The `offset` of the request, or its default.
    offset: i64,
    /// Whether a next page exists.
    has_more: bool,
    /// The `cursor` of the next page; null on the last page.
    next_cursor: Option<String>,
}

/// List stories
///
/// Lists the stories that were made for the client, last updated first, including those that have no frame yet.
#[utoipa::path(get, path = "/v2/stories", tag = "stories", params(StoriesQuery),
    responses(
        (status = 200, description = "One page of the stories; empty for an unknown client.", body = StoriesPage),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    ValidQuery(query): ValidQuery<StoriesQuery>,
) -> Result<Json<StoriesPage>, Problem> {
    let actor = RequestActor::new(principal, query.client_id);
    let after: Option<StoryCursor> = cursor::parse(query.cursor.as_ref())?;
    let (limit, offset) = (query.limit.0, query.offset.0);
    let page = StoryPage { after, offset, limit };
    let page = state.app.stories().list_stories_page(actor.require_client_id()?, page).await;
    let page = page.map_err(|error| Problem::from_error(error, "query"))?;
    let next_cursor = page.next.as_ref().map(cursor::encode);
    let has_more = next_cursor.is_some();
    let pagination = Pagination { total: page.total, limit, offset, has_more, next_cursor };
    Ok(Json(StoriesPage { stories: page.stories, pagination }))
}
