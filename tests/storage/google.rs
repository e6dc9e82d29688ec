//! A bucket at Google without a credentials file: the metadata server of the machine is asked, as on Cloud Run. Here it
//! and the bucket are local servers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::support::process::Process;
use super::support::{TestDatabase, client, send_json};

/// The token that the metadata server gives out.
const TOKEN: &str = "a-token-of-the-machine";

#[derive(Default)]
struct Google {
    objects: BTreeMap<String, Vec<u8>>,
    tokens: usize,
    /// Requests to the bucket without the token.
    strangers: Vec<String>,
}

type Shared = Arc<Mutex<Google>>;

async fn answer(State(google): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let body = to_bytes(body, 64 << 20).await.expect("a body").to_vec();
    let mut google = google.lock().unwrap_or_else(PoisonError::into_inner);
    let header =
        |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let respond = |status: StatusCode, body: Vec<u8>| {
        let response = Response::builder().status(status).header("etag", "\"1\"");
        let response = response.header("last-modified", "Mon, 30 Nov 2026 12:00:00 GMT");
        response.body(Body::from(body)).expect("a response")
    };
    if path.starts_with("/computeMetadata/") {
        if header("metadata-flavor") != "Google" || !path.ends_with("/token") {
            return respond(StatusCode::NOT_FOUND, Vec::new());
        }
        google.tokens += 1;
        let token = json!({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"});
        return respond(StatusCode::OK, token.to_string().into_bytes());
    }
    if header("authorization") != format!("Bearer {TOKEN}") {
        google.strangers.push(format!("{} {path}", parts.method));
        return respond(StatusCode::UNAUTHORIZED, Vec::new());
    }
    match parts.method {
        Method::PUT => {
            google.objects.insert(path, body);
            respond(StatusCode::OK, Vec::new())
        }
        _ => match google.objects.get(&path).cloned() {
            Some(object) => respond(StatusCode::OK, object),
            None => respond(StatusCode::NOT_FOUND, Vec::new()),
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_metadata_server_stands_in_for_a_file_and_unsigned_urls_are_ours() {
    let shared = Shared::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.is_ok() });
    let database = TestDatabase::sqlite();
    let home = database.folder.path().join("home");
    let mut variables = database.environment();
    variables.extend(
        [
            ("ENABLE_GCS_STORAGE", "true"),
            ("GCS_BUCKET_NAME", "stories"),
            ("GOOGLE_BASE_URL", &format!("http://{address}")),
            ("GCE_METADATA_HOST", &address),
            ("GCE_METADATA_IP", &address),
            ("HOME", &home.display().to_string()),
            ("CALLIOPE_MEDIA_DELIVERY", "redirect"),
            // Another cloud's variables lead nowhere.
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ACCESS_KEY_ID", "amazon"),
            ("AWS_SECRET_ACCESS_KEY", "amazon-secret"),
        ]
        .map(|(name, value)| (name, value.to_owned())),
    );
    let command = std::process::Command::new(env!("CARGO_BIN_EXE_calliope"));
    let process = Process::start_command(command, &variables, database.folder.path(), 0).await;
    let client = client().build().expect("a client");
    let order = json!({"client_id": "c", "strategy": "literal", "input_text": "On.",
        "output_image_width": 16, "output_image_height": 16});
    let (status, told) =
        send_json(client.post(format!("{}/v1/frames", process.url)).json(&order)).await;
    assert_eq!((status, &told["errors"]), (200, &json!([])), "{told}");
    let key = told["frames"][0]["image"]["url"].as_str().expect("an image").to_owned();
    let (_, ready) = send_json(client.get(format!("{}/readyz", process.url))).await;
    assert_eq!(ready["object_store"]["status"], "ok", "{ready}");
    {
        let google = shared.lock().unwrap_or_else(PoisonError::into_inner);
        // Google's client escapes every sign in a name.
        let stem = key.rsplit('/').next().and_then(|name| name.split('.').next()).expect("a name");
        let is_stored = |path: &String| path.replace("%2D", "-").contains(stem);
        assert!(google.objects.keys().any(is_stored), "{:?}", google.objects.keys());
        assert_eq!((google.tokens, google.strangers.len()), (1, 0), "{:?}", google.strangers);
    }
    // The machine's account cannot sign here, so the service signs, and serves what it would have redirected.
    for _ in 0..2 {
        let request =
            client.post(format!("{}/v2/signed-urls", process.url)).json(&json!({"key": key}));
        let (status, signed) = send_json(request).await;
        assert_eq!(status, 200, "{signed}");
        let url = signed["url"].as_str().expect("a URL");
        assert!(url.starts_with("media/signed/"), "{url}");
        let fetched =
            client.get(format!("{}/{url}", process.url)).send().await.expect("a response");
        assert_eq!(fetched.status(), 200);
        let direct = client.get(format!("{}/{key}", process.url)).send().await.expect("a response");
        assert_eq!(direct.status(), 200);
    }
    serving.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_type_of_credentials_file_is_used_or_refused_by_its_name() {
    use calliope::http_client;
    use calliope::objects::{Bucket, Method};
    use calliope::settings::{Cloud, StorageSettings};
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("credentials.json");
    let open = |credentials: Value| {
        std::fs::write(&path, credentials.to_string()).expect("written");
        let settings = StorageSettings {
            cloud: Cloud::Gcp,
            bucket: Some("stories".to_owned()),
            google_credentials: Some(path.clone()),
            ..StorageSettings::default()
        };
        Bucket::from_settings(&settings, http_client::build_client().expect("a client"))
    };
    let user = json!({"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "c"});
    let bucket = open(user).expect("usable").expect("a bucket");
    // A person's login signs nothing, which nobody has to be asked for.
    let signed = bucket.presign(Method::GET, "a", std::time::Duration::from_secs(1)).await;
    assert_eq!(signed.expect("no error"), None);
    for kind in
        ["external_account", "impersonated_service_account", "external_account_authorized_user"]
    {
        let error = open(json!({"type": kind})).expect_err("refused").to_string();
        assert!(error.contains(&format!("`{kind}`")), "{error}");
    }
}
