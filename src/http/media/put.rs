//! `PUT /media/{name}`: a raw body, or the multipart field `media_file`.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;

use crate::app::UploadOutcome;
use crate::domain::MediaName;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::{HttpState, form};

/// A media file to upload, as a form.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the form")]
pub(in crate::http) struct MediaForm {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    media_file: Vec<u8>,
}

/// Upload a media file
///
/// Stores an image, a sound or a video under a name, and replaces an earlier upload of that name. Send the file as the
/// body, or as the field `media_file` of a multipart form. The format must be the one that the name's extension says.
/// Read the file at `GET /media/{name}`. A device's token may not upload.
#[utoipa::path(put, path = "/media/{name}", tag = "media",
    params(("name" = String, Path, example = "photo.png",
        description = "The name to store the file under: at most 128 characters of `[A-Za-z0-9._-]`, not starting with \
                       a dot. The extension is one of `png`, `jpg`, `jpeg`, `webp`, `gif`, `bmp`, `raw`, `rgb565`, \
                       `grayscale16`, `mp3`, `wav`, `ogg`, `oga`, `opus`, `m4a`, `flac`, `weba`, `mp4` or `webm`.")),
    request_body(description = "The file, at most 24 MiB.", content(
        (Vec<u8> = "application/octet-stream"),
        (MediaForm = "multipart/form-data"),
    )),
    responses(
        (status = 201, description = "The file is stored."),
        (status = 200, description = "The file replaces an earlier upload."),
        (status = 404, description = "The name is malformed.", body = ProblemBody),
        (status = 409, description = "A frame owns this name; choose another.", body = ProblemBody),
        (status = 413, description = "The body is larger than 24 MiB.", body = ProblemBody),
        (status = 415, body = ProblemBody,
            description = "The file is not an image, sound or video of the format that the extension says."),
        (status = 422, description = "The form has no field `media_file`.", body = ProblemBody),
        (status = 429, description = "Too many large requests arrive at once; see `Retry-After`.", body = ProblemBody),
    ))]
pub(in crate::http) async fn put(
    State(state): State<HttpState>,
    Path(name): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, content) = request.into_parts();
    let (content, _reservation) = state.body_budget.read(&parts, content).await?;
    let bytes = read_file(&state, &parts.headers, content).await?;
    let name = MediaName::new(&name)
        .map_err(|error| Problem::new(StatusCode::NOT_FOUND, error.to_string()))?;
    match state.app.files().upload_media(name, bytes).await {
        Ok(UploadOutcome::Created) => Ok(StatusCode::CREATED),
        Ok(UploadOutcome::Replaced) => Ok(StatusCode::OK),
        Err(error) => Err(Problem::from_error(error, "body")),
    }
}

async fn read_file(state: &HttpState, headers: &HeaderMap, body: Bytes) -> Result<Bytes, Problem> {
    if !form::is_form(headers) {
        return Ok(body);
    }
    let fields = form::read_fields(state, headers, body).await?;
    let file = fields.into_iter().find(|field| field.name == "media_file");
    file.map(|field| field.bytes).ok_or_else(|| {
        let detail = "The form has no field media_file; send the file in it, or as the raw body.";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    })
}
