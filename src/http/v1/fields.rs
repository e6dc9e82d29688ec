//! A v1 frame request, read alike from a JSON body and a query string.

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::app::{AppError, AudioInput, FrameOrder, StorySelector};
use crate::domain::{ClientId, SensorEvent};
use crate::http::form::Field;
use crate::http::inline_media::{check_pcm_format, decode_base64};
use crate::http::problem::Problem;

/// A request for the next frame of a story.
#[derive(ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "documents the fields; they are read one by one, for every refusal to be told at once"
)]
pub(in crate::http) struct FrameRequest {
    /// The Sparrow: 1-255 characters of printable text.
    client_id: String,
    /// Names a client type configuration.
    client_type: Option<String>,
    /// The story to continue; without it the client's current one.
    story_id: Option<String>,
    /// A strategy's slug, or a storyteller's name.
    strategy: Option<String>,
    /// A photograph in base64, with or without a `data:` prefix: JPEG, PNG, WebP, GIF or BMP.
    input_image: Option<String>,
    /// A recording in base64, with or without a `data:` prefix: WebM, Ogg, MP4/M4A, MP3, WAV, FLAC or raw PCM.
    input_audio: Option<String>,
    /// `audio/pcm;rate=16000` for raw 16-bit little-endian mono PCM.
    input_audio_format: Option<String>,
    /// Text for the storyteller.
    input_text: Option<String>,
    /// `lat,lon`, or a place's name.
    location: Option<String>,
    /// `image/png`, `image/jpeg`, `image/rgb565` (= `image/raw`), `image/grayscale16`, `image/webp`, `image/bmp`,
    /// or these without `image/`.
    output_image_format: Option<String>,
    /// In pixels.
    #[schema(minimum = 1, maximum = 4096)]
    output_image_width: Option<u32>,
    /// In pixels.
    #[schema(minimum = 1, maximum = 4096)]
    output_image_height: Option<u32>,
    /// `none` or `floyd-steinberg`.
    output_image_dither: Option<String>,
    /// Prefix of the illustration's prompt.
    output_image_style: Option<String>,
    /// A wish for the manner of the text.
    output_text_style: Option<String>,
    /// At most this many characters of text.
    max_output_text_length: Option<u32>,
    /// Ask for a video.
    generate_video: Option<bool>,
    /// Ask for spoken text.
    narrate: Option<bool>,
    /// The voice that speaks, by its name at the provider of voices.
    narration_voice: Option<String>,
    /// `motion`, `sound` or `light`: what led the device to ask, which may lead its schedule on.
    trigger: Option<String>,
    /// Fill `debug_data`.
    debug: Option<bool>,
}

/// What a request sent: its fields, and its files where they came as such.
#[derive(Debug, Default)]
pub(in crate::http) struct RawFrameRequest {
    pub(in crate::http) fields: Map<String, Value>,
    pub(in crate::http) image: Option<Bytes>,
    pub(in crate::http) sound: Option<Bytes>,
}

/// Reads an order for a frame from what a request sent; `place` is `body` or `query`.
pub(in crate::http) fn parse_order(
    raw: RawFrameRequest,
    request_id: String,
    location: &str,
) -> Result<FrameOrder, Problem> {
    let RawFrameRequest { mut fields, image: image_file, sound: sound_file } = raw;
    let invalid =
        |name: &str, reason: String| Problem::from_error(AppError::invalid(name, reason), location);
    let mut take = |name: &str| -> Result<Option<String>, Problem> {
        match fields.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.contains('\0') => {
                Err(invalid(name, "must not have a NUL character".to_owned()))
            }
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(invalid(name, "must be text".to_owned())),
        }
    };
    let client_id = take("client_id")?.ok_or_else(|| {
        invalid("client_id", "is missing; send the name of the device".to_owned())
    })?;
    let client_id =
        ClientId::new(&client_id).map_err(|error| invalid("client_id", error.to_string()))?;
    let audio_format = take("input_audio_format")?.unwrap_or_default();
    let decode = |name: &str, text: String| {
        decode_base64(&text).ok_or_else(|| invalid(name, "is not base64".to_owned()))
    };
    let image = take("input_image")?.map(|text| decode("input_image", text)).transpose()?;
    let sound = take("input_audio")?.map(|text| decode("input_audio", text)).transpose()?;
    let sound = sound.or(sound_file);
    let is_pcm =
        check_pcm_format(&audio_format).map_err(|reason| invalid("input_audio_format", reason))?;
    let story = take("story_id")?.map_or(StorySelector::Current, StorySelector::ById);
    let strategy = take("strategy")?;
    let client_type = take("client_type")?;
    let sensed = take("trigger")?.map(|word| parse_trigger(&word)).transpose();
    let sensed = sensed.map_err(|reason| invalid("trigger", reason.to_owned()))?;
    Ok(FrameOrder {
        client_id,
        story,
        strategy,
        client_type,
        sensed,
        video: None,
        ip_address: None,
        image: image.or(image_file),
        sound: sound.map(|bytes| AudioInput { bytes, is_pcm }),
        request_id,
        trace: None,
        idempotency_key: None,
        parameters: fields,
    })
}

/// What led a device to ask, as it says it.
pub(in crate::http) fn parse_trigger(word: &str) -> Result<SensorEvent, &'static str> {
    match word {
        "motion" => Ok(SensorEvent::Motion),
        "sound" => Ok(SensorEvent::Sound),
        "light" => Ok(SensorEvent::Light),
        _ => Err("must be motion, sound or light"),
    }
}

/// The fields of a JSON body.
pub(in crate::http) fn from_json(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, format!("The body is not JSON: {error}."))
    })?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => {
            let detail = "The body must be a JSON object.";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
        }
    }
}

/// The fields of a form, in which the picture and the sound may be files or text.
pub(in crate::http) fn from_form(form: Vec<Field>) -> Result<RawFrameRequest, Problem> {
    let mut raw = RawFrameRequest::default();
    for Field { name, bytes, .. } in form {
        match (name.as_str(), std::str::from_utf8(&bytes)) {
            // Base64 is text and pictures are not.
            ("input_image", Err(_)) => raw.image = Some(bytes),
            ("input_audio", Err(_)) => raw.sound = Some(bytes),
            (_, Ok(text)) => {
                raw.fields.insert(name, Value::String(text.to_owned()));
            }
            (_, Err(_)) => {
                return Err(Problem::from_error(AppError::invalid(&name, "must be text"), "body"));
            }
        }
    }
    Ok(raw)
}

/// The fields of a query; the last of a repeated one counts.
pub(in crate::http) fn from_query(query: &str) -> Map<String, Value> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name != "api_key")
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect()
}
