//! `/v2/clients/{client_id}/voice-profiles/{profile_id}`: one voice profile, kept, read and removed as a whole.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::sounds;
use crate::app::{AppError, VoiceProfileView};
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, body, form};

/// What the form is.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes the form")]
pub(in crate::http) struct VoiceProfileForm {
    /// Whatever is to be said of it, as JSON: at most 16 KiB.
    #[schema(value_type = Option<Object>)]
    metadata: Option<String>,
    /// One to sixteen sounds.
    #[schema(value_type = Vec<String>, format = Binary)]
    samples: Vec<u8>,
}

/// Keep a voice profile, in the place of the one of this name: both have all of their samples, or none.
#[utoipa::path(put, path = "/v2/clients/{client_id}/voice-profiles/{profile_id}", tag = "voices",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("profile_id" = String, Path, description = "A name of `[A-Za-z0-9._-]`, at most 64 characters."),
    ),
    request_body(content = VoiceProfileForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Kept.", body = VoiceProfileView),
        (status = 200, description = "Kept in the place of an earlier one.", body = VoiceProfileView),
        (status = 415, description = "A sample is no sound.", body = ProblemBody),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
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
    let _permit = state.body_budget.acquire(&parts.headers).await?;
    let fields = form::read_fields(&parts.headers, body::read(content).await?).await?;
    let refused = |error| Problem::from_error(error, "body");
    let (mut metadata, mut samples) = (Map::new(), Vec::new());
    for field in fields {
        match &*field.name {
            "metadata" => metadata = read_metadata(&field.bytes).map_err(refused)?,
            "samples" => samples.push(sounds::from_field(field)),
            other => {
                return Err(refused(AppError::invalid(other, "is not known here; leave it out")));
            }
        }
    }
    let keeping = async move {
        let kept =
            state.app.clients().upsert_voice_profile(&client_id, &profile, metadata, samples).await;
        let is_new = kept.map_err(|error| Problem::from_error(error, "body"))?;
        let view = state.app.clients().voice_profile(&client_id, &profile).await;
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        view.map(|view| (status, Json(view))).map_err(|error| Problem::from_error(error, "path"))
    };
    body::run_to_completion(keeping).await
}

/// A voice profile; each sample with an address that needs no other proof, for an hour.
#[utoipa::path(get, path = "/v2/clients/{client_id}/voice-profiles/{profile_id}", tag = "voices",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("profile_id" = String, Path, description = "The profile."),
    ),
    responses((status = 200, body = VoiceProfileView), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, profile)): Path<(String, String)>,
) -> Result<Json<VoiceProfileView>, Problem> {
    let view = state.app.clients().voice_profile(&client_id, &profile).await;
    view.map(Json).map_err(|error| Problem::from_error(error, "path"))
}

/// Remove a voice profile with its samples.
#[utoipa::path(delete, path = "/v2/clients/{client_id}/voice-profiles/{profile_id}", tag = "voices",
    params(
        ("client_id" = String, Path, description = "The Sparrow."),
        ("profile_id" = String, Path, description = "The profile."),
    ),
    responses((status = 204, description = "Gone."), (status = 404, body = ProblemBody)))]
pub(in crate::http) async fn delete(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    Path((_, profile)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let removed = state.app.clients().remove_voice_profile(&client_id, &profile).await;
    removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
}

fn read_metadata(json: &[u8]) -> Result<Map<String, Value>, AppError> {
    serde_json::from_slice(json).map_err(|_| {
        AppError::invalid("metadata", "must be a JSON object, such as {\"name\": \"Oma\"}")
    })
}
