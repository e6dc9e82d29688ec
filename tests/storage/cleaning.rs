//! Retention, cache eviction and orphans: what is deleted in time, and what never is.

use calliope::app::CleanupSummary;
use calliope::app::jobs::ApplyRetention;
use calliope::domain::{Clock, Principal};
use calliope::settings::RetentionExemption;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::support::bucket::{FakeBucket, FaultMode};
use super::support::clock::ManualClock;
use super::support::{TestApp, TestDatabase, TestOptions, pause, photo, with_timeout};
use crate::on_both;

on_both! {
    old_stories_lose_their_media_and_keep_their_words;
    inputs_go_when_their_time_has_come;
    an_input_of_no_time_goes_with_its_frame;
    the_disk_gives_up_what_is_safe_in_the_bucket_and_nothing_else;
    orphans_go_and_what_is_not_ours_stays;
    retention_has_its_turn_once_a_day;
    what_a_bucket_lost_is_put_there_again;
    files_are_put_into_another_bucket_when_the_installation_moves;
}

fn retention_job(days: i64, keep: RetentionExemption, dry_run: bool) -> ApplyRetention {
    ApplyRetention::new(&Principal::LOCAL, Some(TimeDelta::days(days)), keep, dry_run)
}

async fn create_story(app: &TestApp, client_id: &str) -> String {
    let response = app.create_frame(
        json!({"client_id": client_id, "strategy": "literal", "input_text": "A boat."}),
    );
    response.await["story_id"].as_str().expect("an id").to_owned()
}

async fn until_no_task_is_open(app: &TestApp) {
    with_timeout(async {
        loop {
            let open = app.store.task_counts_by_status().await.expect("counted");
            if open.iter().all(|(status, _)| !matches!(status.as_str(), "pending" | "running")) {
                return;
            }
            pause().await;
        }
    })
    .await;
}

async fn run_cleanup(app: &TestApp, job: &ApplyRetention) -> CleanupSummary {
    app.app.files().run_cleanup(job, |_| ()).await.expect("cleaned")
}

async fn old_stories_lose_their_media_and_keep_their_words(database: TestDatabase) {
    let clock = ManualClock::new();
    let options = TestOptions { clock: clock.clone(), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let old = create_story(&app, "old").await;
    let bookmarked = create_story(&app, "kept").await;
    let listed = create_story(&app, "listed").await;
    let keep = json!({"story_id": bookmarked, "frame_number": 0});
    assert_eq!(app.call("POST", "/v1/bookmarks/frame?client_id=kept", keep).await.0, 200);
    let list = app.call("POST", "/v2/bookmark-lists?client_id=x", json!({"name": "Mine"})).await.1;
    let path = format!("/v2/bookmark-lists/{}/stories/{listed}?client_id=x", list["id"]);
    let (status, response) = app.call("PUT", &path, json!({})).await;
    assert!(matches!(status, 200..=204), "{response}");
    let shown = create_story(&app, "shown").await;
    clock.advance(TimeDelta::days(91));
    // The Sparrow still shows the same image and asks for a newer one.
    app.json("/v2/clients/shown/next").await;
    let new = create_story(&app, "new").await;
    let before = app.files("media");
    let dry_run = run_cleanup(&app, &retention_job(90, RetentionExemption::Bookmarked, true)).await;
    assert_eq!((dry_run.stories, app.files("media")), (1, before.clone()), "{dry_run:?}");
    let done = run_cleanup(&app, &retention_job(90, RetentionExemption::Bookmarked, false)).await;
    assert_eq!((done.stories, done.files, done.bytes), (1, dry_run.files, dry_run.bytes));
    assert!(done.files >= 1 && done.bytes > 1000, "{done:?}");
    until_no_task_is_open(&app).await;
    assert_eq!(app.files("media").len(), before.len() - done.files as usize);
    let frames = app.json(&format!("/v2/stories/{old}?client_id=old")).await;
    assert_eq!(frames["frames"][0]["image"], Value::Null);
    assert_eq!(frames["frames"][0]["text"], "A boat.\n");
    for (id, client) in
        [(&bookmarked, "kept"), (&listed, "listed"), (&shown, "shown"), (&new, "new")]
    {
        let story = app.json(&format!("/v2/stories/{id}?client_id={client}")).await;
        let path = format!("/{}", story["frames"][0]["image"]["url"].as_str().expect("an image"));
        assert_eq!(app.get(&path).send().await.expect("a response").status(), 200, "{client}");
    }
    // The story can be continued, and the audit log has the cleanup.
    assert_eq!(
        story_id(
            &app.create_frame(
                json!({"client_id": "old", "strategy": "literal", "input_text": "More."})
            )
            .await
        ),
        old
    );
    let audit = app.json("/admin/api/audit?limit=1").await;
    assert_eq!(audit["items"][0]["action"], "cleanup");
    assert_eq!(audit["items"][0]["after"]["removed"]["stories"], 1, "{audit}");
    let again = run_cleanup(&app, &retention_job(90, RetentionExemption::Bookmarked, false)).await;
    assert_eq!(again, CleanupSummary::default());
    let all = run_cleanup(&app, &retention_job(90, RetentionExemption::None, false)).await;
    assert_eq!(all.stories, 2);
    until_no_task_is_open(&app).await;
    assert!(app.app.files().verify(|_| ()).await.expect("verified").is_clean());
    app.stop_and_remove().await;
}

fn story_id(response: &Value) -> &str {
    response["story_id"].as_str().expect("an id")
}

async fn inputs_go_when_their_time_has_come(database: TestDatabase) {
    let clock = ManualClock::new();
    let options = TestOptions { clock: clock.clone(), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    app.create_frame(json!({"client_id": "s", "input_image": photo()})).await;
    clock.advance(TimeDelta::hours(23));
    app.create_frame(json!({"client_id": "s", "input_image": photo()})).await;
    assert_eq!(app.app.files().remove_expired_inputs().await.expect("removed"), 0);
    clock.advance(TimeDelta::hours(2));
    assert_eq!(app.app.files().remove_expired_inputs().await.expect("removed"), 1);
    until_no_task_is_open(&app).await;
    assert_eq!(app.files("input").len(), 1);
    assert!(app.app.files().verify(|_| ()).await.expect("verified").is_clean());
    app.stop_and_remove().await;
}

async fn an_input_of_no_time_goes_with_its_frame(database: TestDatabase) {
    let options = TestOptions {
        storage: |storage| storage.input_retention_seconds = 0,
        ..TestOptions::default()
    };
    let app = TestApp::start_with(database, options).await;
    app.create_frame(json!({"client_id": "s", "input_image": photo()})).await;
    with_timeout(async {
        while !app.files("input").is_empty() {
            pause().await;
        }
    })
    .await;
    assert!(app.app.files().verify(|_| ()).await.expect("verified").is_clean());
    app.stop_and_remove().await;
}

/// Moves a clock to the disk's present. A read makes the kernel set the access time of a file that was last used more than a day ago,
/// to the kernel's own time; beside a clock of another week, the order of uses would be left to chance.
fn advance_to_disk_time(clock: &ManualClock) {
    let probe = tempfile::NamedTempFile::new().expect("a temporary file");
    let modified = probe.as_file().metadata().and_then(|file| file.modified()).expect("a time");
    clock.advance(DateTime::<Utc>::from(modified) - clock.now());
}

async fn the_disk_gives_up_what_is_safe_in_the_bucket_and_nothing_else(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let clock = ManualClock::new();
    advance_to_disk_time(&clock);
    let options = TestOptions {
        clock: clock.clone(),
        bucket: Some(fake.bucket()),
        storage: |storage| storage.cache_mebibytes = 1,
        ..TestOptions::default()
    };
    let app = TestApp::start_with(database, options).await;
    let put = async |name: &str, fill: u8| {
        clock.advance(TimeDelta::minutes(11));
        let bytes = vec![fill; 400 << 10];
        let response =
            app.put(&format!("/media/{name}")).body(bytes).send().await.expect("a response");
        assert_eq!(response.status(), 201);
    };
    let read = async |name: &str| {
        clock.advance(TimeDelta::minutes(11));
        app.get(&format!("/media/{name}")).send().await.expect("a response").status()
    };
    for (name, fill) in [("a.raw", 1), ("b.raw", 2), ("c.raw", 3)] {
        put(name, fill).await;
    }
    for name in ["b.raw", "c.raw", "a.raw"] {
        assert_eq!(read(name).await, 200);
    }
    // 1200 KiB exceed 1024 KiB, so the least recently used file is evicted.
    let mut done = CleanupSummary::default();
    app.app.files().evict_cache(false, &mut done).await.expect("evicted");
    assert_eq!((done.evicted, done.evicted_bytes), (1, 400 << 10));
    assert_eq!(app.files("media"), ["a.raw", "c.raw"]);
    assert_eq!(read("b.raw").await, 200, "the file is fetched again");
    assert_eq!(app.files("media").len(), 3);
    // A file stays if its copy in the bucket is missing or differs, and is uploaded again.
    let bucket = app.bucket.as_ref().expect("a bucket");
    bucket.put("media/c.raw", vec![9; 400 << 10].into(), "image/rgb565").await.expect("put");
    app.app.files().evict_cache(false, &mut CleanupSummary::default()).await.expect("evicted");
    assert!(app.files("media").contains(&"c.raw".to_owned()));
    let object = app.store.media_object("media/c.raw").await.expect("read").expect("exists");
    assert_eq!(object.date_synced, None);
    app.app.files().sync(|_| ()).await.expect("synced");
    assert!(fake.objects()["media/c.raw"].iter().all(|byte| *byte == 3));
    // During an outage of the bucket no file is evicted that was not compared.
    put("d.raw", 4).await;
    fake.set_fault_mode(FaultMode::Unavailable);
    put("e.raw", 5).await;
    let before = app.files("media");
    let _ = app.app.files().evict_cache(false, &mut CleanupSummary::default()).await;
    for name in ["d.raw", "e.raw"] {
        assert!(before.contains(&name.to_owned()) && app.files("media").contains(&name.to_owned()));
    }
    app.stop_and_remove().await;
}

async fn orphans_go_and_what_is_not_ours_stays(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let clock = ManualClock::new();
    let options =
        TestOptions { clock: clock.clone(), bucket: Some(fake.bucket()), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    app.create_frame(json!({"client_id": "s"})).await;
    let folder = app.database.folder.path();
    let orphan = "media/0197f2c4-5b1e-7c3a-9d1e-000000000000.png";
    std::fs::create_dir_all(folder.join("audio/s")).expect("created");
    let recording = "audio/s/0197f2c4-5b1e-7c3a-9d1e-000000000000.wav";
    for key in [orphan, recording, "media/holiday.png"] {
        std::fs::write(folder.join(key), "x").expect("written");
    }
    let bucket = app.bucket.as_ref().expect("a bucket");
    for key in [orphan, "media/holiday.png", "notes.txt"] {
        bucket.put(key, "x".into(), "image/png").await.expect("put");
    }
    clock.advance(TimeDelta::days(-365));
    let found = app.app.files().verify(|_| ()).await.expect("verified");
    assert_eq!(
        (found.orphaned.len(), found.recent),
        (0, 4),
        "their rows may be about to be inserted"
    );
    let clean = async || {
        let job =
            ApplyRetention::new(&Principal::LOCAL, None, RetentionExemption::Bookmarked, false);
        app.app.files().run_cleanup(&job, |_| ()).await.expect("cleaned").orphans
    };
    assert_eq!(clean().await, 0);
    clock.advance(TimeDelta::days(3650));
    let found = app.app.files().verify(|_| ()).await.expect("verified").orphaned;
    assert_eq!(found, [recording, orphan, "media/holiday.png", "notes.txt"]);
    assert_eq!(clean().await, 3);
    // In a bucket that other installations use, the owner of a file is unknown.
    bucket.put(orphan, "x".into(), "image/png").await.expect("put");
    app.app.files().reset_sync_after_bucket_change().await.expect("marked");
    bucket.put(".calliope/another", "x".into(), "text/plain").await.expect("put");
    assert_eq!(clean().await, 0);
    assert!(fake.objects().contains_key(orphan));
    bucket.remove(".calliope/another").await.expect("removed");
    assert_eq!(clean().await, 1);
    assert!(folder.join("media/holiday.png").exists() && fake.objects().contains_key("notes.txt"));
    assert!(!folder.join(orphan).exists() && !fake.objects().contains_key(orphan));
    app.stop_and_remove().await;
}

async fn retention_has_its_turn_once_a_day(database: TestDatabase) {
    let clock = ManualClock::new();
    let options = TestOptions {
        clock: clock.clone(),
        storage: |storage| storage.retention_days = 30,
        ..TestOptions::default()
    };
    let app = TestApp::start_with(database, options).await;
    let old = create_story(&app, "old").await;
    let cleanup_tasks = async || {
        app.app.ops().enqueue_retention().await.expect("enqueued");
        until_no_task_is_open(&app).await;
        let tasks = app.json("/admin/api/tasks?limit=100").await;
        let tasks = tasks["items"].as_array().expect("tasks").clone();
        tasks.into_iter().filter(|task| task["task_type"] == "clean_media").collect::<Vec<_>>()
    };
    cleanup_tasks().await;
    assert_eq!(cleanup_tasks().await.len(), 1, "one task, however often it is requested");
    clock.advance(TimeDelta::days(31));
    let tasks = cleanup_tasks().await;
    assert_eq!(tasks.len(), 2);
    assert_eq!(tasks[0]["result"]["stories"], 1, "{tasks:?}");
    until_no_task_is_open(&app).await;
    let story = app.json(&format!("/v2/stories/{old}?client_id=old")).await;
    assert_eq!(story["frames"][0]["image"], Value::Null);
    let audit = app.json("/admin/api/audit?limit=1").await;
    assert_eq!(audit["items"][0]["actor"], "retention");
    // An admin can start a cleanup, too. A sync fails without a bucket.
    let (status, accepted) = app
        .call("POST", "/admin/api/media/cleanup", json!({"older_than": "1h", "keep": "none"}))
        .await;
    assert_eq!(status, 202, "{accepted}");
    until_no_task_is_open(&app).await;
    let task =
        app.json(&format!("/v2/tasks/{}", accepted["task_id"].as_str().expect("an id"))).await;
    assert_eq!(task["status"], "completed", "{task}");
    assert_eq!(
        app.call("POST", "/admin/api/media/cleanup", json!({"older_than": "soon"})).await.0,
        422
    );
    assert_eq!(app.call("POST", "/admin/api/media/sync", Value::Null).await.0, 409);
    app.stop_and_remove().await;
}

async fn what_a_bucket_lost_is_put_there_again(database: TestDatabase) {
    let fake = FakeBucket::start().await;
    let options = TestOptions { bucket: Some(fake.bucket()), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    app.create_frame(json!({"client_id": "s"})).await;
    let expected = fake.objects();
    for key in expected.keys() {
        app.bucket.as_ref().expect("a bucket").remove(key).await.expect("removed");
    }
    assert_eq!(
        app.app.files().verify(|_| ()).await.expect("verified").missing.len(),
        expected.len()
    );
    let (status, accepted) = app.call("POST", "/admin/api/media/sync", Value::Null).await;
    assert_eq!(status, 202, "{accepted}");
    until_no_task_is_open(&app).await;
    assert_eq!(fake.objects(), expected);
    assert!(app.app.files().verify(|_| ()).await.expect("verified").is_clean());
    app.stop_and_remove().await;
}

async fn files_are_put_into_another_bucket_when_the_installation_moves(database: TestDatabase) {
    let (first, second) = (FakeBucket::start().await, FakeBucket::start().await);
    let options = TestOptions { bucket: Some(first.bucket()), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    app.create_frame(json!({"client_id": "s"})).await;
    app.app.files().reset_sync_after_bucket_change().await.expect("no error");
    assert_eq!(app.store.sync_backlog().await.expect("counted").files, 0);
    let expected = first.objects();
    let database = app.stop().await;
    let mut settings = second.settings();
    settings.bucket = Some("s3://stories/other".to_owned());
    let client = calliope::http_client::build_client().expect("a client");
    let bucket =
        calliope::objects::Bucket::from_settings(&settings, client).expect("valid settings");
    let app = TestApp::start_with(database, TestOptions { bucket, ..TestOptions::default() }).await;
    with_timeout(async {
        while second.objects().len() < expected.len() {
            app.app.files().reset_sync_after_bucket_change().await.expect("no error");
            app.app.files().sync(|_| ()).await.expect("synced");
        }
    })
    .await;
    let copied: Vec<_> = second.objects().into_iter().collect();
    let expected: Vec<_> =
        expected.into_iter().map(|(key, bytes)| (format!("other/{key}"), bytes)).collect();
    assert_eq!(copied, expected);
    app.stop_and_remove().await;
}
