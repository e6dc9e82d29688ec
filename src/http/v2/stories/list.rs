//! `GET /v2/stories`: a client's stories, in parts.

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

/// Which part of a client's stories.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct StoriesQuery {
    /// The Sparrow; a device's token means its own without it.
    #[param(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// How many stories at most: 1-100, 20 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// How many to pass over, from the beginning or from the cursor.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 1_000_000)]
    offset: Offset,
    /// Where to go on: the `next_cursor` of the part before.
    cursor: Option<String>,
}

/// A part of a client's stories.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct StoriesPage {
    /// The stories, last updated first.
    stories: Vec<StoryListView>,
    /// Where this part is in the whole.
    pagination: Pagination,
}

/// Where a part is in the whole.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Pagination {
    /// How many stories there are in all.
    total: i64,
    /// How many were asked for at most.
    limit: i64,
    /// How many were passed over.
    offset: i64,
    /// Whether there are more behind these.
    has_more: bool,
    /// To be sent as `cursor` for the next part; null at the end.
    next_cursor: Option<String>,
}

/// A client's stories, last updated first.
#[utoipa::path(get, path = "/v2/stories", tag = "stories", params(StoriesQuery),
    responses((status = 200, body = StoriesPage), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    ValidQuery(query): ValidQuery<StoriesQuery>,
) -> Result<Json<StoriesPage>, Problem> {
    let actor = RequestActor::new(principal, query.client_id);
    let after: Option<StoryCursor> = cursor::parse(query.cursor.as_ref())?;
    let (limit, offset) = (query.limit.0, query.offset.0);
    let part = StoryPage { after, offset, limit };
    let part = state.app.stories().list_stories_page(actor.require_client_id()?, part).await;
    let part = part.map_err(|error| Problem::from_error(error, "query"))?;
    let next_cursor = part.next.as_ref().map(cursor::encode);
    let has_more = next_cursor.is_some();
    let pagination = Pagination { total: part.total, limit, offset, has_more, next_cursor };
    Ok(Json(StoriesPage { stories: part.stories, pagination }))
}
