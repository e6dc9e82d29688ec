//! The task table: a task is claimed once, in order, and one at a time within a lane.

use calliope::domain::{TaskKind, TaskStatus};
use calliope::store::{Lease, LeaseError, NewTask, Store, TaskKinds, TaskNotice};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::TestDatabase;
use crate::{at, on_both};

on_both! {
    a_task_goes_its_whole_road;
    a_lane_runs_one_at_a_time_in_order;
    a_failed_one_holds_its_lane_until_it_is_done;
    what_is_claimed_at_once_is_claimed_once;
    one_client_does_not_occupy_all_workers;
    a_lost_lease_ends_nothing;
    a_change_of_a_task_publishes_its_event;
    a_task_that_forgot_its_client_tells_nobody;
    a_released_task_was_never_claimed;
    an_expired_lease_is_taken_back;
    waiting_tasks_are_counted_and_dated;
    what_is_called_off_or_tried_again_is_told_as_it_was_written;
}

async fn enqueue(store: &Store, lane: Option<&str>, now: DateTime<Utc>) -> Uuid {
    enqueue_for(store, "s", lane, now).await
}

async fn enqueue_for(
    store: &Store,
    client_id: &str,
    lane: Option<&str>,
    now: DateTime<Utc>,
) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = store.begin().await.expect("begun");
    let task = NewTask {
        id,
        kind: TaskKind::TellFrame,
        lane: lane.map(str::to_owned),
        client_id: Some(client_id),
        story_id: None,
        payload: &json!({"n": 1}),
        now,
    };
    tx.enqueue(task).await.expect("enqueued");
    tx.save().await.expect("saved");
    id
}

async fn claim(store: &Store, now: DateTime<Utc>) -> Option<Lease> {
    let mut tx = store.begin().await.expect("begun");
    let until = now + chrono::TimeDelta::seconds(10);
    let lease = tx.claim_task(TaskKinds::All, Uuid::now_v7(), until, now).await.expect("claimed");
    if lease.is_some() {
        tx.save().await.expect("saved");
    }
    lease
}

async fn status(store: &Store, id: Uuid) -> TaskStatus {
    store.task(id).await.expect("read").expect("exists").status
}

async fn a_task_goes_its_whole_road(database: TestDatabase) {
    let store = database.store().await;
    let mut notices = store.subscribe();
    let id = enqueue(&store, Some("lane"), at(0)).await;
    assert_eq!(notices.recv().await, Ok(TaskNotice::TaskReady));
    assert_eq!(notices.recv().await, Ok(TaskNotice::EventLogged), "the task is pending");
    let lease = claim(&store, at(1)).await.expect("a task is due");
    let task = lease.task().clone();
    assert_eq!((task.id, task.attempts, task.status), (id, 1, TaskStatus::Running));
    assert_eq!((task.payload, task.date_started), (json!({"n": 1}), Some(at(1))));
    let mut tx = store.begin().await.expect("begun");
    lease.extend(&mut tx, at(20), Some("tell")).await.expect("extended");
    lease.complete(&mut tx, &json!({"done": true}), at(2)).await.expect("completed");
    tx.save().await.expect("saved");
    assert_eq!(notices.recv().await, Ok(TaskNotice::TaskEnded(id)));
    let task = store.task(id).await.expect("read").expect("exists");
    assert_eq!((task.status, task.date_completed), (TaskStatus::Completed, Some(at(2))));
    assert_eq!((task.result, task.error, task.step), (Some(json!({"done": true})), None, None));
    assert_eq!(store.task(Uuid::now_v7()).await.expect("read"), None);
    store.close().await;
    database.remove().await;
}

async fn a_lane_runs_one_at_a_time_in_order(database: TestDatabase) {
    let store = database.store().await;
    let first = enqueue(&store, Some("a"), at(0)).await;
    let second = enqueue(&store, Some("a"), at(0)).await;
    let other = enqueue(&store, Some("b"), at(0)).await;
    let free = [enqueue(&store, None, at(0)).await, enqueue(&store, None, at(0)).await];
    let mut claimed = Vec::new();
    while let Some(lease) = claim(&store, at(1)).await {
        claimed.push(lease);
    }
    let ids: Vec<Uuid> = claimed.iter().map(|lease| lease.task().id).collect();
    assert_eq!(ids, [first, other, free[0], free[1]], "the second of lane a waits");
    let mut tx = store.begin().await.expect("begun");
    claimed[0].complete(&mut tx, &Value::Null, at(2)).await.expect("completed");
    tx.save().await.expect("saved");
    assert_eq!(claim(&store, at(3)).await.map(|lease| lease.task().id), Some(second));
    store.close().await;
    database.remove().await;
}

async fn a_failed_one_holds_its_lane_until_it_is_done(database: TestDatabase) {
    let store = database.store().await;
    let first = enqueue(&store, Some("a"), at(0)).await;
    let second = enqueue(&store, Some("a"), at(0)).await;
    let lease = claim(&store, at(1)).await.expect("the first");
    let mut tx = store.begin().await.expect("begun");
    lease.retry(&mut tx, &json!("why"), at(60), at(1)).await.expect("retried");
    tx.save().await.expect("saved");
    assert_eq!(claim(&store, at(2)).await, None, "the first is not due, the second waits for it");
    assert_eq!(store.next_due(TaskKinds::All, at(2)).await.expect("read"), Some(at(60)));
    let lease = claim(&store, at(60)).await.expect("due now");
    let again = lease.task();
    assert_eq!((again.id, again.attempts, again.failures), (first, 2, 1));
    assert_eq!(again.error, Some(json!("why")));
    let mut tx = store.begin().await.expect("begun");
    lease.fail(&mut tx, &json!("for good"), at(61)).await.expect("failed");
    tx.save().await.expect("saved");
    assert_eq!(status(&store, first).await, TaskStatus::Failed);
    assert_eq!(claim(&store, at(62)).await.map(|lease| lease.task().id), Some(second));
    store.close().await;
    database.remove().await;
}

async fn what_is_claimed_at_once_is_claimed_once(database: TestDatabase) {
    let store = database.store().await;
    for lane in 0..10 {
        for _ in 0..3 {
            let client_id = if lane % 2 == 0 { "s" } else { "another" };
            enqueue_for(&store, client_id, Some(&lane.to_string()), at(0)).await;
        }
    }
    let workers = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut ids = Vec::new();
            // A claim that loses against a concurrent one returns `None`, so each worker tries several times.
            for _ in 0..20 {
                ids.extend(claim(&store, at(1)).await.map(|lease| lease.task().id));
            }
            ids
        })
    });
    let mut claimed = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        claimed.extend(worker.await.expect("a worker"));
    }
    let count = claimed.len();
    claimed.sort();
    claimed.dedup();
    assert_eq!((count, claimed.len()), (10, 10), "one task of each lane, each once");
    store.close().await;
    database.remove().await;
}

async fn one_client_does_not_occupy_all_workers(database: TestDatabase) {
    let store = database.store().await;
    for _ in 0..12 {
        enqueue_for(&store, "busy", None, at(0)).await;
    }
    let other = enqueue_for(&store, "other", None, at(1)).await;
    let mut leases = Vec::new();
    while let Some(lease) = claim(&store, at(2)).await {
        leases.push(lease);
    }
    assert_eq!(leases.len(), 9, "eight of one client, and another's");
    assert_eq!(leases[8].task().id, other);
    let mut tx = store.begin().await.expect("begun");
    leases[0].complete(&mut tx, &Value::Null, at(3)).await.expect("completed");
    tx.save().await.expect("saved");
    let next = claim(&store, at(4)).await.expect("the client's next");
    assert_eq!(next.task().client_id.as_deref(), Some("busy"));
    assert_eq!(claim(&store, at(4)).await, None);
    assert_eq!(store.count_pending_tasks_of("busy", 100, 2).await.expect("counted").1, 2);
    assert_eq!(store.count_pending_tasks_of("busy", 100, 100).await.expect("counted").1, 3);
    assert_eq!(store.count_pending_tasks_of("other", 2, 100).await.expect("counted"), (2, 0));
    store.close().await;
    database.remove().await;
}

async fn a_lost_lease_ends_nothing(database: TestDatabase) {
    let store = database.store().await;
    let id = enqueue(&store, None, at(0)).await;
    let lost = claim(&store, at(1)).await.expect("claimed until 11");
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.release_expired_lease(id, at(12), at(12)).await.expect("released"));
    tx.save().await.expect("saved");
    let other = claim(&store, at(12)).await.expect("claimed by another");
    let mut tx = store.begin().await.expect("begun");
    let is_lost = |result| matches!(result, Err(LeaseError::Lost(_)));
    assert!(is_lost(lost.complete(&mut tx, &Value::Null, at(13)).await));
    assert!(is_lost(lost.fail(&mut tx, &Value::Null, at(13)).await));
    assert!(is_lost(lost.retry(&mut tx, &Value::Null, at(13), at(13)).await));
    assert!(is_lost(lost.defer(&mut tx, &Value::Null, at(13)).await));
    assert!(is_lost(lost.extend(&mut tx, at(99), None).await));
    assert!(is_lost(lost.enter_step(&mut tx, at(99), Some("tell"), at(13)).await));
    assert!(is_lost(lost.save_progress(&mut tx, &json!({"n": 2})).await));
    assert!(is_lost(lost.anonymize(&mut tx).await));
    lost.release(&mut tx).await.expect("no error");
    tx.save().await.expect("saved");
    let task = store.task(id).await.expect("read").expect("exists");
    assert_eq!((task.status, task.step), (TaskStatus::Running, None));
    assert_eq!((task.payload, task.client_id.as_deref()), (json!({"n": 1}), Some("s")));
    assert_eq!(
        store.events_after(0, 10).await.expect("read").len(),
        1,
        "the task was enqueued; the lost lease published nothing"
    );
    let mut tx = store.begin().await.expect("begun");
    other.complete(&mut tx, &Value::Null, at(14)).await.expect("completed");
    tx.save().await.expect("saved");
    store.close().await;
    database.remove().await;
}

async fn a_change_of_a_task_publishes_its_event(database: TestDatabase) {
    let store = database.store().await;
    let id = enqueue(&store, None, at(0)).await;
    let lease = claim(&store, at(1)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    lease.extend(&mut tx, at(20), None).await.expect("extended");
    lease.enter_step(&mut tx, at(20), Some("tell"), at(2)).await.expect("extended");
    lease.retry(&mut tx, &json!("why"), at(3), at(2)).await.expect("retried");
    tx.save().await.expect("saved");
    let lease = claim(&store, at(3)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    lease.defer(&mut tx, &json!({"n": 2}), at(4)).await.expect("deferred");
    tx.save().await.expect("saved");
    let lease = claim(&store, at(4)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    lease.fail(&mut tx, &json!("for good"), at(5)).await.expect("failed");
    tx.restart_task(id, at(6)).await.expect("no error").expect("it failed");
    tx.cancel_task(id, at(7)).await.expect("no error").expect("it is open");
    tx.restart_task(id, at(8)).await.expect("no error").expect("it was cancelled");
    tx.save().await.expect("saved");
    let lease = claim(&store, at(9)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    lease.complete(&mut tx, &Value::Null, at(10)).await.expect("completed");
    tx.save().await.expect("saved");
    let events = store.events_after(0, 100).await.expect("read");
    let published: Vec<(Option<&str>, &str, &str)> = events
        .iter()
        .map(|event| {
            let word = |name: &str| event.payload[name].as_str().unwrap_or_default();
            (event.client_id.as_deref(), word("status"), word("step"))
        })
        .collect();
    let expected = [
        ("pending", ""),
        ("running", "tell"),
        ("pending", ""),
        ("failed", ""),
        ("pending", ""),
        ("cancelled", ""),
        ("pending", ""),
        ("completed", ""),
    ];
    assert_eq!(published, expected.map(|(status, step)| (Some("s"), status, step)));
    assert!(events.iter().all(|event| event.payload["id"] == json!(id)));
    store.close().await;
    database.remove().await;
}

async fn a_task_that_forgot_its_client_tells_nobody(database: TestDatabase) {
    let store = database.store().await;
    let id = enqueue(&store, Some("lane"), at(0)).await;
    let lease = claim(&store, at(1)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    lease.anonymize(&mut tx).await.expect("anonymized");
    lease.complete(&mut tx, &Value::Null, at(2)).await.expect("completed");
    tx.save().await.expect("saved");
    let task = store.task(id).await.expect("read").expect("exists");
    assert_eq!((task.client_id, task.payload), (None, json!({})));
    assert_eq!(store.events_after(0, 10).await.expect("read").len(), 1, "the task was enqueued");
    store.close().await;
    database.remove().await;
}

async fn a_released_task_was_never_claimed(database: TestDatabase) {
    let store = database.store().await;
    let id = enqueue(&store, None, at(0)).await;
    let lease = claim(&store, at(1)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    lease.release(&mut tx).await.expect("released");
    tx.save().await.expect("saved");
    let task = store.task(id).await.expect("read").expect("there");
    assert_eq!((task.status, task.attempts), (TaskStatus::Pending, 0));
    store.close().await;
    database.remove().await;
}

async fn an_expired_lease_is_taken_back(database: TestDatabase) {
    let store = database.store().await;
    let id = enqueue(&store, None, at(0)).await;
    claim(&store, at(1)).await.expect("claimed until 11");
    for (now, released) in [(at(11), false), (at(12), true), (at(13), false)] {
        let mut tx = store.begin().await.expect("begun");
        let expired = tx.expired_leases(now).await.expect("found");
        assert_eq!(
            expired.iter().map(|lease| lease.id).collect::<Vec<_>>(),
            if released { vec![id] } else { vec![] }
        );
        assert_eq!(tx.release_expired_lease(id, now, at(14)).await.expect("released"), released);
        tx.save().await.expect("saved");
    }
    assert_eq!(claim(&store, at(13)).await, None, "it is due later");
    let lease = claim(&store, at(14)).await.expect("claimed again");
    let again = lease.task();
    assert_eq!(
        (again.id, again.attempts, again.failures),
        (id, 2, 0),
        "a kill does not count as a failure"
    );
    store.close().await;
    database.remove().await;
}

async fn waiting_tasks_are_counted_and_dated(database: TestDatabase) {
    let store = database.store().await;
    assert_eq!(store.next_due(TaskKinds::All, at(0)).await.expect("read"), None);
    for _ in 0..3 {
        enqueue(&store, Some("a"), at(5)).await;
    }
    assert_eq!(store.count_pending_tasks(100).await.expect("counted"), 3);
    assert_eq!(store.count_pending_tasks(2).await.expect("counted"), 2, "counted up to the limit");
    assert_eq!(store.next_due(TaskKinds::All, at(0)).await.expect("read"), Some(at(5)));
    store.close().await;
    database.remove().await;
}

async fn what_is_called_off_or_tried_again_is_told_as_it_was_written(database: TestDatabase) {
    let store = database.store().await;
    let id = enqueue(&store, Some("lane"), at(0)).await;
    claim(&store, at(1)).await.expect("a task is due");
    let mut tx = store.begin().await.expect("begun");
    assert_eq!(tx.restart_task(id, at(2)).await.expect("no error"), None, "the task is running");
    let cancelled =
        tx.cancel_task(id, at(2)).await.expect("no error").expect("the task was running");
    assert_eq!((cancelled.status, cancelled.date_completed), (TaskStatus::Cancelled, Some(at(2))));
    assert_eq!(tx.cancel_task(id, at(3)).await.expect("no error"), None, "the task has ended");
    tx.save().await.expect("saved");
    let mut tx = store.begin().await.expect("begun");
    let restarted =
        tx.restart_task(id, at(4)).await.expect("no error").expect("the task was cancelled");
    assert_eq!(
        (restarted.status, restarted.attempts, restarted.date_started),
        (TaskStatus::Pending, 0, None)
    );
    tx.save().await.expect("saved");
    // A later claim does not change what `restart_task` returned.
    let lease = claim(&store, at(4)).await.expect("the task is due again");
    let again = lease.task();
    assert_eq!((again.id, again.attempts), (id, 1));
    store.close().await;
    database.remove().await;
}
