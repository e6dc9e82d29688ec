//! `GET /v2/clients/{client_id}/next`: the newest frame, as a long poll.

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
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::{ValidQuery, WaitSeconds};
use crate::http::{HttpState, command_header};

/// Which image the device needs, and how long it waits.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct NextQuery {
    /// How many seconds to wait for a newer frame than the known one, 0-60; 0 by default.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 0, maximum = 60)]
    wait: WaitSeconds,
    /// The `ETag` of the frame that the device has, if it cannot send `If-None-Match`.
    etag: Option<String>,
    /// The format of `image`: `image/png`, `image/jpeg`, `image/webp`, `image/bmp`, `image/rgb565` (also `image/raw`)
    /// or `image/grayscale16`, each also without `image/`. The configured format by default, else `image/png`.
    #[param(pattern = "^((image/)?(png|jpeg|webp|bmp|rgb565|raw|grayscale16)|jpg)?$")]
    output_image_format: Option<String>,
    /// The width of `image` in pixels, 1-4096; as configured by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 4096)]
    output_image_width: Option<String>,
    /// The height of `image` in pixels, 1-4096; as configured by default.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 4096)]
    output_image_height: Option<String>,
    /// The dithering of formats with few colours: `none` or `floyd-steinberg`; as configured by default, else `none`.
    #[param(pattern = "^(none|floyd-steinberg)?$")]
    output_image_dither: Option<String>,
}

/// Wait for the newest frame
///
/// Returns the newest frame of the client's current story, with the image as the device needs it, and never orders one.
/// Send the `ETag` of the last response with `wait`: the response then arrives as soon as a newer frame exists, or
/// after that time. Send the same `output_image_…` parameters each time, because a different image has a different
/// `ETag`.
///
/// A command of an admin ends the wait, and is in `command` and in the header `X-Command`, once. During a blackout, the
/// picture is black.
#[utoipa::path(get, path = "/v2/clients/{client_id}/next", tag = "frames",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("If-None-Match" = Option<String>, Header,
            description = "The `ETag` of the frame that the device has. If omitted, the newest frame is returned at \
                           once."),
        NextQuery,
    ),
    responses(
        (status = 200, body = NextFrame,
            description = "A frame that the device does not have, or a command; `ETag` identifies the frame."),
        (status = 204, description = "The story has no frame yet, or the client has no story. `X-Command` is sent too."),
        (status = 304,
            description = "No newer frame; if a schedule has the Sparrow sleep, `Next-Wake-At` says when it wakes."),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
        (status = 429, description = "Too many clients wait; see `Retry-After`.", body = ProblemBody),
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

/// Returns every tag that a request names, without quotes and `W/`.
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
    command_header::add(&mut response, next.command);
    // A stored answer would give its command again.
    let cache = if next.command.is_some() { "no-store" } else { "private, no-cache" };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    let wake = next.next_wake_at.map(|wake| wake.to_rfc3339_opts(SecondsFormat::Secs, true));
    if let Some(wake) = wake.and_then(|wake| HeaderValue::try_from(wake).ok()) {
        headers.insert("next-wake-at", wake);
    }
    response
}
