//! `POST /v2/signed-urls`: an address that gives one object to whoever has it, for a while.

use axum::extract::State;
use axum::{Extension, Json};

use crate::app::{SignOrder, SignedUrl};
use crate::domain::Principal;
use crate::http::Door;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};

/// Sign an address: the bucket's where there is one, else ours. A device has its own objects alone signed.
#[utoipa::path(post, path = "/v2/signed-urls", tag = "media", request_body = SignOrder,
    responses(
        (status = 200, body = SignedUrl),
        (status = 404, description = "No such object, or another's.", body = ProblemBody),
        (status = 422, description = "A time that is none.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    Extension(principal): Extension<Principal>,
    Sent(order): Sent<SignOrder>,
) -> Result<Json<SignedUrl>, Problem> {
    let signed = door.app.files().sign(&principal, &order).await;
    signed.map(Json).map_err(|error| Problem::of(error, "body"))
}
