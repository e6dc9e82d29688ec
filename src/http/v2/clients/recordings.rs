//! `/v2/clients/{client_id}/recordings`: a client's recordings.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::sounds;
use crate::app::SoundView;
use crate::http::page::{List, PageQuery};
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, body, cursor, form};

/// A recording to store, as a form.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the form")]
pub(in crate::http) struct RecordingForm {
    /// The recording.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Store a recording
///
/// Send the recording as the body, or as the field `file` of a multipart form: WAV, FLAC, MP3, M4A, Ogg or WebM,
/// detected from the bytes. Raw 16-bit little-endian PCM at 16 kHz needs the content type `audio/pcm`, for
/// stereo with `;channels=2`; send another rate as WAV.
#[utoipa::path(post, path = "/v2/clients/{client_id}/recordings", tag = "voices",
    params(("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen")),
    request_body(description = "The recording, at most 24 MiB.", content(
        (Vec<u8> = "application/octet-stream"),
        (Vec<u8> = "audio/*"),
        (RecordingForm = "multipart/form-data"),
    )),
    responses(
        (status = 201, description = "The recording is stored; `Location` holds its address.", body = SoundView),
        (status = 413, description = "The body is larger than 24 MiB.", body = ProblemBody),
        (status = 415, description = "The file is not a sound in one of these formats.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
        (status = 429, body = ProblemBody,
            description = "Too many large requests arrive at once (see `Retry-After`), or the client's storage is full."),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, content) = request.into_parts();
    let (bytes, _reservation) = state.body_budget.read(&parts, content).await?;
    let path = parts.uri.path().trim_end_matches('/').to_owned();
    let sound = if form::is_form(&parts.headers) {
        let fields = form::read_fields(&state, &parts.headers, bytes).await?;
        let file = fields.into_iter().find(|field| field.name == "file");
        let file = file.ok_or_else(|| {
            let detail =
                "The form has no field file; send the recording in it, or as the whole body.";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        })?;
        sounds::from_field(file)?
    } else {
        sounds::from_body(&parts.headers, bytes)?
    };
    let storing = async move {
        let recording = state.app.clients().insert_recording(&client_id, sound).await;
        recording.map_err(|error| Problem::from_error(error, "body"))
    };
    let view = body::run_to_completion(storing).await?;
    let location = HeaderValue::from_str(&format!("{path}/{}", view.name));
    let mut response = (StatusCode::CREATED, Json(view)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// List a client's recordings
///
/// Lists the newest recordings first. Each has a URL that downloads it without a key for an hour.
#[utoipa::path(get, path = "/v2/clients/{client_id}/recordings", tag = "voices",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        PageQuery,
    ),
    responses(
        (status = 200, description = "One page of the recordings.", body = List<SoundView>),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidQuery(query): ValidQuery<PageQuery>,
) -> Result<Json<List<SoundView>>, Problem> {
    let before: Option<String> = cursor::parse(query.cursor.as_ref())?;
    let recordings = state.app.clients().recordings(&client_id, before, query.limit.0).await;
    recordings
        .map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
