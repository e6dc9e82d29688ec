//! A provider with OpenAI's API that responds at once, so that a frame's figures are Calliope's own.
//!
//! It is this bench once more, started with another argument, so that its processor time is not counted as anyone else's.

use std::convert::Infallible;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use calliope::imaging;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use super::support;

/// The argument with which a bench becomes the provider.
const ARGUMENT: &str = "be-the-provider";

/// The provider's process, killed on drop.
pub struct InstantProvider {
    process: Child,
    pub url: String,
}

impl InstantProvider {
    pub fn start() -> Self {
        let program = std::env::current_exe().expect("the bench has a path");
        let mut process = Command::new(program)
            .arg(ARGUMENT)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the provider starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().expect("piped"));
        stdout.read_line(&mut line).expect("the provider prints its URL");
        Self { process, url: line.trim().to_owned() }
    }

    /// Returns the environment in which an instance uses this provider for texts, pictures and photos.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let model = |name: &str| format!("openai/{name}");
        vec![
            ("OPENAI_API_KEY", "sk-of-the-bench".to_owned()),
            ("OPENAI_BASE_URL", format!("{}/v1", self.url)),
            ("CALLIOPE_TEXT_MODEL", model("gpt-4.1-mini")),
            ("CALLIOPE_VISION_MODEL", model("gpt-4.1-mini")),
            ("CALLIOPE_IMAGE_MODEL", model("gpt-image-1")),
        ]
    }
}

impl Drop for InstantProvider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves as the provider if this process was started for it; otherwise returns at once.
pub fn serve_if_asked() {
    if std::env::args().nth(1).as_deref() == Some(ARGUMENT) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(serve());
    }
}

/// The answers of the provider.
struct Answers {
    image: Bytes,
    number: AtomicU64,
}

async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!("http://{}", listener.local_addr().expect("an address"));
    let answers = Arc::new(Answers { image: image_answer(), number: AtomicU64::new(0) });
    while let Ok((stream, _)) = listener.accept().await {
        let answers = Arc::clone(&answers);
        let service = service_fn(move |request| reply(Arc::clone(&answers), request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move { connection.await.ok() });
    }
}

async fn reply(
    answers: Arc<Answers>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    // The whole request is read, as a real provider does: it contains the photo.
    let body = request
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let answer = match path.as_str() {
        "/v1/images/generations" => answers.image.clone(),
        "/v1/embeddings" => embeddings(&body),
        _ => answers.chat(&body),
    };
    let response = Response::builder().header("content-type", "application/json");
    Ok(response.body(Full::new(answer)).expect("a valid response"))
}

impl Answers {
    /// Returns an answer that fills the schema which the request asks for.
    fn chat(&self, body: &[u8]) -> Bytes {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = passage(self.number.fetch_add(1, Ordering::Relaxed));
        let schema = &request["response_format"]["json_schema"]["schema"];
        let content =
            if schema["properties"].is_object() { filled(schema, &text).to_string() } else { text };
        let answer = json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": request["model"],
            "choices": [{
                "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content},
            }],
            "usage": {"prompt_tokens": 900, "completion_tokens": 90, "total_tokens": 990},
        });
        answer.to_string().into()
    }
}

/// Returns a vector for each text.
fn embeddings(body: &[u8]) -> Bytes {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let count = request["input"].as_array().map_or(1, Vec::len);
    let vector: Vec<f32> = (0..1536_u16).map(|n| f32::from(n % 7) * 0.01).collect();
    let entry = |index| json!({"object": "embedding", "index": index, "embedding": vector});
    let data: Vec<Value> = (0..count).map(entry).collect();
    let usage = json!({"prompt_tokens": 40, "total_tokens": 40});
    let answer = json!({"object": "list", "model": request["model"], "data": data, "usage": usage});
    answer.to_string().into()
}

const THINGS: [&str; 32] = [
    "harbour", "lamp", "letter", "tide", "boat", "stove", "gull", "rope", "bell", "window",
    "kettle", "map", "stone", "bridge", "garden", "apple", "fox", "candle", "mirror", "clock",
    "ladder", "river", "violin", "coat", "train", "cloud", "moth", "chimney", "orchard", "quilt",
    "compass", "marble",
];

const VERBS: [&str; 8] =
    ["found", "sold", "carried", "wanted", "forgot", "painted", "mended", "borrowed"];
const PLACES: [&str; 8] =
    ["under", "behind", "beside", "above", "inside", "beyond", "against", "opposite"];

/// Returns a passage of three sentences. Passages of different numbers have few words in common, because a model that
/// repeats itself is asked again, which waits.
fn passage(number: u64) -> String {
    let mut state = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut pick = |words: &[&'static str]| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        words[(state >> 32) as usize % words.len()]
    };
    let mut sentence = || {
        let (first, second, third, fourth) =
            (pick(&THINGS), pick(&THINGS), pick(&THINGS), pick(&THINGS));
        let (verb, place) = (pick(&VERBS), pick(&PLACES));
        format!("The {first} and the {second} {verb} a {third} {place} the {fourth}.")
    };
    format!("{} {} {}", sentence(), sentence(), sentence())
}

/// Returns a value that a schema allows.
fn filled(schema: &Value, text: &str) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let properties = schema["properties"].as_object();
    match schema["type"].as_str() {
        Some("object") => Value::Object(properties.map_or_else(Map::new, |properties| {
            properties.iter().map(|(name, part)| (name.clone(), filled(part, text))).collect()
        })),
        Some("array") => json!(["One thing led to another."]),
        Some("number" | "integer") => json!(1),
        Some("boolean") => json!(false),
        _ => json!(text),
    }
}

/// Returns the answer with a PNG of 1024×1024 pixels, about 1.8 MB.
fn image_answer() -> Bytes {
    let photo = imaging::decode(&support::fixture("astronaut_640x480.jpg")).expect("a JPEG");
    let large = imaging::fit(&photo, Some(1024), Some(1024)).expect("fits");
    // Providers use adaptive filters, which take longer to decode than Calliope's own PNGs.
    let mut png = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut png, CompressionType::Default, FilterType::Adaptive);
    large.write_with_encoder(encoder).expect("encodes");
    let usage = json!({"input_tokens": 60, "output_tokens": 1056, "total_tokens": 1116});
    let answer = json!({"created": 1, "data": [{"b64_json": base64_simd::STANDARD.encode_to_string(&png)}], "usage": usage});
    answer.to_string().into()
}
