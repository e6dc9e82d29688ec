//! A bucket on this machine that speaks Amazon's protocol, and can be made to fail as real ones do.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::{Router, body};
use bytes::Bytes;
use calliope::domain::{Clock, SystemClock};
use calliope::objects::Bucket;
use calliope::settings::{Cloud, Storage};
use calliope::web;
use chrono::{DateTime, SecondsFormat, Utc};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    /// As it should.
    #[default]
    Well,
    /// With 503 to everything.
    Fails,
    /// Not at all.
    Stalls,
    /// It keeps the first half of what it gets, and says that all is well.
    Truncates,
    /// Without permission.
    Forbids,
}

#[derive(Debug, Default)]
struct Held {
    mood: Mood,
    objects: BTreeMap<String, Bytes>,
    /// When each was put.
    put: BTreeMap<String, DateTime<Utc>>,
    /// How often an object was fetched.
    fetched: usize,
}

/// The bucket, for as long as it is kept.
pub struct FakeBucket {
    url: String,
    held: Arc<Mutex<Held>>,
    serving: JoinHandle<()>,
}

impl FakeBucket {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let held = Arc::new(Mutex::new(Held::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&held));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self { url, held, serving }
    }

    /// The settings that lead to it.
    pub fn settings(&self) -> Storage {
        Storage {
            cloud: Cloud::Aws,
            bucket: Some("stories".to_owned()),
            endpoint: Some(self.url.clone()),
            region: Some("us-east-1".to_owned()),
            access_key_id: Some("id".to_owned()),
            secret_access_key: Some("secret".into()),
            ..Storage::default()
        }
    }

    /// The environment variables that lead to it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        [
            ("CLOUD_ENV", "aws"),
            ("CALLIOPE_BUCKET_NAME", "stories"),
            ("AWS_ENDPOINT_URL", &self.url),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    }

    /// The service's way to it.
    pub fn bucket(&self) -> Bucket {
        let client = web::client().expect("a client");
        Bucket::of(&self.settings(), client).expect("it can be used").expect("there is one")
    }

    pub fn set(&self, mood: Mood) {
        self.held().mood = mood;
    }

    /// What it holds, but for the marks of installations.
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        let mut objects = self.held().objects.clone();
        objects.retain(|key, _| !key.contains(".calliope/"));
        objects
    }

    /// How often an object was fetched.
    pub fn fetched(&self) -> usize {
        self.held().fetched
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FakeBucket {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(held): State<Arc<Mutex<Held>>>, request: Request) -> Response {
    let mood = held.lock().unwrap_or_else(PoisonError::into_inner).mood;
    let (parts, content) = request.into_parts();
    // What is broken off becomes no object.
    let Ok(mut bytes) = body::to_bytes(content, usize::MAX).await else {
        return plain(StatusCode::BAD_REQUEST);
    };
    match mood {
        Mood::Fails => return plain(StatusCode::SERVICE_UNAVAILABLE),
        Mood::Forbids => return plain(StatusCode::FORBIDDEN),
        Mood::Stalls => return std::future::pending().await,
        Mood::Truncates => bytes.truncate(bytes.len() / 2),
        Mood::Well => {}
    }
    let path = parts.uri.path().trim_start_matches('/');
    let key = path.split_once('/').map_or(String::new(), |(_, key)| key.to_owned());
    let query = parts.uri.query().unwrap_or_default();
    let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
    match parts.method {
        Method::PUT => {
            held.put.insert(key.clone(), SystemClock.now());
            held.objects.insert(key, bytes);
            with(StatusCode::OK, Body::empty(), None)
        }
        Method::GET if key.is_empty() => with(StatusCode::OK, Body::from(list(&held)), None),
        Method::GET | Method::HEAD => match held.objects.get(&key) {
            Some(bytes) if parts.method == Method::HEAD => {
                with(StatusCode::OK, Body::empty(), Some(bytes.len()))
            }
            Some(bytes) => {
                let bytes = bytes.clone();
                held.fetched += 1;
                with(StatusCode::OK, Body::from(bytes.clone()), Some(bytes.len()))
            }
            None => plain(StatusCode::NOT_FOUND),
        },
        Method::DELETE => {
            held.objects.remove(&key);
            plain(StatusCode::NO_CONTENT)
        }
        Method::POST if query.starts_with("delete") => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let keys = text.split("<Key>").skip(1);
            let keys = keys.filter_map(|rest| rest.split_once("</Key>").map(|(key, _)| key));
            let mut told = String::from("<DeleteResult>");
            for key in keys {
                held.objects.remove(key);
                write!(told, "<Deleted><Key>{key}</Key></Deleted>").expect("written");
            }
            with(StatusCode::OK, Body::from(told + "</DeleteResult>"), None)
        }
        _ => plain(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn list(held: &Held) -> String {
    let mut told = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
    for (key, bytes) in &held.objects {
        let size = bytes.len();
        let put = held.put[key].to_rfc3339_opts(SecondsFormat::Millis, true);
        write!(
            told,
            "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>\"e\"</ETag>\
             <LastModified>{put}</LastModified></Contents>"
        )
        .expect("written");
    }
    told + "</ListBucketResult>"
}

fn plain(status: StatusCode) -> Response {
    with(status, Body::empty(), None)
}

fn with(status: StatusCode, body: Body, length: Option<usize>) -> Response {
    let mut response = Response::builder()
        .status(status)
        .header("etag", "\"e\"")
        .header("last-modified", "Sat, 28 Nov 2026 10:00:00 GMT");
    if let Some(length) = length {
        response = response.header("content-length", length);
    }
    response.body(body).expect("an answer")
}
