//! `GET /admin/api/stories`: lists the stories of every client.

use axum::Json;
use axum::extract::State;
use uuid::Uuid;

use crate::app::StoryOverview;
use crate::http::page::{List, SearchPageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// List stories
///
/// The stories of every client, the newest first. `q` searches titles, slugs and client ids.
#[utoipa::path(get, path = "/admin/api/stories", tag = "admin", params(SearchPageQuery),
    responses((status = 200, body = List<StoryOverview>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    ValidQuery(query): ValidQuery<SearchPageQuery>,
) -> Result<Json<List<StoryOverview>>, Problem> {
    let before: Option<Uuid> = cursor::parse(query.cursor.as_ref())?;
    let stories = state.app.ops().all_stories(&query.q.0, before, query.limit.0).await;
    stories
        .map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
