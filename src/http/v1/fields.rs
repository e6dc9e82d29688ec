//! The fields of a v1 frame request, read alike from a JSON body, a form and a query string.

use axum::http::StatusCode;
use bytes::Bytes;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::app::{AppError, AudioInput, FrameOrder, StorySelector};
use crate::audio::PcmFormat;
use crate::domain::{ClientId, SensorEvent};
use crate::http::form::Field;
use crate::http::inline_media::decode_base64;
use crate::http::json;
use crate::http::problem::Problem;

/// A request for the next frame of a story. Omitted, null and empty fields take their value from the client's
/// configuration. Unknown fields are ignored.
#[derive(ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "documents the fields; the handlers read them one by one, so that one response names every invalid field"
)]
pub(in crate::http) struct FrameRequest {
    /// The device's own name, such as its MAC address: 1-255 printable characters. The same name continues the same
    /// story.
    #[schema(min_length = 1, max_length = 255, example = "kitchen")]
    #[param(min_length = 1, max_length = 255, example = "kitchen")]
    client_id: String,
    /// The name of a client type, whose configuration applies to the device. None by default.
    client_type: Option<String>,
    /// The id of the story to continue, from `story_id` in an earlier response. The client's current story by default.
    story_id: Option<String>,
    /// The strategy's slug, from `GET /v1/config/strategy`, or a storyteller's name. The client's default if omitted.
    strategy: Option<String>,
    /// A photo in base64, with or without a `data:` prefix: JPEG, PNG, WebP, GIF or BMP, at most 16,384 pixels each
    /// side and 64 megapixels.
    input_image: Option<String>,
    /// A recording in base64, with or without a `data:` prefix: WebM, Ogg, MP4/M4A, MP3, WAV, FLAC or raw PCM.
    input_audio: Option<String>,
    /// The format of `input_audio`, needed only for raw 16-bit little-endian PCM at 16 kHz: `audio/pcm;rate=16000`, for
    /// stereo with `;channels=2`. Other formats are detected from the bytes; send another rate as a WAV file.
    input_audio_format: Option<String>,
    /// Text for the storyteller, at most 20,000 characters.
    #[schema(max_length = 20000, example = "A red kettle")]
    #[param(max_length = 20000, example = "A red kettle")]
    input_text: Option<String>,
    /// Where the device is: `latitude,longitude` in degrees, such as `38.72,-9.14`, or a place's name. At most 2,000
    /// characters.
    #[schema(max_length = 2000)]
    #[param(max_length = 2000)]
    location: Option<String>,
    /// The format of `image` in the response: `image/png` (default), `image/jpeg`, `image/webp`, `image/bmp`,
    /// `image/rgb565` (also `image/raw`) or `image/grayscale16`, each also without `image/`. `rgb565` is two bytes a
    /// pixel, little-endian, red in the highest five bits; `grayscale16` is two pixels a byte, the even pixel in the
    /// low four bits. Both have no header, and their rows start at the top left.
    output_image_format: Option<String>,
    /// The width of `image` in pixels, 1-4096. If omitted: follows from the height, or the original width.
    #[schema(minimum = 1, maximum = 4096)]
    #[param(minimum = 1, maximum = 4096)]
    output_image_width: Option<u32>,
    /// The height of `image` in pixels, 1-4096. If omitted: follows from the width, or the original height.
    #[schema(minimum = 1, maximum = 4096)]
    #[param(minimum = 1, maximum = 4096)]
    output_image_height: Option<u32>,
    /// The dithering of formats with few colours: `none` (default) or `floyd-steinberg`.
    output_image_dither: Option<String>,
    /// Text before the illustration's prompt, such as `a woodcut of`. At most 2,000 characters.
    #[schema(max_length = 2000)]
    #[param(max_length = 2000)]
    output_image_style: Option<String>,
    /// A wish for the style of the text, such as `as a fairy tale`. At most 2,000 characters.
    #[schema(max_length = 2000)]
    #[param(max_length = 2000)]
    output_text_style: Option<String>,
    /// The most characters of text, 1-100,000. The storyteller keeps to it where it can. No limit by default.
    #[schema(minimum = 1, maximum = 100_000)]
    #[param(minimum = 1, maximum = 100_000)]
    max_output_text_length: Option<u32>,
    /// Whether to make a video of the illustration, where a model for videos is configured. `false` by default.
    generate_video: Option<bool>,
    /// Whether to have the text spoken, where a model for voices is configured. `false` by default.
    narrate: Option<bool>,
    /// The speaking voice: the name that its provider gives it, at most 100 characters. The configured voice by
    /// default.
    #[schema(max_length = 100)]
    #[param(max_length = 100)]
    narration_voice: Option<String>,
    /// What the device sensed: `motion`, `sound` or `light`. It may advance the device's schedule. Nothing by default.
    trigger: Option<String>,
    /// Whether to fill `debug_data` in the response. `false` by default.
    debug: Option<bool>,
}

/// A request for the next frame of a story, as a form. The photo and the recording may be files. Every other field of
/// `FrameRequest` is accepted too, as text.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the form; `from_form` reads its fields one by one")]
pub(in crate::http) struct FrameForm {
    /// The device's own name, such as its MAC address: 1-255 printable characters. The same name continues the same
    /// story.
    #[schema(min_length = 1, max_length = 255, example = "kitchen")]
    client_id: String,
    /// A photo: JPEG, PNG, WebP, GIF or BMP, at most 16,384 pixels each side and 64 megapixels. A file, or base64 as text.
    #[schema(value_type = Option<String>, format = Binary)]
    input_image: Option<Vec<u8>>,
    /// A recording: WebM, Ogg, MP4/M4A, MP3, WAV, FLAC or raw PCM. A file, or base64 as text.
    #[schema(value_type = Option<String>, format = Binary)]
    input_audio: Option<Vec<u8>>,
    /// The format of `input_audio`, needed only for raw 16-bit little-endian PCM at 16 kHz: `audio/pcm;rate=16000`, for
    /// stereo with `;channels=2`. By default, the media type of the file.
    input_audio_format: Option<String>,
    /// Text for the storyteller, at most 20,000 characters.
    #[schema(max_length = 20000, example = "A red kettle")]
    input_text: Option<String>,
}

/// The fields of a request, before validation.
#[derive(Debug, Default)]
pub(in crate::http) struct RawFrameRequest {
    /// The text fields, as they were sent.
    pub(in crate::http) fields: Map<String, Value>,
    /// The photo, if it was sent as a file.
    pub(in crate::http) image: Option<Bytes>,
    /// The recording, if it was sent as a file.
    pub(in crate::http) sound: Option<Bytes>,
}

impl RawFrameRequest {
    /// Builds a request without files.
    pub(in crate::http) fn from_fields(fields: Map<String, Value>) -> Self {
        Self { fields, image: None, sound: None }
    }
}

/// Parses an order for a frame. `location` names where the fields came from in problems: `body` or `query`.
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
    let pcm =
        PcmFormat::parse(&audio_format).map_err(|reason| invalid("input_audio_format", reason))?;
    let story = take("story_id")?.map_or(StorySelector::Current, StorySelector::ById);
    let strategy = take("strategy")?;
    let client_type = take("client_type")?;
    let sensed = take("trigger")?.map(|trigger| parse_trigger(&trigger)).transpose();
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
        sound: sound.map(|bytes| AudioInput { bytes, pcm }),
        request_id,
        trace: None,
        idempotency_key: None,
        parameters: fields,
    })
}

/// Parses the name of a sensor event.
pub(in crate::http) fn parse_trigger(name: &str) -> Result<SensorEvent, &'static str> {
    match name {
        "motion" => Ok(SensorEvent::Motion),
        "sound" => Ok(SensorEvent::Sound),
        "light" => Ok(SensorEvent::Light),
        _ => Err("must be motion, sound or light"),
    }
}

/// Reads the fields of a JSON body.
pub(in crate::http) fn from_json(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    match json::parse(body)? {
        Value::Object(fields) => Ok(fields),
        _ => {
            let detail = "The body must be a JSON object.";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
        }
    }
}

/// Reads the fields of a form. The photo and the recording may be files, or base64 text.
pub(in crate::http) fn from_form(form: Vec<Field>) -> Result<RawFrameRequest, Problem> {
    let mut raw = RawFrameRequest::default();
    let mut sound_type = None;
    for field in form {
        // What a part is decides how it is read, not what its bytes look like: raw PCM may happen to be base64.
        let is_file = field.is_file();
        let Field { name, bytes, content_type, .. } = field;
        let text = std::str::from_utf8(&bytes);
        match name.as_str() {
            // A browser sends an empty file if nobody chose one.
            "input_image" | "input_audio" if bytes.is_empty() => {}
            "input_image" if is_file || text.is_err() => raw.image = Some(bytes),
            "input_audio" if is_file || text.is_err() => {
                raw.sound = Some(bytes);
                sound_type = content_type;
            }
            _ => {
                let text = text.map_err(|_| {
                    Problem::from_error(AppError::invalid(&name, "must be text"), "body")
                })?;
                raw.fields.insert(name, Value::String(text.to_owned()));
            }
        }
    }
    if let Some(sound_type) = sound_type {
        let format = raw.fields.entry("input_audio_format").or_insert(Value::Null);
        if format.as_str().unwrap_or_default().is_empty() {
            *format = Value::String(sound_type);
        }
    }
    Ok(raw)
}

/// Reads a request whose body is the photo. Its fields are in the query.
pub(in crate::http) fn from_image(body: &Bytes, query: &str) -> RawFrameRequest {
    let image = Some(body.clone()).filter(|body| !body.is_empty());
    RawFrameRequest { image, ..RawFrameRequest::from_fields(from_query(query)) }
}

/// Reads a request whose body is the recording, of a media type with its parameters. Its fields are in the query.
pub(in crate::http) fn from_sound(
    body: &Bytes,
    query: &str,
    media_type: String,
) -> RawFrameRequest {
    let sound = Some(body.clone()).filter(|body| !body.is_empty());
    let mut fields = from_query(query);
    fields.entry("input_audio_format").or_insert(Value::String(media_type));
    RawFrameRequest { sound, ..RawFrameRequest::from_fields(fields) }
}

/// Reads the fields of a query. If a field is repeated, the last one counts.
pub(in crate::http) fn from_query(query: &str) -> Map<String, Value> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name != "api_key")
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect()
}
