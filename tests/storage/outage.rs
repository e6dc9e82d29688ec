//! A bucket that fails, stalls, truncates and comes back while everyone goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::support::bucket::{FakeBucket, FaultMode};
use super::support::{TestApp, TestDatabase, TestOptions, in_time};
use crate::on_both;

on_both! {
    nobody_waits_for_a_bucket_that_is_away_and_nothing_is_lost;
}

/// Frames that are told in each mood before it changes.
const FRAMES: usize = 8;

/// What a frame takes here at most, beside the second that it waits for the bucket: painting is slow without optimisation.
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
    let (is_over, told) = (AtomicBool::new(false), watch::Sender::new(0_usize));
    let load = async |client: &str| {
        while !is_over.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let frame = json!({"client_id": client, "strategy": "literal", "input_text": "On."});
            let answer = app.create_frame(frame).await;
            assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
            assert_eq!(answer["errors"], json!([]));
            told.send_modify(|told| *told += 1);
        }
    };
    let weather = async {
        for mood in [
            FaultMode::Healthy,
            FaultMode::Unavailable,
            FaultMode::Truncates,
            FaultMode::Stalls,
            FaultMode::Forbidden,
            FaultMode::Healthy,
        ] {
            fake.set_fault_mode(mood);
            let mut listening = told.subscribe();
            let enough = *listening.borrow() + FRAMES;
            listening.wait_for(|told| *told >= enough).await.expect("it is still told");
            let ready = app.json("/readyz").await;
            let is_away =
                matches!(mood, FaultMode::Unavailable | FaultMode::Stalls | FaultMode::Forbidden);
            assert_eq!(ready["status"] == "degraded", is_away, "{mood:?}: {ready}");
            assert_eq!(ready["database"]["status"], "ok", "{mood:?}");
            let numbers = app.get("/metrics").send().await.expect("an answer");
            let numbers = numbers.text().await.expect("text");
            let up = format!("calliope_bucket_up {}", u8::from(!is_away));
            assert!(numbers.contains(&up), "{mood:?}");
        }
        is_over.store(true, Ordering::Relaxed);
    };
    in_time(async { tokio::join!(weather, load("a"), load("b"), load("c"), load("d")) }).await;
    in_time(async {
        while app.store.sync_backlog().await.expect("counted").files > 0 {
            app.app.files().sync(|_| ()).await.expect("synced");
        }
    })
    .await;
    let there = fake.objects();
    assert_eq!(there.len(), app.files("media").len());
    for (key, bytes) in there {
        let object = app.store.media_object(&key).await.expect("read").expect("kept");
        assert_eq!(Sha256::digest(&bytes).as_slice(), object.sha256, "{key}");
    }
    let verified = app.app.files().verify(|_| ()).await.expect("verified");
    assert!(verified.is_clean(), "{verified:?}");
    let numbers = app.get("/metrics").send().await.expect("an answer").text().await.expect("text");
    assert!(numbers.contains("calliope_media_unsynced_files 0"), "{numbers}");
    app.stop_and_remove().await;
}
