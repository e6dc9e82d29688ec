//! `GET /admin/api/audit`: the audit log.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::AuditRecord;
use crate::http::page::List;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{Limit, SearchText, ValidQuery};
use crate::http::{HttpState, cursor};

/// Filters the audit log and selects a page of it.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct AuditQuery {
    /// Kind of the changed resource, such as `flock-configs`. If omitted, changes of all kinds are listed.
    #[param(max_length = 255, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$", value_type = Option<String>)]
    resource: Option<SearchText>,
    /// Id of the changed resource; send `resource` with it. If omitted, changes of all resources are listed.
    #[param(max_length = 255, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$", value_type = Option<String>)]
    resource_id: Option<SearchText>,
    /// Maximum number of items in the page: 1-100, default 20.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Limit,
    /// The `next_cursor` of the previous page. If omitted, the first page is returned.
    cursor: Option<String>,
}

/// List changes
///
/// The newest change comes first. Each entry says who changed what, with the values before and after.
#[utoipa::path(get, path = "/admin/api/audit", tag = "admin", params(AuditQuery),
    responses((status = 200, body = List<AuditRecord>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    ValidQuery(query): ValidQuery<AuditQuery>,
) -> Result<Json<List<AuditRecord>>, Problem> {
    let before: Option<i64> = cursor::parse(query.cursor.as_ref())?;
    let text = |filter: &Option<SearchText>| filter.as_ref().map(|filter| filter.0.clone());
    let (resource, resource_id) = (text(&query.resource), text(&query.resource_id));
    let limit = query.limit.0;
    let page =
        state.app.ops().audit_log(resource.as_deref(), resource_id.as_deref(), before, limit).await;
    page.map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
