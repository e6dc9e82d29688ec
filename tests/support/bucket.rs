//! A local bucket that speaks the S3 protocol and can be made to fail as real ones do.

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
use calliope::http_client;
use calliope::objects::Bucket;
use calliope::settings::{Cloud, StorageSettings};
use chrono::{DateTime, SecondsFormat, Utc};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How the bucket responds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FaultMode {
    /// As S3 does.
    #[default]
    Healthy,
    /// With 503 to every request.
    Unavailable,
    /// Never.
    Stalls,
    /// Success, but it stores only the first half of each object.
    Truncates,
    /// With 403 to every request.
    Forbidden,
}

#[derive(Debug, Default)]
struct BucketState {
    fault_mode: FaultMode,
    objects: BTreeMap<String, Bytes>,
    /// When each object was put.
    put_dates: BTreeMap<String, DateTime<Utc>>,
    /// Number of object downloads.
    fetch_count: usize,
}

/// A bucket that serves until it is dropped.
pub struct FakeBucket {
    url: String,
    state: Arc<Mutex<BucketState>>,
    serving: JoinHandle<()>,
}

impl FakeBucket {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(BucketState::default()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the bucket serves");
        });
        Self { url, state, serving }
    }

    /// Returns storage settings for this bucket.
    pub fn settings(&self) -> StorageSettings {
        StorageSettings {
            cloud: Cloud::Aws,
            bucket: Some("stories".to_owned()),
            endpoint: Some(self.url.clone()),
            region: Some("us-east-1".to_owned()),
            access_key_id: Some("id".to_owned()),
            secret_access_key: Some("secret".into()),
            ..StorageSettings::default()
        }
    }

    /// Returns environment variables that configure this bucket.
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

    /// Returns the service's client for this bucket.
    pub fn bucket(&self) -> Bucket {
        let client = http_client::build_client().expect("a client");
        Bucket::from_settings(&self.settings(), client)
            .expect("the settings are valid")
            .expect("a bucket is configured")
    }

    pub fn set_fault_mode(&self, fault_mode: FaultMode) {
        self.state().fault_mode = fault_mode;
    }

    /// Returns all objects except the markers of installations.
    pub fn objects(&self) -> BTreeMap<String, Bytes> {
        let mut objects = self.state().objects.clone();
        objects.retain(|key, _| !key.contains(".calliope/"));
        objects
    }

    pub fn fetch_count(&self) -> usize {
        self.state().fetch_count
    }

    fn state(&self) -> std::sync::MutexGuard<'_, BucketState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FakeBucket {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(state): State<Arc<Mutex<BucketState>>>, request: Request) -> Response {
    let fault_mode = state.lock().unwrap_or_else(PoisonError::into_inner).fault_mode;
    let (parts, content) = request.into_parts();
    // An interrupted upload creates no object.
    let Ok(mut bytes) = body::to_bytes(content, usize::MAX).await else {
        return empty_response(StatusCode::BAD_REQUEST);
    };
    match fault_mode {
        FaultMode::Unavailable => return empty_response(StatusCode::SERVICE_UNAVAILABLE),
        FaultMode::Forbidden => return empty_response(StatusCode::FORBIDDEN),
        FaultMode::Stalls => return std::future::pending().await,
        FaultMode::Truncates => bytes.truncate(bytes.len() / 2),
        FaultMode::Healthy => {}
    }
    let path = parts.uri.path().trim_start_matches('/');
    let key = path.split_once('/').map_or(String::new(), |(_, key)| key.to_owned());
    let query = parts.uri.query().unwrap_or_default();
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    match parts.method {
        Method::PUT => {
            state.put_dates.insert(key.clone(), SystemClock.now());
            state.objects.insert(key, bytes);
            response(StatusCode::OK, Body::empty(), None)
        }
        Method::GET if key.is_empty() => {
            response(StatusCode::OK, Body::from(list(&state, &listed_prefix(query))), None)
        }
        Method::GET | Method::HEAD => match state.objects.get(&key) {
            Some(bytes) if parts.method == Method::HEAD => {
                response(StatusCode::OK, Body::empty(), Some(bytes.len()))
            }
            Some(bytes) => {
                let bytes = bytes.clone();
                state.fetch_count += 1;
                response(StatusCode::OK, Body::from(bytes.clone()), Some(bytes.len()))
            }
            None => empty_response(StatusCode::NOT_FOUND),
        },
        Method::DELETE => {
            state.objects.remove(&key);
            empty_response(StatusCode::NO_CONTENT)
        }
        Method::POST if query.starts_with("delete") => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let keys = text.split("<Key>").skip(1);
            let keys = keys.filter_map(|rest| rest.split_once("</Key>").map(|(key, _)| key));
            let mut xml = String::from("<DeleteResult>");
            for key in keys {
                state.objects.remove(key);
                write!(xml, "<Deleted><Key>{key}</Key></Deleted>").expect("written");
            }
            response(StatusCode::OK, Body::from(xml + "</DeleteResult>"), None)
        }
        _ => empty_response(StatusCode::METHOD_NOT_ALLOWED),
    }
}

/// Returns the prefix that a listing asks for.
fn listed_prefix(query: &str) -> String {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let prefix = pairs.find(|(name, _)| *name == "prefix").map_or("", |(_, value)| value);
    prefix.replace("%2F", "/")
}

fn list(state: &BucketState, prefix: &str) -> String {
    let mut xml = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
    for (key, bytes) in state.objects.iter().filter(|(key, _)| key.starts_with(prefix)) {
        let size = bytes.len();
        let put = state.put_dates[key].to_rfc3339_opts(SecondsFormat::Millis, true);
        write!(
            xml,
            "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>\"e\"</ETag>\
             <LastModified>{put}</LastModified></Contents>"
        )
        .expect("written");
    }
    xml + "</ListBucketResult>"
}

fn empty_response(status: StatusCode) -> Response {
    response(status, Body::empty(), None)
}

fn response(status: StatusCode, body: Body, length: Option<usize>) -> Response {
    let mut response = Response::builder()
        .status(status)
        .header("etag", "\"e\"")
        .header("last-modified", "Sat, 28 Nov 2026 10:00:00 GMT");
    if let Some(length) = length {
        response = response.header("content-length", length);
    }
    response.body(body).expect("a response")
}
