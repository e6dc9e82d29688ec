//! Migration of files between any two stores, and its continuation after an interruption.

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

fn bucket_from(settings: &StorageSettings) -> Bucket {
    let client = http_client::build_client().expect("a client");
    Bucket::from_settings(settings, client).expect("valid settings").expect("a bucket")
}

fn directory_bucket(path: &Path) -> Bucket {
    let url = format!("file://{}", path.display());
    Bucket::from_url(
        &url,
        &StorageSettings::default(),
        http_client::build_client().expect("a client"),
    )
    .expect("valid settings")
}

async fn content(bucket: &Bucket) -> BTreeMap<String, Bytes> {
    let keys: Vec<String> =
        bucket.list().map_ok(|object| object.key).try_collect().await.expect("listed");
    let mut files = BTreeMap::new();
    let is_media = |key: &String| key.starts_with("media/") || key.starts_with("audio/");
    for key in keys.into_iter().filter(is_media) {
        let bytes = bucket.get(&key).await.expect("got").expect("exists");
        files.insert(key, bytes);
    }
    files
}

/// Starts a service with images and a recording on its disk.
async fn start_with_media(database: TestDatabase) -> (TestApp, Bucket) {
    let app = TestApp::start(database).await;
    for _ in 0..3 {
        app.create_frame(json!({"client_id": "24:6F", "input_image": super::support::photo()}))
            .await;
    }
    let url = format!("{}/v2/clients/24:6F/recordings", app.url);
    let response =
        app.client.post(url).body(fixture("speech.ogg")).send().await.expect("a response");
    assert_eq!(response.status(), 201);
    let local = directory_bucket(app.database.folder.path());
    (app, local)
}

async fn an_installation_goes_round_every_cloud_and_comes_home(database: TestDatabase) {
    let (app, local) = start_with_media(database).await;
    let expected = content(&local).await;
    let all = expected.len() as u64;
    assert!(all >= 5, "images, a thumbnail, a recording");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut stores = vec![local.clone()];
    for cloud in [Cloud::Aws, Cloud::Azure, Cloud::Gcp] {
        if let Some(settings) = emulators::bucket(cloud, directory.path()).await {
            stores.push(bucket_from(&settings));
        }
    }
    let home = tempfile::tempdir().expect("a temporary directory");
    stores.push(directory_bucket(home.path()));
    for pair in stores.windows(2) {
        let (from, to) = (&pair[0], &pair[1]);
        let dry_run = app.app.files().migrate(from, to, true, |_| ()).await.expect("planned");
        assert_eq!(
            (dry_run.files, dry_run.moved, content(to).await.len()),
            (all, 0, 0),
            "{}",
            to.url()
        );
        let done = app.app.files().migrate(from, to, false, |_| ()).await.expect("migrated");
        assert_eq!((done.moved, done.skipped, done.failed.len()), (all, 0, 0), "{}", to.url());
        assert_eq!(content(to).await, expected, "{}", to.url());
        for key in expected.keys() {
            let object = app.store.media_object(key).await.expect("read").expect("exists");
            assert_eq!(object.location, Some(to.location(key)));
        }
        let again = app.app.files().migrate(from, to, false, |_| ()).await.expect("migrated");
        assert_eq!((again.moved, again.skipped), (all, all), "all files are already there");
    }
    // After a migration to its own disk, the rows name no bucket.
    let last = stores.last().expect("a store");
    app.app.files().migrate(last, &local, false, |_| ()).await.expect("migrated");
    for key in expected.keys() {
        let object = app.store.media_object(key).await.expect("read").expect("exists");
        assert_eq!((object.location, object.date_synced), (None, None), "{key}");
    }
    app.stop_and_remove().await;
}

async fn a_migration_goes_on_where_it_was(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let (app, local) = start_with_media(database).await;
    let to = fake.bucket();
    let all = content(&local).await.len();
    fake.set_fault_mode(FaultMode::Truncates);
    let broken = app.app.files().migrate(&local, &to, false, |_| ()).await.expect("no error");
    assert_eq!((broken.moved, broken.failed.len()), (0, all), "{broken:?}");
    fake.set_fault_mode(FaultMode::Healthy);
    // An object that came another way is compared before it counts as moved.
    let (key, bytes) = content(&local).await.pop_first().expect("a file");
    to.put(&key, bytes, "image/png").await.expect("put");
    let done = app.app.files().migrate(&local, &to, false, |_| ()).await.expect("moved");
    assert_eq!((done.moved, done.skipped, done.failed.len()), (all as u64, 1, 0));
    assert_eq!(content(&to).await, content(&local).await);
    fake.set_fault_mode(FaultMode::Unavailable);
    assert!(
        app.app.files().migrate(&local, &to, false, |_| ()).await.is_err(),
        "the bucket cannot be listed"
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
    assert!(waiting > 0, "the bucket has truncated files");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (from, to) =
        (directory_bucket(app.database.folder.path()), directory_bucket(directory.path()));
    let done = app.app.files().migrate(&from, &to, false, |_| ()).await.expect("moved");
    assert_eq!(done.moved.cast_signed(), waiting);
    assert_eq!(
        app.store.sync_backlog().await.expect("counted").files,
        waiting,
        "files copied elsewhere still have to be synced"
    );
    app.stop_and_remove().await;
}

async fn what_is_broken_is_not_moved(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let (app, local) = start_with_media(database).await;
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
