//! `PUT /media/{name}`: a raw body, or the multipart field `media_file`.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;

use crate::app::UploadOutcome;
use crate::domain::MediaName;
use crate::http::problem::Problem;
use crate::http::{HttpState, body, form};

/// Keep a file under a name.
#[utoipa::path(put, path = "/media/{name}", tag = "media",
    params(("name" = String, Path, description = "A name of `[A-Za-z0-9._-]` with an extension.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "Kept."), (status = 200, description = "Kept in the place of an earlier upload."),
        (status = 409, description = "The name is a frame's."), (status = 415, description = "No media, or not what the name says."),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    Path(name): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, content) = request.into_parts();
    let _permit = state.body_budget.acquire(&parts.headers).await?;
    let bytes = read_file(&parts.headers, body::read(content).await?).await?;
    let name = MediaName::new(&name)
        .map_err(|error| Problem::new(StatusCode::NOT_FOUND, error.to_string()))?;
    match state.app.files().upload_media(name, bytes).await {
        Ok(UploadOutcome::Created) => Ok(StatusCode::CREATED),
        Ok(UploadOutcome::Replaced) => Ok(StatusCode::OK),
        Err(error) => Err(Problem::from_error(error, "body")),
    }
}

async fn read_file(headers: &HeaderMap, body: Bytes) -> Result<Bytes, Problem> {
    if !form::is_form(headers) {
        return Ok(body);
    }
    let fields = form::read_fields(headers, body).await?;
    let file = fields.into_iter().find(|field| field.name == "media_file");
    file.map(|field| field.bytes).ok_or_else(|| {
        let detail = "The form has no field media_file; send the file in it, or as the raw body.";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    })
}
