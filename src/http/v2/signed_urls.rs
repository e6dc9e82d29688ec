//! `POST /v2/signed-urls`: a presigned URL for one object.

use axum::extract::State;
use axum::{Extension, Json};

use crate::app::{PresignRequest, PresignedUrl};
use crate::domain::Principal;
use crate::http::HttpState;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};

/// Presign a URL
///
/// Returns a URL that downloads one object without a key until it expires. If the bucket holds the object, the URL is
/// the bucket's; otherwise it is a path of this server. Everyone with a key may presign frames' media and uploads;
/// other objects only their own client and admins. Order a frame first, and send the `url` of its `image` as `key`: the
/// one in the example does not exist.
#[utoipa::path(post, path = "/v2/signed-urls", tag = "media",
    request_body(content = PresignRequest,
        example = json!({"key": "media/0197f2c4-5b1e-7c3a-9d1e-000000000000.png", "expires_in": 3600})),
    responses(
        (status = 200, description = "The URL and when it expires.", body = PresignedUrl),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 404, description = "No object has this key, or the caller may not read it.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "`expires_in` is not from 1 to 604800 seconds.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    ValidJson(order): ValidJson<PresignRequest>,
) -> Result<Json<PresignedUrl>, Problem> {
    let signed = state.app.files().presign(&principal, &order).await;
    signed.map(Json).map_err(|error| Problem::from_error(error, "body"))
}
