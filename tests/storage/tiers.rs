//! A service with a bucket: files reach the bucket despite its faults, and are fetched from it when the disk lacks
//! them.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::support::bucket::{FakeBucket, FaultMode};
use super::support::{TestApp, TestDatabase, TestOptions, pause, photo, with_timeout};
use crate::on_both;

on_both! {
    a_frames_pictures_are_in_the_bucket_before_its_answer;
    a_bucket_that_is_away_gets_everything_in_the_end;
    what_the_disk_has_lost_comes_back;
    what_many_want_at_once_is_fetched_once;
}

async fn start(database: TestDatabase, fake: &FakeBucket) -> TestApp {
    TestApp::start_with(
        database,
        TestOptions { bucket: Some(fake.bucket()), ..TestOptions::default() },
    )
    .await
}

fn keys(app: &TestApp) -> Vec<String> {
    app.files("media").into_iter().map(|name| format!("media/{name}")).collect()
}

fn image_key(response: &Value) -> String {
    response["frames"][0]["image"]["url"].as_str().expect("an image").to_owned()
}

async fn a_frames_pictures_are_in_the_bucket_before_its_answer(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let app = start(database, &fake).await;
    let response = app
        .create_frame(
            json!({"client_id": "s", "input_image": photo(), "output_image_format": "rgb565",
            "output_image_width": 64, "output_image_height": 64}),
        )
        .await;
    let uploaded: Vec<String> = fake.objects().into_keys().collect();
    assert_eq!(uploaded, keys(&app), "images, but not what the Sparrow sent");
    let object =
        app.store.media_object(&image_key(&response)).await.expect("read").expect("exists");
    assert_eq!(object.location, Some(format!("s3://stories/{}", object.key)));
    assert!(object.date_synced.is_some());
    assert_eq!(app.store.sync_backlog().await.expect("counted").files, 0);
    // A deleted file is deleted from both.
    let story = response["story_id"].as_str().expect("an id");
    let path = format!("/v2/stories/{story}?client_id=s");
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    with_timeout(async {
        while !fake.objects().is_empty() || !app.files("media").is_empty() {
            pause().await;
        }
    })
    .await;
    app.stop_and_remove().await;
}

async fn a_bucket_that_is_away_gets_everything_in_the_end(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let app = start(database, &fake).await;
    for fault_mode in
        [FaultMode::Unavailable, FaultMode::Truncates, FaultMode::Forbidden, FaultMode::Stalls]
    {
        fake.set_fault_mode(fault_mode);
        let response = with_timeout(app.create_frame(json!({"client_id": "s"}))).await;
        assert_eq!(
            response["errors"],
            json!([]),
            "{fault_mode:?}: a failed upload is not reported to the Sparrow"
        );
        let ready = app.json("/readyz").await;
        let is_away =
            matches!(fault_mode, FaultMode::Unavailable | FaultMode::Forbidden | FaultMode::Stalls);
        assert_eq!(ready["status"] == "degraded", is_away, "{fault_mode:?}: {ready}");
    }
    let waiting = app.store.sync_backlog().await.expect("counted");
    assert!(waiting.files >= 4 && waiting.oldest.is_some(), "{waiting:?}");
    fake.set_fault_mode(FaultMode::Healthy);
    let synced = async {
        while app.store.sync_backlog().await.expect("counted").files > 0 {
            app.app.files().sync(|_| ()).await.expect("synced");
            pause().await;
        }
    };
    with_timeout(synced).await;
    assert_eq!(app.json("/readyz").await["status"], "ok");
    let objects = fake.objects();
    assert_eq!(objects.keys().cloned().collect::<Vec<_>>(), keys(&app));
    for (key, bytes) in objects {
        let object = app.store.media_object(&key).await.expect("read").expect("exists");
        assert_eq!(Sha256::digest(&bytes).as_slice(), object.sha256, "{key}");
    }
    app.stop_and_remove().await;
}

async fn what_the_disk_has_lost_comes_back(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let app = start(database, &fake).await;
    let response = app.create_frame(json!({"client_id": "s"})).await;
    let url = image_key(&response);
    let path = app.database.folder.path().join(&url);
    let original = std::fs::read(&path).expect("on disk");
    std::fs::remove_file(&path).expect("removed");
    let range = app.get(&format!("/{url}")).header("range", "bytes=0-7").send().await;
    let range = range.expect("a response");
    assert_eq!(range.status(), 206);
    assert_eq!(range.bytes().await.expect("bytes"), original[..8]);
    assert_eq!(std::fs::read(&path).expect("on disk again"), original);
    // A rendition for another device is made from the bucket's copy, too.
    std::fs::remove_file(&path).expect("removed");
    let next = "/v2/clients/s/next?output_image_format=grayscale16&output_image_width=16";
    assert_eq!(app.json(next).await["image"]["format"], "image/grayscale16");
    // A copy that differs from the stored checksum is not served, be it shorter or different by one bit.
    let mut corrupt = original.clone();
    corrupt[original.len() / 2] ^= 1;
    for other in [b"other".to_vec(), corrupt] {
        let _ = std::fs::remove_file(&path);
        let bucket = app.bucket.as_ref().expect("a bucket");
        bucket.put(&url, other.into(), "image/png").await.expect("put");
        assert_eq!(app.get(&format!("/{url}")).send().await.expect("a response").status(), 404);
        assert!(!path.exists(), "the copy is not saved to disk");
    }
    fake.set_fault_mode(FaultMode::Unavailable);
    assert_eq!(app.get(&format!("/{url}")).send().await.expect("a response").status(), 503);
    app.stop_and_remove().await;
}

async fn what_many_want_at_once_is_fetched_once(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let app = start(database, &fake).await;
    let url = image_key(&app.create_frame(json!({"client_id": "s"})).await);
    let path = app.database.folder.path().join(&url);
    let original = std::fs::read(&path).expect("on disk");
    std::fs::remove_file(&path).expect("removed");
    let before = fake.fetch_count();
    let gets = (0..16).map(|_| async {
        let response = app.get(&format!("/{url}")).send().await.expect("a response");
        response.bytes().await.expect("bytes")
    });
    for content in futures_util::future::join_all(gets).await {
        assert!(content == original);
    }
    assert_eq!(fake.fetch_count() - before, 1);
    app.stop_and_remove().await;
}
