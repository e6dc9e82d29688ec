//! From one store to another, whichever they are, and on after it was broken off.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use calliope::http_client;
use calliope::objects::Bucket;
use calliope::settings::{Cloud, StorageSettings};
use futures_util::TryStreamExt;
use serde_json::json;

use super::support::bucket::{FakeBucket, FaultMode};
use super::support::{TestApp, TestDatabase, TestOptions, emulators, fixture};
use crate::on_both;

on_both! {
    an_installation_goes_round_every_cloud_and_comes_home;
    a_migration_goes_on_where_it_was;
    what_is_broken_is_not_moved;
    a_copy_elsewhere_is_not_taken_for_the_buckets;
}

fn bucket_of(settings: &StorageSettings) -> Bucket {
    let client = http_client::build_client().expect("a client");
    Bucket::from_settings(settings, client).expect("usable").expect("there is one")
}

fn folder(path: &Path) -> Bucket {
    let url = format!("file://{}", path.display());
    Bucket::from_url(
        &url,
        &StorageSettings::default(),
        http_client::build_client().expect("a client"),
    )
    .expect("usable")
}

async fn content(bucket: &Bucket) -> BTreeMap<String, Bytes> {
    let keys: Vec<String> =
        bucket.list().map_ok(|object| object.key).try_collect().await.expect("listed");
    let mut all = BTreeMap::new();
    let is_media = |key: &String| key.starts_with("media/") || key.starts_with("audio/");
    for key in keys.into_iter().filter(is_media) {
        let bytes = bucket.get(&key).await.expect("got").expect("there");
        all.insert(key, bytes);
    }
    all
}

/// A service with pictures and a recording on its disk.
async fn furnished(database: TestDatabase) -> (TestApp, Bucket) {
    let app = TestApp::start(database).await;
    for _ in 0..3 {
        app.create_frame(json!({"client_id": "24:6F", "input_image": super::support::photo()}))
            .await;
    }
    let url = format!("{}/v2/clients/24:6F/recordings", app.url);
    let made = app.client.post(url).body(fixture("speech.ogg")).send().await.expect("an answer");
    assert_eq!(made.status(), 201);
    let local = folder(app.database.folder.path());
    (app, local)
}

async fn an_installation_goes_round_every_cloud_and_comes_home(database: TestDatabase) {
    let (app, local) = furnished(database).await;
    let expected = content(&local).await;
    let all = expected.len() as u64;
    assert!(all >= 5, "pictures, a thumbnail, a recording");
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let mut stores = vec![local.clone()];
    for cloud in [Cloud::Aws, Cloud::Azure, Cloud::Gcp] {
        if let Some(settings) = emulators::bucket(cloud, elsewhere.path()).await {
            stores.push(bucket_of(&settings));
        }
    }
    let home = tempfile::tempdir().expect("a temporary folder");
    stores.push(folder(home.path()));
    for pair in stores.windows(2) {
        let (from, to) = (&pair[0], &pair[1]);
        let would = app.app.files().migrate(from, to, true, |_| ()).await.expect("looked");
        assert_eq!(
            (would.files, would.moved, content(to).await.len()),
            (all, 0, 0),
            "{}",
            to.url()
        );
        let done = app.app.files().migrate(from, to, false, |_| ()).await.expect("moved");
        assert_eq!((done.moved, done.skipped, done.failed.len()), (all, 0, 0), "{}", to.url());
        assert_eq!(content(to).await, expected, "{}", to.url());
        for key in expected.keys() {
            let object = app.store.media_object(key).await.expect("read").expect("kept");
            assert_eq!(object.location, Some(to.location(key)));
        }
        let again = app.app.files().migrate(from, to, false, |_| ()).await.expect("looked");
        assert_eq!((again.moved, again.skipped), (all, all), "there is nothing left to do");
    }
    // Back on its own disk, a row speaks of no bucket.
    let last = stores.last().expect("a store");
    app.app.files().migrate(last, &local, false, |_| ()).await.expect("moved");
    for key in expected.keys() {
        let object = app.store.media_object(key).await.expect("read").expect("kept");
        assert_eq!((object.location, object.date_synced), (None, None), "{key}");
    }
    app.stop_and_remove().await;
}

async fn a_migration_goes_on_where_it_was(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let (app, local) = furnished(database).await;
    let to = fake.bucket();
    let all = content(&local).await.len();
    fake.set_fault_mode(FaultMode::Truncates);
    let broken = app.app.files().migrate(&local, &to, false, |_| ()).await.expect("tried");
    assert_eq!((broken.moved, broken.failed.len()), (0, all), "{broken:?}");
    fake.set_fault_mode(FaultMode::Healthy);
    // One is there already: as it is, from another way; it counts only once it was compared.
    let (key, bytes) = content(&local).await.pop_first().expect("a file");
    to.put(&key, bytes, "image/png").await.expect("put");
    let done = app.app.files().migrate(&local, &to, false, |_| ()).await.expect("moved");
    assert_eq!((done.moved, done.skipped, done.failed.len()), (all as u64, 1, 0));
    assert_eq!(content(&to).await, content(&local).await);
    fake.set_fault_mode(FaultMode::Unavailable);
    assert!(
        app.app.files().migrate(&local, &to, false, |_| ()).await.is_err(),
        "it cannot be listed"
    );
    app.stop_and_remove().await;
}

async fn a_copy_elsewhere_is_not_taken_for_the_buckets(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    fake.set_fault_mode(FaultMode::Truncates);
    let options = TestOptions { bucket: Some(fake.bucket()), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    app.create_frame(json!({"client_id": "s"})).await;
    let waiting = app.store.sync_backlog().await.expect("counted").files;
    assert!(waiting > 0, "the bucket has not what it was given");
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let (from, to) = (folder(app.database.folder.path()), folder(elsewhere.path()));
    let done = app.app.files().migrate(&from, &to, false, |_| ()).await.expect("moved");
    assert_eq!(done.moved.cast_signed(), waiting);
    assert_eq!(app.store.sync_backlog().await.expect("counted").files, waiting, "they wait on");
    app.stop_and_remove().await;
}

async fn what_is_broken_is_not_moved(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let (app, local) = furnished(database).await;
    let all = content(&local).await.len() as u64;
    let name = app.files("media").remove(0);
    let path = app.database.folder.path().join("media").join(&name);
    let mut bytes = std::fs::read(&path).expect("read");
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    std::fs::write(path.with_file_name(".0197f2c4-5b1e-7c3a-9d1e-000000000000.part"), "x")
        .expect("written");
    let done = app.app.files().migrate(&local, &fake.bucket(), false, |_| ()).await.expect("moved");
    assert_eq!((done.files, done.moved, done.failed.len()), (all, all - 1, 1), "{done:?}");
    assert_eq!(done.failed[0].0, format!("media/{name}"));
    assert!(done.failed[0].1.contains("do not match its checksum"), "{done:?}");
    assert_eq!(fake.objects().len() as u64, all - 1);
    app.stop_and_remove().await;
}
