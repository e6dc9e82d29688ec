//! `GET /admin/api/pairing`: devices that wait to be let in.

use axum::Json;
use axum::extract::State;

use super::page::{List, PageQuery};
use crate::app::AppError;
use crate::app::identity::PairingView;
use crate::http::Door;
use crate::http::problem::{Problem, ProblemBody};

const NAME: &str = "pairing";

/// Devices that wait, the oldest first.
#[utoipa::path(get, path = "/admin/api/pairing", tag = "admin",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = List<PairingView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    page: PageQuery,
) -> Result<Json<List<PairingView>>, Problem> {
    if !page.q.is_empty() {
        let error = AppError::invalid("q", "is not known here; leave it out");
        return Err(Problem::of(error, "query"));
    }
    let open = door.app.identities.open_pairings(page.after(NAME)?, page.limit).await;
    open.map(|open| Json(List::of(open, NAME))).map_err(|error| Problem::of(error, "query"))
}
