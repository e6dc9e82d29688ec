//! `GET /v2/stories`: a client's stories, in parts.

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::{StoryListView, StoryPlace};
use crate::domain::{ClientId, Principal};
use crate::http::acting::Acting;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Asked, Limit, Offset};
use crate::http::{Door, cursor};
use crate::store::StoryPart;

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
pub(in crate::http) struct Stories {
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
    responses((status = 200, body = Stories), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Extension(principal): Extension<Principal>,
    Asked(query): Asked<StoriesQuery>,
) -> Result<Json<Stories>, Problem> {
    let acting = Acting::of(principal, query.client_id);
    let after: Option<StoryPlace> = cursor::place(query.cursor.as_ref())?;
    let (limit, offset) = (query.limit.0, query.offset.0);
    let part = StoryPart { after, offset, limit };
    let part = door.app.stories().stories_part(acting.client_id()?, part).await;
    let part = part.map_err(|error| Problem::of(error, "query"))?;
    let next_cursor = part.next.as_ref().map(cursor::encode);
    let has_more = next_cursor.is_some();
    let pagination = Pagination { total: part.total, limit, offset, has_more, next_cursor };
    Ok(Json(Stories { stories: part.stories, pagination }))
}
