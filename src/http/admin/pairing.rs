//! `GET /admin/api/pairing`: lists the devices that wait for approval.

use axum::Json;
use axum::extract::State;

use crate::app::identity::PairingView;
use crate::http::page::{List, PageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// List pending pairings
///
/// The devices that wait for approval, the longest waiting first.
#[utoipa::path(get, path = "/admin/api/pairing", tag = "admin",
    params(PageQuery),
    responses((status = 200, body = List<PairingView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    ValidQuery(query): ValidQuery<PageQuery>,
) -> Result<Json<List<PairingView>>, Problem> {
    let after = cursor::parse(query.cursor.as_ref())?;
    let open = state.app.identities().open_pairings(after, query.limit.0).await;
    open.map(|open| Json(List::from_page(open)))
        .map_err(|error| Problem::from_error(error, "query"))
}
