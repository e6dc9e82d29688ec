//! `GET /admin/api/audit`: who changed what.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::AuditRecord;
use crate::http::page::List;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Limit, SearchText, ValidQuery};
use crate::http::{HttpState, cursor};

/// Which changes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct AuditQuery {
    /// Those of a kind of thing: `flock-configs`.
    #[param(value_type = Option<String>)]
    resource: Option<SearchText>,
    /// Those of one of them; `resource` says of which kind.
    #[param(value_type = Option<String>)]
    resource_id: Option<SearchText>,
    /// How many at most: 1-100, 20 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// Where to go on: the `next_cursor` of the part before.
    cursor: Option<String>,
}

/// Changes, the newest first.
#[utoipa::path(get, path = "/admin/api/audit", tag = "admin", params(AuditQuery),
    responses((status = 200, body = List<AuditRecord>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    ValidQuery(query): ValidQuery<AuditQuery>,
) -> Result<Json<List<AuditRecord>>, Problem> {
    let before: Option<i64> = cursor::parse(query.cursor.as_ref())?;
    let text = |needle: &Option<SearchText>| needle.as_ref().map(|needle| needle.0.clone());
    let (resource, resource_id) = (text(&query.resource), text(&query.resource_id));
    let limit = query.limit.0;
    let page =
        state.app.ops().audit_log(resource.as_deref(), resource_id.as_deref(), before, limit).await;
    page.map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
