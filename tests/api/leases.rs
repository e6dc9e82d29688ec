//! A job that lost its lease fails with `LeaseLost`, and saves nothing. A task that loses it again and again fails.

use std::sync::Arc;

use calliope::app::jobs::AnyJob;
use calliope::app::{App, AppError, ErrorKind};
use calliope::domain::{ClientId, Clock, TaskKind, TaskStatus};
use calliope::store::{Lease, NewTask, Store, TaskKinds};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::on_both;
use crate::support::clock::ManualClock;
use crate::support::{TestDatabase, TestOptions, build_app};

on_both! {
    a_job_that_lost_its_lease_saves_nothing;
    a_task_whose_runs_end_with_the_process_fails_after_the_fifth;
    an_outcome_ends_the_count_of_lost_runs;
}

/// Returns stored payloads of jobs that need no model and no story.
fn jobs() -> [(TaskKind, Value); 6] {
    [
        (TaskKind::RemoveFiles, json!({"keys": []})),
        (TaskKind::SyncMedia, json!({})),
        (
            TaskKind::ApplyRetention,
            json!({"older_than": null, "keep": "bookmarked", "dry_run": true, "actor": "ada"}),
        ),
        (
            TaskKind::EraseClient,
            json!({"client_id": "s", "actor": "ada", "files": [], "unindexed": [],
                "removed": {"stories": 0, "files": 0, "pieces": 0, "rows": 0}}),
        ),
        (
            TaskKind::LearnFromFrame,
            json!({"client_id": "s", "request_id": "r", "traceparent": null, "strategy": "fern",
                "seen": null, "heard": null, "said": null,
                "evidence": [{"kind": "subject", "key": "fox", "weight": 1.0}]}),
        ),
        (
            TaskKind::UnindexFrames,
            json!({"story_id": Uuid::nil(), "from": 0, "to": 0, "is_second": false}),
        ),
    ]
}

/// Claims a task and releases it again, as if its lease had expired.
async fn lost_lease(app: &App, store: &Store, kind: TaskKind, payload: &Value) -> Lease {
    let mut tx = store.begin().await.expect("begun");
    let (id, now) = (Uuid::now_v7(), app.started_at());
    let (lane, client_id, story_id) = (None, None, None);
    tx.enqueue(NewTask { id, kind, lane, client_id, story_id, payload, now })
        .await
        .expect("stored");
    tx.save().await.expect("saved");
    let lease = app.jobs().claim(TaskKinds::All).await.expect("asked").expect("one is due");
    let mut tx = store.begin().await.expect("begun");
    tx.release_expired_lease(id, now + TimeDelta::days(1), now).await.expect("released");
    tx.cancel_task(id, now).await.expect("asked").expect("it waits");
    tx.save().await.expect("saved");
    lease
}

async fn run(app: &App, lease: &Lease) -> Result<(), AppError> {
    let done = match AnyJob::decode(lease.task())? {
        AnyJob::RemoveFiles(job) => app.files().remove_files(lease, job).await,
        AnyJob::SyncMedia(_) => app.files().sync_media(lease).await,
        AnyJob::ApplyRetention(job) => app.files().run_cleanup_task(lease, job).await,
        AnyJob::EraseClient(job) => app.ops().erase_client(lease, job).await,
        AnyJob::LearnFromFrame(job) => app.clients().learn(lease, job).await,
        AnyJob::UnindexFrames(job) => app.search().unindex_frames(lease, job).await,
        other => panic!("{other:?} needs a story"),
    };
    done.map(drop)
}

async fn a_job_that_lost_its_lease_saves_nothing(database: TestDatabase) {
    let store = database.store().await;
    let shutdown = CancellationToken::new();
    let app = build_app(store.clone(), database.storage(), shutdown, TestOptions::default());
    app.config().seed().await.expect("seeded");
    for (kind, payload) in jobs() {
        let lease = lost_lease(&app, &store, kind, &payload).await;
        let error = run(&app, &lease).await.expect_err("its lease is lost");
        assert_eq!(error.kind, ErrorKind::LeaseLost, "{kind:?}: {error:?}");
        let task = store.task(lease.task().id).await.expect("read").expect("there");
        assert_eq!((task.status, task.payload), (TaskStatus::Cancelled, payload), "{kind:?}");
    }
    let changes = app.ops().audit_log(None, None, None, 10).await.expect("read").items;
    assert!(changes.is_empty(), "nobody was erased: {changes:?}");
    let client = ClientId::new("s").expect("a client");
    let learned = app.clients().patterns(&client, None, None, 10).await.expect("read").items;
    assert!(learned.is_empty(), "nothing was learned: {learned:?}");
    store.close().await;
    database.remove().await;
}

/// An app without a worker, whose clock a test sets.
struct Stopped {
    app: App,
    store: Store,
    clock: Arc<ManualClock>,
}

impl Stopped {
    async fn new(database: &TestDatabase) -> Self {
        let (store, clock) = (database.store().await, ManualClock::new());
        let options = TestOptions { clock: clock.clone(), ..TestOptions::default() };
        let app = build_app(store.clone(), database.storage(), CancellationToken::new(), options);
        Self { app, store, clock }
    }

    async fn enqueue(&self) -> Uuid {
        let (id, kind, payload) = (Uuid::now_v7(), TaskKind::RemoveFiles, &json!({"keys": []}));
        let task = NewTask {
            id,
            kind,
            lane: None,
            client_id: Some("s"),
            story_id: None,
            payload,
            now: self.clock.now(),
        };
        let mut tx = self.store.begin().await.expect("begun");
        tx.enqueue(task).await.expect("enqueued");
        tx.save().await.expect("saved");
        id
    }

    /// Waits until the task is due, claims it, and loses its lease. Returns how many half seconds it waited.
    async fn lose(&self, id: Uuid) -> i32 {
        let mut waited = 0;
        let lease = loop {
            if let Some(lease) = self.app.jobs().claim(TaskKinds::All).await.expect("asked") {
                break lease;
            }
            self.clock.advance(TimeDelta::milliseconds(500));
            waited += 1;
            assert!(waited < 100, "it is due some time");
        };
        assert_eq!(lease.task().id, id);
        self.clock.advance(TimeDelta::minutes(1));
        self.app.jobs().release_expired().await.expect("released");
        waited
    }
}

async fn a_task_whose_runs_end_with_the_process_fails_after_the_fifth(database: TestDatabase) {
    let stopped = Stopped::new(&database).await;
    let (id, mut waits) = (stopped.enqueue().await, Vec::new());
    for _ in 0..5 {
        let task = stopped.store.task(id).await.expect("read").expect("there");
        assert_eq!(task.status, TaskStatus::Pending);
        waits.push(stopped.lose(id).await);
    }
    let bounds = [(0, 0), (1, 2), (2, 4), (4, 8), (8, 16)];
    let is_within = |(wait, (low, high)): (&i32, (i32, i32))| (low..=high).contains(wait);
    assert!(waits.iter().zip(bounds).all(is_within), "{waits:?}");
    let task = stopped.store.task(id).await.expect("read").expect("there");
    assert_eq!((task.status, task.attempts, task.failures), (TaskStatus::Failed, 5, 0));
    let error = task.error.expect("an error");
    assert!(
        error["detail"].as_str().is_some_and(|text| text.contains("started 5 times")),
        "{error}"
    );
    let last = stopped.store.events_after(0, 100).await.expect("read").pop().expect("an event");
    assert_eq!(last.payload, json!({"id": id, "status": "failed"}));
    assert!(stopped.app.jobs().claim(TaskKinds::All).await.expect("asked").is_none());
    // A person may try again, from the start.
    let mut tx = stopped.store.begin().await.expect("begun");
    tx.restart_task(id, stopped.clock.now()).await.expect("asked").expect("restarted");
    tx.save().await.expect("saved");
    stopped.lose(id).await;
    let task = stopped.store.task(id).await.expect("read").expect("there");
    assert_eq!(task.status, TaskStatus::Pending);
    stopped.store.close().await;
    database.remove().await;
}

async fn an_outcome_ends_the_count_of_lost_runs(database: TestDatabase) {
    let stopped = Stopped::new(&database).await;
    let id = stopped.enqueue().await;
    for round in 0..3 {
        for _ in 0..4 {
            stopped.lose(id).await;
        }
        stopped.clock.advance(TimeDelta::minutes(1));
        let lease =
            stopped.app.jobs().claim(TaskKinds::All).await.expect("asked").expect("it is due");
        if round == 0 {
            let error = AppError::new(ErrorKind::Unavailable, "It failed.");
            stopped.app.jobs().record_failure(&lease, &error).await.expect("recorded");
        } else {
            let mut tx = stopped.store.begin().await.expect("begun");
            lease
                .defer(&mut tx, &json!({"keys": []}), stopped.clock.now())
                .await
                .expect("deferred");
            tx.save().await.expect("saved");
        }
    }
    let task = stopped.store.task(id).await.expect("read").expect("there");
    assert_eq!((task.status, task.attempts), (TaskStatus::Pending, 15));
    stopped.store.close().await;
    database.remove().await;
}
