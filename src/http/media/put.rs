//! `PUT /media/{name}`: a raw body, or the multipart field `media_file`.

use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;

use crate::app::Uploaded;
use crate::domain::MediaName;
use crate::http::problem::Problem;
use crate::http::{Door, body};

/// Keep a file under a name.
#[utoipa::path(put, path = "/media/{name}", tag = "media",
    params(("name" = String, Path, description = "A name of `[A-Za-z0-9._-]` with an extension.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "Kept."), (status = 200, description = "Kept in the place of an earlier upload."),
        (status = 409, description = "The name is a frame's."), (status = 415, description = "No media, or not what the name says."),
    ))]
pub(in crate::http) async fn put(
    State(door): State<Door>,
    Path(name): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let name = MediaName::new(&name)
        .map_err(|error| Problem::new(StatusCode::NOT_FOUND, error.to_string()))?;
    let bytes = sent(request).await?;
    match door.app.upload_media(name, bytes).await {
        Ok(Uploaded::Created) => Ok(StatusCode::CREATED),
        Ok(Uploaded::Replaced) => Ok(StatusCode::OK),
        Err(error) => Err(Problem::of(error, "body")),
    }
}

async fn sent(request: Request) -> Result<Bytes, Problem> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|value| value.starts_with("multipart/form-data")) {
        return body::read(request.into_body()).await;
    }
    let broken = |_| {
        Problem::new(StatusCode::BAD_REQUEST, "The multipart body cannot be read; send it again.")
    };
    let (parts, content) = request.into_parts();
    let content = body::read(content).await?;
    let request = Request::from_parts(parts, content.into());
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| {
        Problem::new(StatusCode::BAD_REQUEST, "The multipart body has no boundary.")
    })?;
    while let Some(field) = form.next_field().await.map_err(broken)? {
        if field.name() == Some("media_file") {
            return field.bytes().await.map_err(broken);
        }
    }
    let detail = "The form has no field media_file; send the file in it, or as the raw body.";
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
}
