//! `POST /v2/signed-urls`: an address that gives one object to whoever has it, for a while.

use axum::extract::State;
use axum::{Extension, Json};

use crate::app::{PresignRequest, PresignedUrl};
use crate::domain::Principal;
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};

/// Sign an address: the bucket's where there is one, else ours. A device has its own objects alone signed.
#[utoipa::path(post, path = "/v2/signed-urls", tag = "media", request_body = PresignRequest,
    responses(
        (status = 200, body = PresignedUrl),
        (status = 404, description = "No such object, or another's.", body = ProblemBody),
        (status = 422, description = "A time that is none.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    ValidJson(order): ValidJson<PresignRequest>,
) -> Result<Json<PresignedUrl>, Problem> {
    let signed = state.app.files().presign(&principal, &order).await;
    signed.map(Json).map_err(|error| Problem::from_error(error, "body"))
}
