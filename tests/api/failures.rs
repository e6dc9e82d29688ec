//! Failures of a model, of the disk and of the process itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use calliope::compute::Compute;
use calliope::inference::{
    CallContext, Failure, GeneratedImage, ImageModel, ImageRequest, ModelResponse, Provider,
    Registry, offline,
};
use calliope::settings::TaskSettings;
use serde_json::json;

use crate::on_both;
use crate::support::gated_image_model::gated_image_model;
use crate::support::{TestApp, TestDatabase, TestOptions, pause, photo, send_json, with_timeout};

on_both! {
    a_model_that_breaks_is_tried_again;
    a_stop_finishes_what_runs_and_keeps_what_waits;
}

/// Paints with the offline provider, but panics on the first call.
struct Fragile {
    calls: AtomicUsize,
    inner: Arc<dyn ImageModel>,
}

#[async_trait]
impl ImageModel for Fragile {
    async fn generate_image(
        &self,
        call: &CallContext<'_>,
        ask: &ImageRequest,
    ) -> Result<ModelResponse<GeneratedImage>, Failure> {
        assert!(
            self.calls.fetch_add(1, Ordering::SeqCst) > 0,
            "the first picture breaks, on purpose"
        );
        self.inner.generate_image(call, ask).await
    }
}

async fn a_model_that_breaks_is_tried_again(database: TestDatabase) {
    let provider = offline::provider(Compute::new());
    let inner = provider.image.clone().expect("it paints");
    let fragile = Fragile { calls: AtomicUsize::new(0), inner };
    let broken = Provider { image: Some(Arc::new(fragile)), ..provider };
    let registry = Some(Registry::default().with_provider(offline::NAME, broken));
    let app =
        TestApp::start_with(database, TestOptions { registry, ..TestOptions::default() }).await;
    let response = app.create_frame(json!({"client_id": "s", "input_image": photo()})).await;
    assert_eq!(response["story_frame_count"], 1);
    assert_eq!(app.json("/v1/story?client_id=s").await["frames"].as_array().map(Vec::len), Some(1));
    app.stop_and_remove().await;
}

async fn a_stop_finishes_what_runs_and_keeps_what_waits(database: TestDatabase) {
    let (slow, registry) = gated_image_model();
    let options = TestOptions { registry: Some(registry), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let body = json!({"client_id": "s", "strategy": "literal", "input_text": "Told."});
    let running = tokio::spawn(send_json(app.post_frame(&body)));
    let _begun = with_timeout(slow.started.acquire()).await.expect("the first frame runs");
    let waiting = tokio::spawn(send_json(app.post_frame(&body)));
    while app.store.count_pending_tasks(10).await.expect("counted") == 0 {
        pause().await;
    }
    app.shutdown.cancel();
    let (status, problem) = waiting.await.expect("joined");
    assert_eq!(status, 503, "{problem}");
    assert!(!running.is_finished(), "what runs is not broken off");
    slow.release.add_permits(100);
    let (status, response) = running.await.expect("joined");
    assert_eq!((status, &response["story_frame_count"]), (200, &json!(1)));
    let database = app.stop().await;

    let app = TestApp::start(database).await;
    let until_told = async {
        while app.json("/v1/story?client_id=s").await["story_frame_count"] != 2 {
            pause().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), until_told)
        .await
        .expect("what waited is told later");
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_says_when_to_come_back() {
    let (slow, registry) = gated_image_model();
    let limits = TaskSettings { max_waiting: 2, ..TaskSettings::default() };
    let options =
        TestOptions { registry: Some(registry), task_limits: limits, ..TestOptions::default() };
    let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
    let body = json!({"client_id": "s", "strategy": "literal", "input_text": "Told."});
    let mut posts = vec![tokio::spawn(send_json(app.post_frame(&body)))];
    let _begun = with_timeout(slow.started.acquire()).await.expect("the first frame runs");
    for waiting in 1..=2 {
        posts.push(tokio::spawn(send_json(app.post_frame(&body))));
        while app.store.count_pending_tasks(10).await.expect("counted") < waiting {
            pause().await;
        }
    }
    let refused = app.post_frame(&body).send().await.expect("an answer");
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "5");
    slow.release.add_permits(100);
    for post in posts {
        assert_eq!(post.await.expect("joined").0, 200);
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_is_told_and_nothing_is_half_kept() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let input = app.database.folder.path().join("input");
    std::fs::remove_dir(&input).expect("removed");
    std::fs::write(&input, "in the way").expect("written");
    let body = json!({"client_id": "s", "input_image": photo()});
    let (status, problem) = send_json(app.post_frame(&body)).await;
    assert_eq!(status, 503, "{problem}");
    assert!(
        problem["detail"].as_str().is_some_and(|detail| detail.contains("input folder")),
        "{problem}"
    );
    assert_eq!(app.store.current_story("s").await.expect("read"), None);
    std::fs::remove_file(&input).expect("removed");
    std::fs::create_dir(&input).expect("made");
    assert_eq!(app.create_frame(body).await["story_frame_count"], 1);
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_media_folder_that_fails_fails_the_frame_in_the_end_and_the_next_one_goes_on() {
    let limits = TaskSettings { max_attempts: 2, ..TaskSettings::default() };
    let options = TestOptions { task_limits: limits, ..TestOptions::default() };
    let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
    let media = app.database.folder.path().join("media");
    std::fs::remove_dir(&media).expect("removed");
    std::fs::write(&media, "in the way").expect("written");
    let body = json!({"client_id": "s", "strategy": "literal", "input_text": "Told."});
    let (status, problem) = send_json(app.post_frame(&body)).await;
    assert_eq!(status, 503, "{problem}");
    assert_eq!(app.json("/readyz").await["object_store"]["status"], "degraded");
    std::fs::remove_file(&media).expect("removed");
    assert_eq!(app.create_frame(body).await["story_frame_count"], 1);
    assert_eq!(app.json("/readyz").await["status"], "ok");
    app.stop_and_remove().await;
}

/// Orphaned files are removed; files that rows refer to stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_removes_what_a_kill_left_behind() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    app.create_frame(json!({"client_id": "s", "input_image": photo()})).await;
    let stored = [app.files("media"), app.files("input")].concat();
    for stray in [
        "media/0197f2c4-5b1e-7c3a-9d1e-000000000000.png",
        "media/.0197f2c4-5b1e-7c3a-9d1e-000000000000.part",
        "input/s_20261123T070417382226_00000007_in.jpg",
    ] {
        std::fs::write(app.database.folder.path().join(stray), "left behind").expect("written");
    }
    let later = app.clock.now() + chrono::TimeDelta::hours(1);
    assert_eq!(app.app.ops().run_maintenance(later).await.expect("swept"), 3);
    assert_eq!([app.files("media"), app.files("input")].concat(), stored);
    app.stop_and_remove().await;
}
