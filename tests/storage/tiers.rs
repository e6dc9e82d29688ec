//! A service with a bucket: what is told is there too, whatever the bucket does meanwhile, and comes back from there.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::support::bucket::{FakeBucket, FaultMode};
use super::support::{TestApp, TestDatabase, TestOptions, in_time, photo};
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

fn image_of(told: &Value) -> String {
    told["frames"][0]["image"]["url"].as_str().expect("a picture").to_owned()
}

async fn a_frames_pictures_are_in_the_bucket_before_its_answer(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let app = start(database, &fake).await;
    let told = app
        .create_frame(
            json!({"client_id": "s", "input_image": photo(), "output_image_format": "rgb565",
            "output_image_width": 64, "output_image_height": 64}),
        )
        .await;
    let there: Vec<String> = fake.objects().into_keys().collect();
    assert_eq!(there, keys(&app), "pictures, and not what the Sparrow sent");
    let object = app.store.media_object(&image_of(&told)).await.expect("read").expect("kept");
    assert_eq!(object.location, Some(format!("s3://stories/{}", object.key)));
    assert!(object.date_synced.is_some());
    assert_eq!(app.store.sync_backlog().await.expect("counted").files, 0);
    // What is removed is removed from both.
    let story = told["story_id"].as_str().expect("an id");
    let path = format!("/v2/stories/{story}?client_id=s");
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 204);
    in_time(async {
        while !fake.objects().is_empty() || !app.files("media").is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    app.stop_and_remove().await;
}

async fn a_bucket_that_is_away_gets_everything_in_the_end(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let app = start(database, &fake).await;
    for mood in
        [FaultMode::Unavailable, FaultMode::Truncates, FaultMode::Forbidden, FaultMode::Stalls]
    {
        fake.set_fault_mode(mood);
        let told = in_time(app.create_frame(json!({"client_id": "s"}))).await;
        assert_eq!(told["errors"], json!([]), "{mood:?}: that is no business of the Sparrow's");
        let ready = app.json("/readyz").await;
        let is_away =
            matches!(mood, FaultMode::Unavailable | FaultMode::Forbidden | FaultMode::Stalls);
        assert_eq!(ready["status"] == "degraded", is_away, "{mood:?}: {ready}");
    }
    let waiting = app.store.sync_backlog().await.expect("counted");
    assert!(waiting.files >= 4 && waiting.oldest.is_some(), "{waiting:?}");
    fake.set_fault_mode(FaultMode::Healthy);
    let synced = async {
        while app.store.sync_backlog().await.expect("counted").files > 0 {
            app.app.files().sync(|_| ()).await.expect("synced");
            tokio::task::yield_now().await;
        }
    };
    in_time(synced).await;
    assert_eq!(app.json("/readyz").await["status"], "ok");
    let there = fake.objects();
    assert_eq!(there.keys().cloned().collect::<Vec<_>>(), keys(&app));
    for (key, bytes) in there {
        let object = app.store.media_object(&key).await.expect("read").expect("kept");
        assert_eq!(Sha256::digest(&bytes).as_slice(), object.sha256, "{key}");
    }
    app.stop_and_remove().await;
}

async fn what_the_disk_has_lost_comes_back(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let app = start(database, &fake).await;
    let told = app.create_frame(json!({"client_id": "s"})).await;
    let url = image_of(&told);
    let path = app.database.folder.path().join(&url);
    let whole = std::fs::read(&path).expect("it is on the disk");
    std::fs::remove_file(&path).expect("removed");
    let range = app.get(&format!("/{url}")).header("range", "bytes=0-7").send().await;
    let range = range.expect("an answer");
    assert_eq!(range.status(), 206);
    assert_eq!(range.bytes().await.expect("bytes"), whole[..8]);
    assert_eq!(std::fs::read(&path).expect("it is on the disk again"), whole);
    // A frame of it in other pixels is made from what the bucket has, too.
    std::fs::remove_file(&path).expect("removed");
    let next = "/v2/clients/s/next?output_image_format=grayscale16&output_image_width=16";
    assert_eq!(app.json(next).await["image"]["format"], "image/grayscale16");
    // What is not what was kept is not served: neither what is shorter, nor what differs by a bit.
    let mut differing = whole.clone();
    differing[whole.len() / 2] ^= 1;
    for other in [b"other".to_vec(), differing] {
        let _ = std::fs::remove_file(&path);
        let bucket = app.bucket.as_ref().expect("a bucket");
        bucket.put(&url, other.into(), "image/png").await.expect("put");
        assert_eq!(app.get(&format!("/{url}")).send().await.expect("an answer").status(), 404);
        assert!(!path.exists(), "nor does it come to the disk");
    }
    fake.set_fault_mode(FaultMode::Unavailable);
    assert_eq!(app.get(&format!("/{url}")).send().await.expect("an answer").status(), 503);
    app.stop_and_remove().await;
}

async fn what_many_want_at_once_is_fetched_once(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let app = start(database, &fake).await;
    let url = image_of(&app.create_frame(json!({"client_id": "s"})).await);
    let path = app.database.folder.path().join(&url);
    let whole = std::fs::read(&path).expect("it is on the disk");
    std::fs::remove_file(&path).expect("removed");
    let before = fake.fetch_count();
    let gets = (0..16).map(|_| async {
        let got = app.get(&format!("/{url}")).send().await.expect("an answer");
        got.bytes().await.expect("bytes")
    });
    for got in futures_util::future::join_all(gets).await {
        assert!(got == whole);
    }
    assert_eq!(fake.fetch_count() - before, 1);
    app.stop_and_remove().await;
}
