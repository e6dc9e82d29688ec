//! `GET /admin/api/stories`.

use axum::Json;
use axum::extract::State;
use uuid::Uuid;

use crate::app::StoryOverview;
use crate::http::page::{List, SearchQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;
use crate::http::{Door, cursor};

/// Stories whose title, slug or Sparrow contains `q`, the newest first.
#[utoipa::path(get, path = "/admin/api/stories", tag = "admin", params(SearchQuery),
    responses((status = 200, body = List<StoryOverview>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Asked(query): Asked<SearchQuery>,
) -> Result<Json<List<StoryOverview>>, Problem> {
    let before: Option<Uuid> = cursor::place(query.cursor.as_ref())?;
    let stories = door.app.ops().all_stories(&query.q.0, before, query.limit.0).await;
    stories.map(|page| Json(List::of(page))).map_err(|error| Problem::of(error, "query"))
}
