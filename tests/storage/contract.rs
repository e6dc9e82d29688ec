//! The contract that every kind of bucket fulfils.

use calliope::http_client;
use calliope::objects::{Bucket, BucketError, ListedObject};
use calliope::settings::{Cloud, StorageSettings};
use futures_util::TryStreamExt;

use super::support::bucket::{FakeBucket, FaultMode};
use super::support::emulators;

fn bucket_at(url: &str) -> Result<Bucket, BucketError> {
    Bucket::from_url(
        url,
        &StorageSettings::default(),
        http_client::build_client().expect("a client"),
    )
}

async fn check_contract(bucket: &Bucket) {
    assert_eq!(bucket.get("media/a.png").await.expect("no error"), None);
    assert_eq!(bucket.size("media/a.png").await.expect("no error"), None);
    for (key, bytes) in [("media/a.png", "one"), ("media/b.png", ""), ("audio/s/c.wav", "three")] {
        bucket.put(key, bytes.into(), "image/png").await.expect("put");
    }
    bucket.put("media/a.png", "other".into(), "image/png").await.expect("put again");
    assert_eq!(bucket.get("media/a.png").await.expect("got"), Some("other".into()));
    assert_eq!(bucket.get("media/b.png").await.expect("got"), Some("".into()));
    assert_eq!(bucket.size("audio/s/c.wav").await.expect("no error"), Some(5));
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    bucket.put("media/large.mp4", large.clone().into(), "video/mp4").await.expect("put");
    let streamed = bucket.stream("media/large.mp4").await.expect("no error").expect("exists");
    assert_eq!(streamed.length, 3_000_000);
    let chunks: Vec<_> = streamed.chunks.try_collect().await.expect("streamed");
    assert!(chunks.concat() == large);
    assert!(bucket.stream("media/never.mp4").await.expect("no error").is_none());
    bucket
        .remove_all(&["media/large.mp4".to_owned(), "media/never.mp4".to_owned()])
        .await
        .expect("removed");
    let mut listed: Vec<ListedObject> = bucket.list().try_collect().await.expect("listed");
    listed.sort_by(|a, b| a.key.cmp(&b.key));
    let listed: Vec<_> = listed.iter().map(|object| (&*object.key, object.size)).collect();
    assert_eq!(listed, [("audio/s/c.wav", 5), ("media/a.png", 5), ("media/b.png", 0)]);
    for _ in 0..2 {
        bucket.remove("media/a.png").await.expect("no error");
    }
    assert_eq!(bucket.get("media/a.png").await.expect("no error"), None);
    assert_eq!(bucket.list().try_collect::<Vec<_>>().await.expect("listed").len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory() {
    check_contract(&bucket_at("memory://").expect("a bucket")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let url = format!("file://{}/objects", folder.path().display());
    check_contract(&bucket_at(&url).expect("a bucket")).await;
    let content = std::fs::read(folder.path().join("objects/media/b.png"));
    assert!(
        content.is_ok_and(|bytes| bytes.is_empty()),
        "the directory has the layout of a bucket"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amazons_protocol() {
    let fake = FakeBucket::start().await;
    check_contract(&fake.bucket()).await;
}

async fn check_cloud(cloud: Cloud) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let Some(mut settings) = emulators::bucket(cloud, folder.path()).await else { return };
    let client = || http_client::build_client().expect("a client");
    let bucket =
        Bucket::from_settings(&settings, client()).expect("valid settings").expect("a bucket");
    check_contract(&bucket).await;
    settings.bucket = Some(format!("{}never", settings.bucket.unwrap_or_default()));
    let missing =
        Bucket::from_settings(&settings, client()).expect("valid settings").expect("a bucket");
    let put = missing.put("media/a.png", "x".into(), "image/png").await;
    assert!(put.is_err(), "a bucket that does not exist rejects uploads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amazon() {
    check_cloud(Cloud::Aws).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn google() {
    check_cloud(Cloud::Gcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn azure() {
    check_cloud(Cloud::Azure).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prefix_is_a_bucket_of_its_own() {
    let fake = FakeBucket::start().await;
    let client = || http_client::build_client().expect("a client");
    let north =
        Bucket::from_url("s3://stories/north", &fake.settings(), client()).expect("a bucket");
    let south =
        Bucket::from_url("s3://stories/south/", &fake.settings(), client()).expect("a bucket");
    north.put("media/a.png", "north".into(), "image/png").await.expect("put");
    assert_eq!(south.get("media/a.png").await.expect("no error"), None);
    assert_eq!(north.location("media/a.png"), "s3://stories/north/media/a.png");
    let keys: Vec<String> = fake.objects().into_keys().collect();
    assert_eq!(keys, ["north/media/a.png"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_does_not_keep_what_it_is_given_is_found_out() {
    let fake = FakeBucket::start().await;
    let bucket = fake.bucket();
    fake.set_fault_mode(FaultMode::Truncates);
    let put = bucket.put("media/a.png", "twelve bytes".into(), "image/png").await;
    assert!(matches!(put, Err(BucketError::LengthMismatch { .. })), "{put:?}");
    for fault_mode in [FaultMode::Unavailable, FaultMode::Forbidden] {
        fake.set_fault_mode(fault_mode);
        let put = bucket.put("media/a.png", "x".into(), "image/png").await;
        assert!(matches!(put, Err(BucketError::Failed { .. })), "{fault_mode:?}: {put:?}");
        assert!(bucket.get("media/a.png").await.is_err(), "{fault_mode:?}");
    }
}

#[test]
fn an_address_that_is_none_is_refused_with_what_to_write() {
    for (url, reason) in [
        ("stories", "must begin with gs://"),
        ("ftp://stories", "must begin with gs://"),
        ("s3://", "has no name"),
        ("gs:///prefix", "has no name"),
    ] {
        let message = bucket_at(url).expect_err("refused").to_string();
        assert!(message.contains(reason) && message.contains(url), "{message}");
    }
}
