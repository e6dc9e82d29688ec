//! Instances with disks of their own: where inputs and media are, that removed files are removed everywhere, and what is
//! said if folders are not shared although there is no bucket.

use std::sync::Arc;

use bytes::Bytes;
use calliope::app::FileLocation;
use calliope::domain::{Clock, Principal, SystemClock};
use calliope::settings::RetentionExemption;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::support::bucket::{FakeBucket, FaultMode};
use super::support::{
    TestApp, TestDatabase, TestOptions, base64, build_app, files, pause, photo, with_timeout,
};

/// A clock that is some hours ahead.
#[derive(Debug)]
struct LaterClock(TimeDelta);

impl Clock for LaterClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.0
    }
}

/// Returns the same database with another disk.
pub(super) fn other_disk(database: &TestDatabase) -> TestDatabase {
    let folder = tempfile::tempdir().expect("a temporary directory");
    TestDatabase { folder, settings: database.settings.clone(), postgres: None }
}

/// Starts two instances that share a database and a bucket, each with a disk of its own.
async fn start_two(fake: &FakeBucket, database: TestDatabase) -> [TestApp; 2] {
    let options = || TestOptions {
        bucket: Some(fake.bucket()),
        storage: |storage| storage.inline_upload_seconds = 1,
        ..TestOptions::default()
    };
    let other = other_disk(&database);
    [TestApp::start_with(database, options()).await, TestApp::start_with(other, options()).await]
}

async fn stop_two([here, there]: [TestApp; 2]) {
    there.stop().await;
    here.stop_and_remove().await;
}

/// Orders a frame with the photograph in its picture.
async fn show(app: &TestApp, picture: String) -> Value {
    let order = json!({"client_id": "s", "strategy": "show-this-frame", "input_image": picture,
        "input_text": "A photograph.", "output_image_width": 16, "output_image_height": 16});
    app.create_frame(order).await
}

/// Reads a file that is not on the disk of an instance.
async fn read_elsewhere(app: &TestApp, key: &str) -> Option<Bytes> {
    match app.app.files().locate(key).await.expect("located") {
        Some(FileLocation::InMemory { bytes, .. }) => Some(bytes),
        Some(FileLocation::OnDisk(path)) => panic!("{} was copied", path.display()),
        None => None,
    }
}

/// Returns the keys of the inputs in a bucket.
fn inputs_in(fake: &FakeBucket) -> Vec<String> {
    fake.objects().into_keys().filter(|key| key.starts_with("input/")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_input_is_in_its_row_or_in_the_bucket_before_its_order_is_accepted() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let fake = FakeBucket::start().await;
    let apps = start_two(&fake, database).await;
    let [here, there] = &apps;
    // The image in the tests' fixtures that is smaller than 64 KiB, and one that is larger.
    let (small, large) = (photo(), base64("chelsea_451x300.png"));
    for (picture, is_small) in [(small.clone(), true), (large.clone(), false)] {
        show(here, picture).await;
        let key = format!("input/{}", here.files("input").pop().expect("an input"));
        let row = here.store.media_object_with_content(&key).await.expect("read").expect("exists");
        assert_eq!(row.content.is_some(), is_small, "{key}");
        assert_eq!(row.date_synced.is_none(), is_small, "{key}");
        let elsewhere = read_elsewhere(there, &key).await.expect("found");
        assert_eq!(i64::try_from(elsewhere.len()), Ok(row.size));
        assert_eq!(there.files("input"), [""; 0], "an input is not copied to other disks");
    }
    assert_eq!(inputs_in(&fake).len(), 1, "the large one");
    // While the bucket stalls, rows hold what it does not take, and orders do not wait for it again and again.
    fake.set_fault_mode(FaultMode::Stalls);
    for _ in 0..3 {
        show(here, large.clone()).await;
    }
    assert!(here.store.bytes_held_for_bucket().await.expect("measured") > 3 * 65_536);
    for name in here.files("input") {
        let key = format!("input/{name}");
        let is_in_bucket = inputs_in(&fake).contains(&key);
        assert!(is_in_bucket || read_elsewhere(there, &key).await.is_some(), "{name}");
    }
    // Afterwards the bucket gets them, and the rows are emptied.
    fake.set_fault_mode(FaultMode::Healthy);
    with_timeout(async {
        while here.store.sync_backlog().await.expect("counted").files > 0 {
            here.app.files().sync(|_| ()).await.expect("synced");
        }
    })
    .await;
    assert_eq!(here.store.bytes_held_for_bucket().await.expect("measured"), 0);
    assert_eq!(inputs_in(&fake).len(), 4);
    let verified = there.app.files().verify(|_| ()).await.expect("verified");
    assert!(verified.is_clean(), "{verified:?}");
    stop_two(apps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_of_an_instance_that_has_stopped_is_served_and_uploaded_by_others() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let fake = FakeBucket::start().await;
    let [here, there] = start_two(&fake, database).await;
    fake.set_fault_mode(FaultMode::Unavailable);
    let frame = show(&here, photo()).await;
    let path = frame["frames"][0]["image"]["url"].as_str().expect("a picture").to_owned();
    let database = here.stop().await;
    std::fs::remove_dir_all(database.folder.path().join("media")).expect("its disk is gone");
    let picture = there.get(&path).send().await.expect("an answer");
    assert_eq!(picture.status(), 200);
    assert_eq!(there.files("media"), [""; 0], "it came from its row");
    fake.set_fault_mode(FaultMode::Healthy);
    // The instance that made it would have had the time to upload it.
    let store = there.store.clone();
    let options = TestOptions {
        bucket: Some(fake.bucket()),
        clock: Arc::new(LaterClock(TimeDelta::minutes(1))),
        ..TestOptions::default()
    };
    let later =
        build_app(store.clone(), there.database.storage(), CancellationToken::new(), options);
    with_timeout(async {
        while store.sync_backlog().await.expect("counted").files > 0 {
            later.files().sync(|_| ()).await.expect("synced");
        }
    })
    .await;
    assert!(fake.objects().contains_key(&path), "{path}");
    there.stop().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_instance_removes_no_other_keeps() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let fake = FakeBucket::start().await;
    let apps = start_two(&fake, database).await;
    let [here, there] = &apps;
    let frame = show(here, base64("chelsea_451x300.png")).await;
    let path = frame["frames"][0]["image"]["url"].as_str().expect("a picture");
    for app in [here, there] {
        assert_eq!(app.get(path).send().await.expect("an answer").status(), 200);
    }
    assert!(!there.files("media").is_empty(), "it was fetched to the other disk");
    assert_eq!(inputs_in(&fake).len(), 1);
    let (status, _) = there.call("DELETE", "/v2/clients/s", Value::Null).await;
    assert_eq!(status, 202);
    there.wait_until_idle().await;
    let is_gone = || {
        [here, there]
            .iter()
            .all(|app| app.files("media").is_empty() && app.files("input").is_empty())
    };
    with_timeout(async {
        while !is_gone() {
            pause().await;
        }
    })
    .await;
    assert_eq!(fake.objects().len(), 0, "the bucket has nothing of the client");
    stop_two(apps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_that_a_notice_did_not_reach_are_orphans() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let fake = FakeBucket::start().await;
    let apps = start_two(&fake, database).await;
    let [here, there] = &apps;
    let frame = show(here, base64("chelsea_451x300.png")).await;
    let path = frame["frames"][0]["image"]["url"].as_str().expect("a picture");
    assert_eq!(there.get(path).send().await.expect("an answer").status(), 200);
    let copies = there.database.folder.path().join("media");
    let kept = copies.join(files(&copies).pop().expect("a copy"));
    let bytes = std::fs::read(&kept).expect("read");
    here.call("DELETE", "/v2/clients/s", Value::Null).await;
    here.wait_until_idle().await;
    std::fs::write(&kept, bytes).expect("as if the notice had been lost");
    // Each instance looks through its own disk, whatever another one has looked through.
    for (app, left) in [(here, 0), (there, 0)] {
        let options = TestOptions {
            bucket: Some(fake.bucket()),
            clock: Arc::new(LaterClock(TimeDelta::hours(3))),
            ..TestOptions::default()
        };
        let shutdown = CancellationToken::new();
        let later = build_app(app.store.clone(), app.database.storage(), shutdown, options);
        later.ops().run_maintenance(later.started_at()).await.expect("done");
        assert_eq!(app.files("media").len(), left);
    }
    stop_two(apps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inputs_that_no_order_has_leave_the_bucket() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let fake = FakeBucket::start().await;
    let apps = start_two(&fake, database).await;
    let [here, _] = &apps;
    let key = "input/s_20261123T070417382226_00000007_in.png";
    let bucket = fake.bucket();
    for other in [key, "media/holiday.png"] {
        bucket.put(other, "an orphan".into(), "image/png").await.expect("put");
    }
    let sweep = async |hours| {
        let options = TestOptions {
            bucket: Some(fake.bucket()),
            clock: Arc::new(LaterClock(TimeDelta::hours(hours))),
            ..TestOptions::default()
        };
        let shutdown = CancellationToken::new();
        let later = build_app(here.store.clone(), here.database.storage(), shutdown, options);
        later.files().remove_input_orphans().await.expect("swept")
    };
    assert_eq!((sweep(1).await, sweep(3).await), (0, 1), "an order may still come");
    assert_eq!(fake.objects().into_keys().collect::<Vec<_>>(), ["media/holiday.png"]);
    // Retention removes inputs from the bucket, too.
    show(here, base64("chelsea_451x300.png")).await;
    assert_eq!(inputs_in(&fake).len(), 1);
    let options = TestOptions {
        bucket: Some(fake.bucket()),
        clock: Arc::new(LaterClock(TimeDelta::hours(25))),
        ..TestOptions::default()
    };
    let shutdown = CancellationToken::new();
    let later = build_app(here.store.clone(), here.database.storage(), shutdown, options);
    let job = calliope::app::jobs::ApplyRetention::new(
        &Principal::LOCAL,
        None,
        RetentionExemption::None,
        false,
    );
    later.files().run_cleanup(&job, |_| ()).await.expect("cleaned");
    with_timeout(async {
        while !inputs_in(&fake).is_empty() {
            pause().await;
        }
    })
    .await;
    stop_two(apps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_that_are_not_shared_are_named_if_there_is_no_bucket() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let other = other_disk(&database);
    let app_on = async |disk: &TestDatabase| {
        let options = TestOptions::default();
        build_app(disk.store().await, disk.storage(), CancellationToken::new(), options)
    };
    let (first, sharing, alone) =
        (app_on(&database).await, app_on(&database).await, app_on(&other).await);
    first.config().seed().await.expect("seeded");
    assert_eq!(first.files().announce_instance().await.expect("announced"), 0);
    assert_eq!(files(&database.folder.path().join("media")), [""; 0]);
    for expected in [1, 1] {
        for app in [&sharing, &first] {
            assert_eq!(app.files().announce_instance().await.expect("announced"), expected);
        }
    }
    for app in [&first, &sharing] {
        assert_eq!(app.files().unshared_folder().await.expect("looked"), None);
    }
    // The first that sees the other disk says so; the other one, once they have seen it.
    assert_eq!(alone.files().announce_instance().await.expect("announced"), 2);
    assert_eq!(alone.files().unshared_folder().await.expect("looked"), None);
    first.files().announce_instance().await.expect("announced");
    for app in [&first, &alone] {
        let folder = app.files().unshared_folder().await.expect("looked").expect("one is named");
        assert_eq!(folder.name, "media");
        let ready = app.ops().readiness().await.object_store;
        let reason = ready.reason.expect("a reason");
        assert!(
            reason.starts_with("The media folder (") && reason.contains("is not shared"),
            "{reason}"
        );
    }
    // An instance that stops properly is forgotten at once.
    alone.files().withdraw_instance().await.expect("withdrawn");
    assert_eq!(first.files().unshared_folder().await.expect("looked"), None);
    for app in [first, sharing, alone] {
        app.close().await;
    }
    database.remove().await;
}
