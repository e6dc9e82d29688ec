//! `/v2/clients/{client_id}/recordings`: what a client recorded.

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

/// Keep a recording: the whole body, or the form's field `file`. Bare PCM (16 bits, mono, 16 kHz) is sent as `audio/pcm`.
#[utoipa::path(post, path = "/v2/clients/{client_id}/recordings", tag = "voices",
    params(("client_id" = String, Path, description = "The Sparrow.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "Kept; `Location` leads to it.", body = SoundView),
        (status = 415, description = "No sound.", body = ProblemBody),
        (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, content) = request.into_parts();
    let _permit = state.body_budget.acquire(&parts.headers).await?;
    let path = parts.uri.path().trim_end_matches('/').to_owned();
    let bytes = body::read(content).await?;
    let sound = if form::is_form(&parts.headers) {
        let fields = form::read_fields(&parts.headers, bytes).await?;
        let file = fields.into_iter().find(|field| field.name == "file");
        file.map(sounds::from_field).ok_or_else(|| {
            let detail =
                "The form has no field file; send the recording in it, or as the whole body.";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        })?
    } else {
        sounds::from_body(&parts.headers, bytes)
    };
    let keeping = async move {
        let kept = state.app.clients().add_recording(&client_id, sound).await;
        kept.map_err(|error| Problem::from_error(error, "body"))
    };
    let view = body::run_to_completion(keeping).await?;
    let location = HeaderValue::from_str(&format!("{path}/{}", view.name));
    let mut response = (StatusCode::CREATED, Json(view)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// A client's recordings, the newest first.
#[utoipa::path(get, path = "/v2/clients/{client_id}/recordings", tag = "voices",
    params(("client_id" = String, Path, description = "The Sparrow."), PageQuery),
    responses((status = 200, body = List<SoundView>), (status = 422, body = ProblemBody)))]
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
