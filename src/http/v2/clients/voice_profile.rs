//! `/v2/clients/{client_id}/voice-profiles/{profile_id}`: one voice profile with its samples.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::sounds;
use crate::app::{AppError, VoiceProfileView};
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, body, form, json};

/// A voice profile to store, as a form.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes the form")]
pub(in crate::http) struct VoiceProfileForm {
    /// Any details of the voice, as a JSON object of at most 16 KiB. An empty object by default.
    #[schema(value_type = Option<Object>)]
    metadata: Option<String>,
    /// 1-16 sound files: WAV, FLAC, MP3, M4A, Ogg or WebM, or raw 16-bit PCM at 16 kHz as `audio/pcm`.
    #[schema(value_type = Vec<String>, format = Binary)]
    samples: Vec<u8>,
}

/// Store a voice profile
///
/// Stores samples of a voice, and replaces the profile of the same name as a whole: readers see either all old samples
/// or all new ones.
#[utoipa::path(put, path = "/v2/clients/{client_id}/voice-profiles/{profile_id}", tag = "voices",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("profile_id" = String, Path, description = "The profile's name: 1-64 characters of `[A-Za-z0-9._-]`.",
            example = "grandma"),
    ),
    request_body(content = VoiceProfileForm, content_type = "multipart/form-data", description = "At most 24 MiB."),
    responses(
        (status = 201, description = "The voice profile is new.", body = VoiceProfileView),
        (status = 200, description = "The voice profile replaces an earlier one.", body = VoiceProfileView),
        (status = 413, description = "The body is larger than 24 MiB.", body = ProblemBody),
        (status = 415, description = "A sample is not a sound, or the body is not a form.", body = ProblemBody),
        (status = 422, description = "A value is missing or invalid; `errors` names each.", body = ProblemBody),
        (status = 429, body = ProblemBody,
            description = "Too many large requests arrive at once (see `Retry-After`), or the client's storage is full."),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, profile)): Path<(String, String)>,
    request: Request,
) -> Result<(StatusCode, Json<VoiceProfileView>), Problem> {
    let (parts, content) = request.into_parts();
    if !form::is_form(&parts.headers) {
        let detail = "Send a form (multipart/form-data) with the fields metadata and samples.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let (content, _reservation) = state.body_budget.read(&parts, content).await?;
    let fields = form::read_fields(&state, &parts.headers, content).await?;
    let to_problem = |error| Problem::from_error(error, "body");
    let (mut metadata, mut samples) = (Map::new(), Vec::new());
    for field in fields {
        match &*field.name {
            "metadata" => metadata = read_metadata(&field.bytes).map_err(to_problem)?,
            "samples" => samples.push(sounds::from_field(field)?),
            other => {
                return Err(to_problem(AppError::invalid(
                    other,
                    "is not known here; leave it out",
                )));
            }
        }
    }
    let storing = async move {
        let upserted =
            state.app.clients().upsert_voice_profile(&client_id, &profile, metadata, samples).await;
        let is_new = upserted.map_err(|error| Problem::from_error(error, "body"))?;
        let view = state.app.clients().voice_profile(&client_id, &profile).await;
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        view.map(|view| (status, Json(view))).map_err(|error| Problem::from_error(error, "path"))
    };
    body::run_to_completion(storing).await
}

/// Read a voice profile
///
/// Returns the profile. Store it first, with `PUT` at the same path. Each sample has a URL that downloads it
/// without a key for an hour.
#[utoipa::path(get, path = "/v2/clients/{client_id}/voice-profiles/{profile_id}", tag = "voices",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("profile_id" = String, Path, example = "grandma",
            description = "The profile's name: `profile_id` in the response of `GET …/voice-profiles`. 1-64 characters \
                           of `[A-Za-z0-9._-]`."),
    ),
    responses(
        (status = 200, description = "The voice profile.", body = VoiceProfileView),
        (status = 404, description = "The client has no voice profile of this name.", body = ProblemBody),
        (status = 422, description = "`client_id` or `profile_id` is invalid.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, profile)): Path<(String, String)>,
) -> Result<Json<VoiceProfileView>, Problem> {
    let view = state.app.clients().voice_profile(&client_id, &profile).await;
    view.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Remove a voice profile
///
/// Removes the profile with its samples.
#[utoipa::path(delete, path = "/v2/clients/{client_id}/voice-profiles/{profile_id}", tag = "voices",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        ("profile_id" = String, Path, example = "grandma",
            description = "The profile's name: `profile_id` in the response of `GET …/voice-profiles`. 1-64 characters \
                           of `[A-Za-z0-9._-]`."),
    ),
    responses(
        (status = 204, description = "The voice profile is removed."),
        (status = 404, description = "The client has no voice profile of this name.", body = ProblemBody),
        (status = 422, description = "`client_id` or `profile_id` is invalid.", body = ProblemBody),
    ))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, profile)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let removed = state.app.clients().delete_voice_profile(&client_id, &profile).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}

fn read_metadata(text: &[u8]) -> Result<Map<String, Value>, AppError> {
    json::parse(text).map_err(|_| {
        AppError::invalid("metadata", "must be a JSON object, such as {\"name\": \"Oma\"}")
    })
}
