//! `/v2/pairing`: how a device without a key gets a token of its own.

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::identity::{PairingPollOutcome, PairingRequest, PendingPairing};
use crate::http::HttpState;
use crate::http::address::ClientAddress;
use crate::http::json::ValidJson;
use crate::http::problem::{Problem, ProblemBody};

/// How often a device should poll, in seconds.
const POLL_INTERVAL_SECONDS: &str = "5";

/// The code is not approved yet.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PairingPending {
    /// Always `waiting`.
    status: &'static str,
    /// Until when the code may be approved.
    expires_at: DateTime<Utc>,
}

/// The device is let in.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PairingToken {
    /// The device's token, shown this once.
    token: String,
    /// Whom it is for.
    client_id: String,
}

/// Ask to be let in: show the code, then poll.
#[utoipa::path(post, path = "/v2/pairing", tag = "devices", request_body = PairingRequest, responses(
    (status = 201, body = PendingPairing), (status = 422, body = ProblemBody),
    (status = 429, description = "Too many ask; see Retry-After.", body = ProblemBody),
))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Extension(client): Extension<ClientAddress>,
    ValidJson(device): ValidJson<PairingRequest>,
) -> Result<impl IntoResponse, Problem> {
    let begun = state.app.identities().start_pairing(device, client.ip).await;
    let begun = begun.map_err(|error| Problem::from_error(error, "body"))?;
    Ok((StatusCode::CREATED, AppendHeaders([(CACHE_CONTROL, "no-store")]), Json(begun)))
}

/// Poll for the token, with the poll token as `Authorization: Bearer` or as `poll_token`.
#[utoipa::path(get, path = "/v2/pairing", tag = "devices",
    params(("poll_token" = Option<String>, Query)),
    responses(
        (status = 200, description = "Let in; this answer is given once.", body = PairingToken),
        (status = 202, description = "Not yet; see Retry-After.", body = PairingPending),
        (status = 404, description = "Refused, expired, or collected.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(client): Extension<ClientAddress>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let Some(poll) = poll_token(&headers, &uri) else {
        let detail = "Send the poll token as Authorization: Bearer, or as poll_token in the query.";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    };
    let collected = state.app.identities().poll_pairing(&poll, client.ip).await;
    let no_store = (CACHE_CONTROL, "no-store");
    Ok(match collected.map_err(|error| Problem::from_error(error, "query"))? {
        PairingPollOutcome::Pending { expires_at } => {
            let headers = AppendHeaders([no_store, (RETRY_AFTER, POLL_INTERVAL_SECONDS)]);
            let body = Json(PairingPending { status: "waiting", expires_at });
            (StatusCode::ACCEPTED, headers, body).into_response()
        }
        PairingPollOutcome::Approved { token, client_id } => {
            (AppendHeaders([no_store]), Json(PairingToken { token, client_id })).into_response()
        }
    })
}

fn poll_token(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
    let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    if let Some((_, token)) = bearer {
        return Some(token.trim().to_owned());
    }
    let mut query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    query.find(|(name, _)| name == "poll_token").map(|(_, token)| token.into_owned())
}
