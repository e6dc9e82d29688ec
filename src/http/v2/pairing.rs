//! `/v2/pairing`: how a device without a key gets its own token.

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

/// A pairing that no admin has approved yet.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PairingPending {
    /// Always `waiting`.
    status: &'static str,
    /// When the code expires.
    expires_at: DateTime<Utc>,
}

/// An approved pairing.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct PairingToken {
    /// The device's token. It is shown only once, so the device must store it.
    token: String,
    /// The device's `client_id`, which the token is for.
    client_id: String,
}

/// Start pairing
///
/// A device that has no key asks for a code, shows it, and polls `GET /v2/pairing` for its token. An admin approves the
/// code within ten minutes. A new request leaves earlier codes of the same `client_id` valid until one of them is
/// approved. At most 10 requests a minute and 100 an hour per address. If 1,000 devices wait,
/// one from the network with the most gives way.
#[utoipa::path(post, path = "/v2/pairing", tag = "devices",
    request_body(content = PairingRequest,
        example = json!({"client_id": "kitchen", "model": "esp32-s3", "firmware": "1.0"})),
    responses(
        (status = 201, description = "The code to show and the token to poll with.", body = PendingPairing),
        (status = 400, description = "The body is not JSON.", body = ProblemBody),
        (status = 415, description = "The content type is not `application/json`.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
        (status = 429, description = "Too many pairings; see `Retry-After`.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    Extension(client): Extension<ClientAddress>,
    ValidJson(device): ValidJson<PairingRequest>,
) -> Result<impl IntoResponse, Problem> {
    let pairing = state.app.identities().start_pairing(device, client.ip).await;
    let pairing = pairing.map_err(|error| Problem::from_error(error, "body"))?;
    Ok((StatusCode::CREATED, AppendHeaders([(CACHE_CONTROL, "no-store")]), Json(pairing)))
}

/// Collect a pairing's token
///
/// Poll every five seconds, as `Retry-After` says. Send the `poll_token` from `POST /v2/pairing` as a bearer token in
/// `Authorization`, or in the query. Once the code is approved, the next poll gets the device's token, once, and the
/// device's earlier paired tokens are revoked. At most 300 polls a minute and 6,000 an hour per address.
#[utoipa::path(get, path = "/v2/pairing", tag = "devices",
    params(("poll_token" = Option<String>, Query, example = "9lSQ9nKYJkz4dI6inyZ8hXVwZoSOMu8-Xg6-a0I-8dg",
        description = "The `poll_token` in the response of `POST /v2/pairing`. Required, unless it is sent as a bearer \
                       token in `Authorization`.")),
    responses(
        (status = 200, description = "The code is approved. This response is given only once.", body = PairingToken),
        (status = 202, body = PairingPending,
            description = "The code is not approved yet; poll again after `Retry-After` seconds."),
        (status = 404, body = ProblemBody,
            description = "No pairing waits for this poll token: it is unknown, the code was refused, has expired or gave \
                           way to other devices, another code of the device was approved, or the token was collected."),
        (status = 422, description = "The poll token is missing.", body = ProblemBody),
        (status = 429, description = "Too many polls; see `Retry-After`.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    Extension(client): Extension<ClientAddress>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let Some(poll_token) = poll_token(&headers, &uri) else {
        let detail = "Send the poll token as Authorization: Bearer, or as poll_token in the query.";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    };
    let outcome = state.app.identities().poll_pairing(&poll_token, client.ip).await;
    let no_store = (CACHE_CONTROL, "no-store");
    Ok(match outcome.map_err(|error| Problem::from_error(error, "query"))? {
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

/// Returns the poll token of a request: from the header if it has one, else from the query.
fn poll_token(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
    let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    if let Some((_, token)) = bearer {
        return Some(token.trim().to_owned());
    }
    let mut query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    query.find(|(name, _)| name == "poll_token").map(|(_, token)| token.into_owned())
}
