//! Tasks of every kind that the previous version stored still run, and its stored results and errors can be read.
//!
//! The rows here are literal. They are not built with the current types, and must not change with them.

use std::time::Duration;

use calliope::app::{AcceptedOrder, AppError, ErrorKind, ModelDefaults, StoryResponse};
use calliope::domain::{TaskKind, TaskStatus};
use calliope::settings::{self, TaskSettings};
use calliope::store::{NewTask, Task, TaskKinds};
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::failures::good_answer;
use super::support::clock::ManualClock;
use super::support::provider::{FakeProvider, RecordedRequest, Reply};
use super::support::{TestApp, TestDatabase, TestOptions, fixture, with_timeout};
use super::{Capability, registry};
use crate::on_both;

on_both! {
    jobs_that_were_stored_before_still_run;
    answers_and_errors_that_were_stored_before_are_read;
    what_cannot_be_read_fails_loudly;
}

fn reply(request: &RecordedRequest) -> Reply {
    match request.path.as_str() {
        "/images/generations" => Reply::ok(good_answer(Capability::Image)),
        "/audio/speech" => Reply::File(200, "audio/mpeg", fixture("speech.mp3")),
        "/film.mp4" => Reply::File(200, "video/mp4", fixture("film.mp4")),
        "/v1/image_to_video" => Reply::ok(json!({"id": "t-1"})),
        "/v1/tasks/t-1" => {
            let film = format!("http://{}/film.mp4", request.header("host").expect("a host"));
            Reply::ok(json!({"id": "t-1", "status": "SUCCEEDED", "output": [film]}))
        }
        "/embeddings" => {
            let texts = request.json()["input"].as_array().map_or(1, Vec::len);
            let entry =
                |index| json!({"object": "embedding", "index": index, "embedding": [0.6, 0.8]});
            let data: Vec<Value> = (0..texts).map(entry).collect();
            let usage = json!({"prompt_tokens": 1, "total_tokens": 1});
            Reply::ok(json!({"object": "list", "model": "m", "data": data, "usage": usage}))
        }
        _ => Reply::ok(good_answer(Capability::Text)),
    }
}

struct Installation {
    app: TestApp,
    clock: std::sync::Arc<ManualClock>,
    _provider: FakeProvider,
}

impl Installation {
    async fn start(database: TestDatabase) -> Self {
        let provider = FakeProvider::start(|_, request| reply(request)).await;
        let openai = |name: &str| Some(format!("openai/{name}"));
        let models = settings::ModelSettings {
            text: openai("teller"),
            image: openai("gpt-image-1"),
            speech: openai("gpt-4o-mini-tts"),
            embedding: openai("text-embedding-3-small"),
            video: Some("runway/gen4_turbo".to_owned()),
            ..settings::ModelSettings::default()
        };
        let clock = ManualClock::new();
        let options = TestOptions {
            registry: Some(registry(&provider.url)),
            choices: ModelDefaults::from_settings(&models, &settings::ProviderSettings::default()),
            clock: clock.clone(),
            // The clock runs so fast that an ordinary lease would expire while its task runs.
            task_limits: TaskSettings {
                max_attempts: 2,
                lease_seconds: 1_000_000,
                ..TaskSettings::default()
            },
            ..TestOptions::default()
        };
        Self { app: TestApp::start_with(database, options).await, clock, _provider: provider }
    }

    /// Stores a task with a literal payload.
    async fn store(&self, kind: TaskKind, story_id: Option<Uuid>, payload: &Value) -> Uuid {
        let id = Uuid::now_v7();
        let mut tx = self.app.store.begin().await.expect("begun");
        let now = self.app.clock.now();
        let (client_id, lane) = (story_id.map(|_| "s"), None);
        let task = NewTask { id, kind, lane, client_id, story_id, payload, now };
        tx.enqueue(task).await.expect("stored");
        tx.save().await.expect("saved");
        id
    }

    /// Waits until a task has ended, and returns it. The clock runs fast meanwhile, so that deferred tasks become due.
    async fn ended(&self, id: Uuid) -> Task {
        let waiting = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            loop {
                let task = self.app.store.task(id).await.expect("read").expect("there");
                if !matches!(task.status, TaskStatus::Pending | TaskStatus::Running) {
                    break task;
                }
                ticks.tick().await;
                self.clock.advance(TimeDelta::seconds(1));
            }
        };
        with_timeout(waiting).await
    }

    async fn run(&self, kind: TaskKind, story_id: Option<Uuid>, payload: Value) -> Value {
        let id = self.store(kind, story_id, &payload).await;
        let task = self.ended(id).await;
        assert_eq!((task.status, &task.error), (TaskStatus::Completed, &None), "{kind:?}");
        task.result.unwrap_or_default()
    }
}

#[expect(clippy::too_many_lines, reason = "each kind of task, as it was stored")]
async fn jobs_that_were_stored_before_still_run(database: TestDatabase) {
    let there = Installation::start(database).await;
    let app = &there.app;
    let response = app.create_frame(json!({"client_id": "s", "strategy": "continuous-v1"})).await;
    let story: Uuid = response["story_id"].as_str().expect("an id").parse().expect("an id");
    let newest = app.store.newest_frame(story).await.expect("read").expect("a frame");
    let image_id = newest.original.expect("a picture").id;
    let photo = "input/s_20261123T070417382226_00000007_in.jpg";
    let path = app.database.folder.path().join(photo);
    std::fs::write(path, fixture("astronaut_640x480.jpg")).expect("written");

    let run = async |kind, payload| there.run(kind, None, payload).await;
    let of_story = async |kind, payload| there.run(kind, Some(story), payload).await;
    let frame = of_story(
        TaskKind::TellFrame,
        json!({"request_id": "r-1", "traceparent": null, "client_id": "s",
            "parameters": {"input_text": "a kite", "debug": true}, "image": photo, "sound": null, "video": null,
            "min_duration_seconds": 7, "trigger_condition": {"type": "button"}, "notes": ["A note."]}),
    )
    .await;
    assert_eq!((&frame["request_id"], &frame["story_frame_count"]), (&json!("r-1"), &json!(2)));
    assert_eq!(frame["frames"][0]["min_duration_seconds"], 7);
    assert_eq!(frame["frames"][0]["trigger_condition"], json!({"type": "button"}));
    assert!(frame["errors"].as_array().is_some_and(|all| all.contains(&json!("A note."))));
    assert!(frame["debug_data"]["i_see"].is_string(), "the photograph was found: {frame}");

    let redrawn = of_story(
        TaskKind::IllustrateFrame,
        json!({"request_id": "r-2", "traceparent": null, "number": 1}),
    )
    .await;
    assert_eq!(redrawn["number"], 1);
    let spoken = of_story(
        TaskKind::NarrateFrame,
        json!({"request_id": "r-3", "traceparent": null, "number": 0, "voice": "sage"}),
    )
    .await;
    assert_eq!(spoken["audio"]["format"], "audio/mpeg");
    let filmed = of_story(
        TaskKind::GenerateVideo,
        json!({"request_id": "r-4", "traceparent": null, "number": 0, "image_id": image_id, "filming": null}),
    )
    .await;
    assert_eq!(filmed["video"]["format"], "video/mp4");

    let upload = app.put("/media/old.png").body(fixture("chelsea_451x300.png")).send().await;
    assert_eq!(upload.expect("an answer").status(), 201);
    let removed = run(TaskKind::RemoveFiles, json!({"keys": ["media/old.png"]})).await;
    assert_eq!(removed, json!(1));
    assert!(!app.files("media").contains(&"old.png".to_owned()), "the file is gone");
    let synced = run(TaskKind::SyncMedia, json!({})).await;
    assert_eq!(synced, json!({"files": 0, "bytes": 0, "missing": 0, "lost": 0}));
    let cleaned = run(
        TaskKind::ApplyRetention,
        json!({"older_than": 7_776_000, "keep": "bookmarked", "dry_run": true, "actor": "retention"}),
    )
    .await;
    assert_eq!(cleaned["stories"], 0);
    let learned = run(
        TaskKind::LearnFromFrame,
        json!({"client_id": "s", "request_id": "r-5", "traceparent": null, "strategy": "fern",
            "seen": "A fox.", "heard": null, "said": null,
            "evidence": [{"kind": "subject", "key": "fox", "weight": 1.0}]}),
    )
    .await;
    assert_eq!(learned, json!({"learned": 1}));
    assert_eq!(app.json("/v2/clients/s/patterns/subject/fox").await["value"], json!({"times": 1}));
    let indexed = run(TaskKind::IndexFrame, json!({"story_id": story, "number": 0})).await;
    assert_eq!(indexed, json!({"frames": 1, "pieces": 1}));
    run(TaskKind::IndexFrames, json!({"force": false})).await;
    let unindex = json!({"story_id": story, "from": 5, "to": 5, "is_second": false});
    assert_eq!(run(TaskKind::UnindexFrames, unindex).await, Value::Null);
    let erased = run(
        TaskKind::EraseClient,
        json!({"client_id": "s", "actor": "user ada", "files": [], "unindexed": [],
            "removed": {"stories": 0, "files": 0, "pieces": 0, "rows": 0}}),
    )
    .await;
    assert_eq!(erased["stories"], 1);
    assert_eq!(
        app.get(&format!("/v2/stories/{story}")).send().await.expect("an answer").status(),
        404
    );
    there.app.stop_and_remove().await;
}

async fn answers_and_errors_that_were_stored_before_are_read(database: TestDatabase) {
    let there = Installation::start(database).await;
    let app = &there.app;
    let response = app
        .create_frame(json!({"client_id": "s", "strategy": "literal", "input_text": "Once."}))
        .await;
    let story: Uuid = response["story_id"].as_str().expect("an id").parse().expect("an id");
    let answer = json!({
        "frames": [{"text": "Once.\n", "image": {"width": 2, "height": 1, "format": "image/png", "url": "media/a.png"},
            "source_image": null, "video": {"width": 2, "height": 1, "format": "video/mp4", "url": "media/a.mp4",
                "duration_seconds": 1.5, "frame_rate": 24.0},
            "audio": {"format": "audio/mpeg", "url": "media/a.mp3", "duration_seconds": null},
            "min_duration_seconds": 20, "trigger_condition": {"type": "button"}, "metadata": {"errors": []}}],
        "story_id": story.to_string(), "slug": "once", "story_frame_count": 1, "append_to_prior_frames": true,
        "strategy": "literal", "is_read_only": false, "created_for_sparrow_id": "s",
        "date_created": "2026-11-23", "date_updated": "2026-11-24", "request_id": "r",
        "generation_date": "2026-11-24 07:04:17.382226", "debug_data": {"i_see": null}, "errors": ["A note."],
    });
    let mut tx = app.store.begin().await.expect("begun");
    let (id, kind, now) = (Uuid::now_v7(), TaskKind::TellFrame, app.clock.now());
    let (client_id, story_id) = (Some("s"), Some(story));
    // The answer to a sleeping Sparrow, whose task's payload held only the request id.
    let payload = &json!({"request_id": "r"});
    let asleep = NewTask { id, kind, lane: None, client_id, story_id, payload, now };
    tx.insert_completed_task(asleep, &answer).await.expect("stored");
    tx.save().await.expect("saved");
    let read = wait_for(app, id).await.expect("it is completed");
    let mut expected = answer.clone();
    expected["frames"][0]["provenance"] = Value::Null;
    assert_eq!(serde_json::to_value(read).expect("JSON"), expected);

    // A task that no worker claims, failed as the previous version stored it.
    let failed = there.store(TaskKind::IndexFrame, None, &json!({"story_id": 7})).await;
    assert_eq!(there.ended(failed).await.status, TaskStatus::Failed);
    let error = json!({"kind": "not_yours", "detail": "Not for you.", "fields": [["story_id", "is another's"]],
        "retry_after_seconds": 9});
    let mut tx = app.store.begin().await.expect("begun");
    tx.restart_task(failed, there.app.clock.now() + TimeDelta::days(300))
        .await
        .expect("asked")
        .expect("failed");
    tx.save().await.expect("saved");
    let mut tx = app.store.begin().await.expect("begun");
    let later = there.app.clock.now() + TimeDelta::days(301);
    let lease = tx
        .claim_task(TaskKinds::All, Uuid::now_v7(), later, later)
        .await
        .expect("claimed")
        .expect("due by then");
    assert_eq!(lease.task().id, failed);
    lease.fail(&mut tx, &error, later).await.expect("failed");
    tx.save().await.expect("saved");
    let error = wait_for(app, failed).await.expect_err("it failed");
    assert_eq!((error.kind, &*error.detail), (ErrorKind::Forbidden, "Not for you."));
    assert_eq!(error.fields, [("story_id".to_owned(), "is another's".to_owned())]);
    assert_eq!(error.retry_after_seconds, Some(9));

    // The story can be removed, with its task in the earlier form.
    let removed =
        app.client.delete(format!("{}/v2/stories/{story}?client_id=s", app.url)).send().await;
    assert_eq!(removed.expect("an answer").status(), 204);
    there.app.stop_and_remove().await;
}

async fn what_cannot_be_read_fails_loudly(database: TestDatabase) {
    let there = Installation::start(database).await;
    let payload = json!({"keys": "media/a.png"});
    let id = there.store(TaskKind::RemoveFiles, None, &payload).await;
    let task = there.ended(id).await;
    assert_eq!((task.status, task.failures), (TaskStatus::Failed, 1), "it was tried twice");
    assert_eq!(task.payload, payload, "and nothing of it is lost");
    assert_eq!(task.error.expect("an error")["kind"], "internal");
    there.app.stop_and_remove().await;
}

/// Waits for a task as a repeated request does.
async fn wait_for(app: &TestApp, task_id: Uuid) -> Result<StoryResponse, AppError> {
    let wait = app.app.frames().start_waiting();
    let ordered = AcceptedOrder { task_id, is_replay: true, is_pending: false };
    app.app.frames().wait_for(ordered, wait).await
}
