//! The task table: claimed once, in order, one at a time in a lane.

use calliope::domain::{TaskKind, TaskStatus};
use calliope::store::{Lease, LeaseError, NewTask, Store, TaskNotice};
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
    a_lost_lease_ends_nothing;
    a_change_of_a_task_publishes_its_event;
    a_task_that_forgot_its_client_tells_nobody;
    a_released_task_was_never_claimed;
    an_expired_lease_is_taken_back;
    waiting_tasks_are_counted_and_dated;
    what_is_called_off_or_tried_again_is_told_as_it_was_written;
}

async fn enqueue(store: &Store, lane: Option<&str>, now: DateTime<Utc>) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = store.begin().await.expect("begun");
    let task = NewTask {
        id,
        kind: TaskKind::TellFrame,
        lane: lane.map(str::to_owned),
        client_id: Some("s"),
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
    let lease = tx.claim_task(Uuid::now_v7(), until, now).await.expect("claimed");
    if lease.is_some() {
        tx.save().await.expect("saved");
    }
    lease
}

async fn status(store: &Store, id: Uuid) -> TaskStatus {
    store.task(id).await.expect("read").expect("there").status
}

async fn a_task_goes_its_whole_road(database: TestDatabase) {
    let store = database.store().await;
    let mut news = store.subscribe();
    let id = enqueue(&store, Some("lane"), at(0)).await;
    assert_eq!(news.recv().await, Ok(TaskNotice::TaskReady));
    assert_eq!(news.recv().await, Ok(TaskNotice::EventLogged), "that it is pending");
    let lease = claim(&store, at(1)).await.expect("one is due");
    let task = lease.task().clone();
    assert_eq!((task.id, task.attempts, task.status), (id, 1, TaskStatus::Running));
    assert_eq!((task.payload, task.date_started), (json!({"n": 1}), Some(at(1))));
    let mut tx = store.begin().await.expect("begun");
    lease.extend(&mut tx, at(20), Some("tell")).await.expect("kept");
    lease.complete(&mut tx, &json!({"done": true}), at(2)).await.expect("completed");
    tx.save().await.expect("saved");
    assert_eq!(news.recv().await, Ok(TaskNotice::TaskEnded(id)));
    let task = store.task(id).await.expect("read").expect("there");
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
    lease.retry(&mut tx, &json!("why"), at(60), at(1)).await.expect("put back");
    tx.save().await.expect("saved");
    assert_eq!(claim(&store, at(2)).await, None, "the first is not due, the second behind it");
    assert_eq!(store.next_due(at(2)).await.expect("read"), Some(at(60)));
    let lease = claim(&store, at(60)).await.expect("due now");
    let again = lease.task();
    assert_eq!((again.id, again.attempts, again.failures), (first, 2, 1));
    assert_eq!(again.error, Some(json!("why")));
    let mut tx = store.begin().await.expect("begun");
    lease.fail(&mut tx, &json!("for good"), at(61)).await.expect("given up");
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
            enqueue(&store, Some(&lane.to_string()), at(0)).await;
        }
    }
    let workers = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            // A claim that another one beat comes back empty, so a few are tried.
            for _ in 0..20 {
                mine.extend(claim(&store, at(1)).await.map(|lease| lease.task().id));
            }
            mine
        })
    });
    let mut claimed = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        claimed.extend(worker.await.expect("a worker"));
    }
    let count = claimed.len();
    claimed.sort();
    claimed.dedup();
    assert_eq!((count, claimed.len()), (10, 10), "one of each lane, each once");
    store.close().await;
    database.remove().await;
}

async fn a_lost_lease_ends_nothing(database: TestDatabase) {
    let store = database.store().await;
    let id = enqueue(&store, None, at(0)).await;
    let lost = claim(&store, at(1)).await.expect("claimed until 11");
    let mut tx = store.begin().await.expect("begun");
    assert_eq!(tx.release_expired_leases(at(12)).await.expect("released"), 1);
    tx.save().await.expect("saved");
    let other = claim(&store, at(12)).await.expect("claimed by another");
    let mut tx = store.begin().await.expect("begun");
    let is_lost = |tried| matches!(tried, Err(LeaseError::Lost(_)));
    assert!(is_lost(lost.complete(&mut tx, &Value::Null, at(13)).await));
    assert!(is_lost(lost.fail(&mut tx, &Value::Null, at(13)).await));
    assert!(is_lost(lost.retry(&mut tx, &Value::Null, at(13), at(13)).await));
    assert!(is_lost(lost.defer(&mut tx, &Value::Null, at(13)).await));
    assert!(is_lost(lost.extend(&mut tx, at(99), None).await));
    assert!(is_lost(lost.enter_step(&mut tx, at(99), Some("tell"), at(13)).await));
    assert!(is_lost(lost.save_progress(&mut tx, &json!({"n": 2})).await));
    assert!(is_lost(lost.anonymize(&mut tx).await));
    lost.release(&mut tx).await.expect("asked");
    tx.save().await.expect("saved");
    let task = store.task(id).await.expect("read").expect("there");
    assert_eq!((task.status, task.step), (TaskStatus::Running, None));
    assert_eq!((task.payload, task.client_id.as_deref()), (json!({"n": 1}), Some("s")));
    assert_eq!(
        store.events_after(0, 10).await.expect("read").len(),
        1,
        "that it was enqueued, and nothing of the lost lease"
    );
    let mut tx = store.begin().await.expect("begun");
    other.complete(&mut tx, &Value::Null, at(14)).await.expect("its own");
    tx.save().await.expect("saved");
    store.close().await;
    database.remove().await;
}

async fn a_change_of_a_task_publishes_its_event(database: TestDatabase) {
    let store = database.store().await;
    let id = enqueue(&store, None, at(0)).await;
    let lease = claim(&store, at(1)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    lease.extend(&mut tx, at(20), None).await.expect("kept");
    lease.enter_step(&mut tx, at(20), Some("tell"), at(2)).await.expect("kept");
    lease.retry(&mut tx, &json!("why"), at(3), at(2)).await.expect("put back");
    tx.save().await.expect("saved");
    let lease = claim(&store, at(3)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    lease.defer(&mut tx, &json!({"n": 2}), at(4)).await.expect("put off");
    tx.save().await.expect("saved");
    let lease = claim(&store, at(4)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    lease.fail(&mut tx, &json!("for good"), at(5)).await.expect("given up");
    tx.restart_task(id, at(6)).await.expect("asked").expect("it failed");
    tx.cancel_task(id, at(7)).await.expect("asked").expect("it is open");
    tx.restart_task(id, at(8)).await.expect("asked").expect("it was cancelled");
    tx.save().await.expect("saved");
    let lease = claim(&store, at(9)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    lease.complete(&mut tx, &Value::Null, at(10)).await.expect("completed");
    tx.save().await.expect("saved");
    let events = store.events_after(0, 100).await.expect("read");
    let told: Vec<(Option<&str>, &str, &str)> = events
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
    assert_eq!(told, expected.map(|(status, step)| (Some("s"), status, step)));
    assert!(events.iter().all(|event| event.payload["id"] == json!(id)));
    store.close().await;
    database.remove().await;
}

async fn a_task_that_forgot_its_client_tells_nobody(database: TestDatabase) {
    let store = database.store().await;
    let id = enqueue(&store, Some("lane"), at(0)).await;
    let lease = claim(&store, at(1)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    lease.anonymize(&mut tx).await.expect("forgotten");
    lease.complete(&mut tx, &Value::Null, at(2)).await.expect("completed");
    tx.save().await.expect("saved");
    let task = store.task(id).await.expect("read").expect("there");
    assert_eq!((task.client_id, task.payload), (None, json!({})));
    assert_eq!(store.events_after(0, 10).await.expect("read").len(), 1, "that it was enqueued");
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
    for (now, released) in [(at(11), 0), (at(12), 1), (at(13), 0)] {
        let mut tx = store.begin().await.expect("begun");
        assert_eq!(tx.release_expired_leases(now).await.expect("released"), released);
        tx.save().await.expect("saved");
    }
    let lease = claim(&store, at(14)).await.expect("claimed again");
    let again = lease.task();
    assert_eq!((again.id, again.attempts, again.failures), (id, 2, 0), "a kill is no failure");
    store.close().await;
    database.remove().await;
}

async fn waiting_tasks_are_counted_and_dated(database: TestDatabase) {
    let store = database.store().await;
    assert_eq!(store.next_due(at(0)).await.expect("read"), None);
    for _ in 0..3 {
        enqueue(&store, Some("a"), at(5)).await;
    }
    assert_eq!(store.count_pending_tasks(100).await.expect("counted"), 3);
    assert_eq!(
        store.count_pending_tasks(2).await.expect("counted"),
        2,
        "counted no further than asked"
    );
    assert_eq!(store.next_due(at(0)).await.expect("read"), Some(at(5)));
    store.close().await;
    database.remove().await;
}

async fn what_is_called_off_or_tried_again_is_told_as_it_was_written(database: TestDatabase) {
    let store = database.store().await;
    let id = enqueue(&store, Some("lane"), at(0)).await;
    claim(&store, at(1)).await.expect("one is due");
    let mut tx = store.begin().await.expect("begun");
    assert_eq!(tx.restart_task(id, at(2)).await.expect("tried"), None, "it runs");
    let cancelled = tx.cancel_task(id, at(2)).await.expect("tried").expect("it ran");
    assert_eq!((cancelled.status, cancelled.date_completed), (TaskStatus::Cancelled, Some(at(2))));
    assert_eq!(tx.cancel_task(id, at(3)).await.expect("tried"), None, "it has ended");
    tx.save().await.expect("saved");
    let mut tx = store.begin().await.expect("begun");
    let revived = tx.restart_task(id, at(4)).await.expect("tried").expect("it was called off");
    assert_eq!(
        (revived.status, revived.attempts, revived.date_started),
        (TaskStatus::Pending, 0, None)
    );
    tx.save().await.expect("saved");
    // Whoever claims it after that changes nothing of what was told.
    let lease = claim(&store, at(4)).await.expect("it is due again");
    let again = lease.task();
    assert_eq!((again.id, again.attempts), (id, 1));
    store.close().await;
    database.remove().await;
}
