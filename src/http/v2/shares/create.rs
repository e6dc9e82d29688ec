//! `POST /v2/shares`: share a story, a list, a wall or a camera by link.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{AuditContext, ShareRequest};
use crate::domain::Principal;
use crate::http::address::{ClientAddress, ForwardedPrefix};
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::request_actor::RequestActor;
use crate::http::request_id::RequestId;
use crate::http::{HttpState, auth, pages};

/// A new share.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct NewShare {
    /// The share's id.
    id: i64,
    /// The link. It is shown only in this answer.
    #[schema(example = "https://stories.example/x/Zm9vYmFyYmF6cXV4MTIzNA")]
    url: String,
    /// When the share expires.
    expires_at: DateTime<Utc>,
}

/// Share by link
///
/// Everyone who has the link sees what it shows, without a key, until the share expires or is revoked. `give` opens a
/// camera for visitors, each of whom gets a story of their own. A client may share its own stories and lists and its wall;
/// admins may share everything.
#[utoipa::path(post, path = "/v2/shares", tag = "shares",
    request_body(content = ShareRequest,
        example = json!({"kind": "wall", "client_id": "kitchen", "expires_in": 86400, "comment": "For Anna"})),
    responses(
        (status = 201, description = "The share.", body = NewShare),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 403, description = "The caller may not share this.", body = ProblemBody),
        (status = 404, description = "There is no such story, list or flock.", body = ProblemBody),
        (status = 409, description = "The client has 1,000 shares.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Extension(principal): Extension<Principal>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    Extension(client): Extension<ClientAddress>,
    Extension(ForwardedPrefix(root)): Extension<ForwardedPrefix>,
    headers: HeaderMap,
    ValidJson(request): ValidJson<ShareRequest>,
) -> Result<(StatusCode, Json<NewShare>), Problem> {
    if let Some(client_id) = &request.client_id {
        auth::may_act_for(&principal, client_id.as_str())?;
    }
    let audit = AuditContext::new(&principal, Some(request_id));
    let actor = RequestActor::new(principal, request.client_id.clone());
    let created = state.app.shares().create(actor.as_actor(), &request, &audit).await;
    let created = created.map_err(|error| Problem::from_error(error, "body"))?;
    let origin = pages::origin(&headers, client.is_secure);
    let answer = NewShare {
        id: created.share.id,
        url: format!("{origin}{root}/x/{}", created.token),
        expires_at: created.share.date_expires,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}
