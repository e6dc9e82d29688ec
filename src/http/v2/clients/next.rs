//! `GET /v2/clients/{client_id}/next`: the newest frame, waited for.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::IntoParams;

use crate::app::{NextFrame, NextFrameQuery, NextFrameResult};
use crate::http::HttpState;
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{ValidQuery, WaitSeconds};

/// What a device wants, and how long it waits.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct NextQuery {
    /// How many seconds to wait for another frame than the known one: 0-60, 0 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 60)]
    wait: WaitSeconds,
    /// The known frame's `ETag`, for clients that cannot send `If-None-Match`.
    etag: Option<String>,
    /// As in v1.
    output_image_format: Option<String>,
    /// In pixels.
    #[param(value_type = Option<u32>)]
    output_image_width: Option<String>,
    /// In pixels.
    #[param(value_type = Option<u32>)]
    output_image_height: Option<String>,
    /// `none` or `floyd-steinberg`.
    output_image_dither: Option<String>,
}

/// The newest frame in the device's pixels; without `wait` at once, else when there is another than the known one.
#[utoipa::path(get, path = "/v2/clients/{client_id}/next", tag = "devices",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("If-None-Match" = Option<String>, Header, description = "The known frame's `ETag`."),
        NextQuery,
    ),
    responses(
        (status = 200, description = "Another frame; `ETag` tells it apart.", body = NextFrame),
        (status = 204, description = "There is no frame yet."),
        (status = 304, description = "Still the known one; `Next-Wake-At` says when a sleeping Sparrow wakes."),
        (status = 422, body = ProblemBody),
        (status = 429, description = "Too many wait.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    headers: HeaderMap,
    ValidQuery(query): ValidQuery<NextQuery>,
) -> Result<Response, Problem> {
    let order = NextFrameQuery {
        known_etags: known_etags(&headers, query.etag.as_deref()),
        timeout: Duration::from_secs(query.wait.0),
        parameters: parameters(query),
    };
    let next = state.app.frames().next(&client_id, order).await;
    next.map(to_response).map_err(|error| Problem::from_error(error, "query"))
}

fn parameters(query: NextQuery) -> Map<String, Value> {
    let given = [
        ("output_image_format", query.output_image_format),
        ("output_image_width", query.output_image_width),
        ("output_image_height", query.output_image_height),
        ("output_image_dither", query.output_image_dither),
    ];
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect()
}

/// Every tag that a request knows, bare.
fn known_etags(headers: &HeaderMap, etag: Option<&str>) -> Vec<String> {
    let listed = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let listed = listed.flat_map(|value| value.split(','));
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    listed.chain(etag).map(bare).filter(|tag| !tag.is_empty()).collect()
}

fn to_response(next: NextFrameResult) -> Response {
    let mut response = match next.frame {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(newest) => {
            let mut response = match newest.frame {
                Some(frame) => Json(frame).into_response(),
                None => StatusCode::NOT_MODIFIED.into_response(),
            };
            if let Ok(etag) = HeaderValue::try_from(format!("\"{}\"", newest.etag)) {
                response.headers_mut().insert(ETAG, etag);
            }
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    let wake = next.next_wake_at.map(|wake| wake.to_rfc3339_opts(SecondsFormat::Secs, true));
    if let Some(wake) = wake.and_then(|wake| HeaderValue::try_from(wake).ok()) {
        headers.insert("next-wake-at", wake);
    }
    response
}
