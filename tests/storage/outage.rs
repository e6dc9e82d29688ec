//! A bucket that fails, stalls, truncates and recovers while the service continues.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::support::bucket::{FakeBucket, FaultMode};
use super::support::{TestApp, TestDatabase, TestOptions, with_timeout};
use crate::on_both;

on_both! {
    nobody_waits_for_a_bucket_that_is_away_and_nothing_is_lost;
}

/// Frames created in each fault mode before the next one.
const FRAMES: usize = 8;

/// Maximum time for a frame here, including one second of waiting for the bucket. Painting is slow in unoptimized
/// builds.
const DEADLINE: Duration = Duration::from_secs(30);

#[expect(clippy::too_many_lines, reason = "one scenario, from the outage to its end")]
async fn nobody_waits_for_a_bucket_that_is_away_and_nothing_is_lost(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let options = TestOptions {
        bucket: Some(fake.bucket()),
        storage: |storage| storage.inline_upload_seconds = 1,
        ..TestOptions::default()
    };
    let app = TestApp::start_with(database, options).await;
    let (is_over, created) = (AtomicBool::new(false), watch::Sender::new(0_usize));
    let load = async |client: &str| {
        while !is_over.load(Ordering::Relaxed) {
            let start = Instant::now();
            let frame = json!({"client_id": client, "strategy": "literal", "input_text": "On."});
            let response = app.create_frame(frame).await;
            assert!(start.elapsed() < DEADLINE, "{:?}", start.elapsed());
            assert_eq!(response["errors"], json!([]));
            created.send_modify(|count| *count += 1);
        }
    };
    let outages = async {
        for fault_mode in [
            FaultMode::Healthy,
            FaultMode::Unavailable,
            FaultMode::Truncates,
            FaultMode::Stalls,
            FaultMode::Forbidden,
            FaultMode::Healthy,
        ] {
            fake.set_fault_mode(fault_mode);
            let mut receiver = created.subscribe();
            let target = *receiver.borrow() + FRAMES;
            receiver.wait_for(|count| *count >= target).await.expect("the load runs");
            let ready = app.json("/readyz").await;
            let is_away = matches!(
                fault_mode,
                FaultMode::Unavailable | FaultMode::Stalls | FaultMode::Forbidden
            );
            assert_eq!(ready["status"] == "degraded", is_away, "{fault_mode:?}: {ready}");
            assert_eq!(ready["database"]["status"], "ok", "{fault_mode:?}");
            let metrics = app.get("/metrics").send().await.expect("a response");
            let metrics = metrics.text().await.expect("text");
            let up = format!("calliope_bucket_up {}", u8::from(!is_away));
            assert!(metrics.contains(&up), "{fault_mode:?}");
        }
        is_over.store(true, Ordering::Relaxed);
    };
    with_timeout(async { tokio::join!(outages, load("a"), load("b"), load("c"), load("d")) }).await;
    with_timeout(async {
        while app.store.sync_backlog().await.expect("counted").files > 0 {
            app.app.files().sync(|_| ()).await.expect("synced");
        }
    })
    .await;
    let objects = fake.objects();
    assert_eq!(objects.len(), app.files("media").len());
    for (key, bytes) in objects {
        let object = app.store.media_object(&key).await.expect("read").expect("exists");
        assert_eq!(Sha256::digest(&bytes).as_slice(), object.sha256, "{key}");
    }
    let verified = app.app.files().verify(|_| ()).await.expect("verified");
    assert!(verified.is_clean(), "{verified:?}");
    let metrics = app.get("/metrics").send().await.expect("a response").text().await.expect("text");
    assert!(metrics.contains("calliope_media_unsynced_files 0"), "{metrics}");
    app.stop_and_remove().await;
}
