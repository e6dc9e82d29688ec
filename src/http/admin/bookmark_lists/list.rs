//! `GET /admin/api/bookmark-lists`: everyone's lists.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::BookmarkListView;
use crate::http::page::List;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Asked, Limit};
use crate::http::{Door, cursor};

/// Which part of which lists.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ListsQuery {
    /// How many items at most: 1-100, 20 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// Where to go on: the `next_cursor` of the part before.
    cursor: Option<String>,
    /// Only lists whose name or `client_id` contains this.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    q: String,
}

/// Everyone's lists, the newest first.
#[utoipa::path(get, path = "/admin/api/bookmark-lists", tag = "admin", params(ListsQuery),
    responses((status = 200, body = List<BookmarkListView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    Asked(query): Asked<ListsQuery>,
) -> Result<Json<List<BookmarkListView>>, Problem> {
    let before = query.cursor.as_deref().map(cursor::decode).transpose()?;
    let lists = door.app.all_lists(&query.q, before, query.limit.0).await;
    lists.map(|page| Json(List::of(page))).map_err(|error| Problem::of(error, "query"))
}
