//! A job that lost its lease fails with `LeaseLost`, and saves nothing.

use calliope::app::jobs::AnyJob;
use calliope::app::{App, AppError, ErrorKind};
use calliope::domain::{ClientId, TaskKind, TaskStatus};
use calliope::store::{Lease, NewTask, Store};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::on_both;
use crate::support::{TestDatabase, TestOptions, build_app};

on_both! {
    a_job_that_lost_its_lease_saves_nothing;
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
    let lease = app.jobs().claim().await.expect("asked").expect("one is due");
    let mut tx = store.begin().await.expect("begun");
    tx.release_expired_leases(app.started_at() + TimeDelta::days(1)).await.expect("released");
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
    let stopping = CancellationToken::new();
    let app = build_app(store.clone(), database.storage(), stopping, TestOptions::default());
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
