//! Files that a provider's answer links to: which are fetched, and which must not be.

use std::time::Duration;

use base64::Engine;
use calliope::inference::Model;
use serde_json::json;

use super::failures::good_answer;
use super::frames::{capability_of, fern_answer, options};
use super::support::provider::{FakeProvider, Reply};
use super::support::{TestApp, TestDatabase, fixture, stays_live};
use super::{Capability, ask, model_chains, model_session, registry};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Starts a provider whose answer links to `link`, and which redirects `/to/{n}` to `redirects[n]`.
async fn provider(link: String, redirects: Vec<String>) -> FakeProvider {
    FakeProvider::start(move |_, request| {
        let redirect = request.path.strip_prefix("/to/").and_then(|n| n.parse::<usize>().ok());
        match redirect {
            Some(n) => Reply::Json(302, vec![("location", redirects[n].clone())], json!(null)),
            None if request.path == "/file.png" => {
                Reply::File(200, "image/png", fixture("chelsea_451x300.png"))
            }
            None => Reply::ok(json!({"data": [{"url": link}]})),
        }
    })
    .await
}

/// Asks for an image. Returns its size, and the notes about what failed.
async fn paint(provider: &FakeProvider) -> (Option<String>, String) {
    let chains = model_chains(&Model::new("openai", "dall-e-3"));
    let session = model_session(registry(&provider.url), chains, TIMEOUT);
    let size = ask(&session, Capability::Image).await;
    (size, session.into_notes_and_memories().0.join(" "))
}

/// Returns a URL of a server that stands for one in the local network, by another name than the provider's.
fn internal_url(server: &FakeProvider, scheme: &str) -> String {
    format!("{}/file.png", server.url.replace("http://127.0.0.1", &format!("{scheme}://localhost")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_into_the_local_network_is_not_followed() {
    let internal = provider(String::new(), Vec::new()).await;
    for link in [
        internal_url(&internal, "http"),
        internal_url(&internal, "https"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "https://100.64.0.1/file.png".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let provider = provider(link.clone(), Vec::new()).await;
        let (size, notes) = paint(&provider).await;
        assert_ne!(size.as_deref(), Some("451x300"), "{link}");
        let is_explained = notes.contains("its file is") || notes.contains("is not valid");
        assert!(is_explained, "{link}: {notes}");
        assert!(!notes.contains("localhost"), "{notes}");
    }
    assert_eq!(internal.received().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_into_the_local_network_is_not_followed() {
    let internal = provider(String::new(), Vec::new()).await;
    // The link itself is allowed: it is on the provider's own host.
    let files = provider(String::new(), vec![internal_url(&internal, "http")]).await;
    let provider = provider(format!("{}/to/0", files.url), Vec::new()).await;
    let (size, notes) = paint(&provider).await;
    assert_ne!(size.as_deref(), Some("451x300"));
    assert!(notes.contains("its file is"), "{notes}");
    assert!(!files.received().is_empty());
    assert_eq!(internal.received().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_on_the_providers_own_host_are_followed_to_an_end() {
    let files = provider(String::new(), vec!["/to/1".to_owned(), "/file.png".to_owned()]).await;
    let asked = provider(format!("{}/to/0", files.url), Vec::new()).await;
    assert_eq!(paint(&asked).await.0.as_deref(), Some("451x300"));
    assert!(files.received().iter().all(|request| request.header("authorization").is_none()));
    let circle = provider(String::new(), vec!["/to/0".to_owned()]).await;
    let asked = provider(format!("{}/to/0", circle.url), Vec::new()).await;
    let (size, notes) = paint(&asked).await;
    assert_ne!(size.as_deref(), Some("451x300"));
    assert!(notes.contains("too many redirects"), "{notes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_inside_the_link_is_decoded() {
    let encoded = base64::engine::general_purpose::STANDARD.encode(fixture("chelsea_451x300.png"));
    let provider = provider(format!("data:image/png;base64,{encoded}"), Vec::new()).await;
    assert_eq!(paint(&provider).await.0.as_deref(), Some("451x300"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_stays_live_and_tells_its_frames_without_such_files() {
    let internal = provider(String::new(), Vec::new()).await;
    let links = [
        internal_url(&internal, "http"),
        internal_url(&internal, "https"),
        "https://100.64.0.1/file.png".to_owned(),
    ];
    let count = links.len();
    let provider = FakeProvider::start(move |number, request| match capability_of(request) {
        Capability::Structured => Reply::ok(fern_answer(number)),
        Capability::Image => Reply::ok(json!({"data": [{"url": links[number % count]}]})),
        other => Reply::ok(good_answer(other)),
    })
    .await;
    let app = TestApp::start_with(TestDatabase::sqlite(), options(&provider.url)).await;
    let attack = async {
        let frames = (0..8).map(|client| {
            let body = json!({"client_id": format!("s{client}"), "strategy": "fern",
                "output_image_width": 16, "output_image_height": 16});
            app.create_frame(body)
        });
        futures_util::future::join_all(frames).await
    };
    for told in stays_live(&app, attack).await {
        assert!(told["frames"][0]["image"]["url"].is_string(), "{told}");
        assert!(told["errors"].to_string().contains("its file is"), "{told}");
    }
    assert_eq!(internal.received().len(), 0);
    app.stop_and_remove().await;
}
