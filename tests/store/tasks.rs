//! The task table: claimed once, in order, one at a time in a lane.

use calliope::domain::{TaskKind, TaskStatus};
use calliope::store::{Announcement, NewTask, Store, Task};
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

async fn claim(store: &Store, owner: Uuid, now: DateTime<Utc>) -> Option<Task> {
    let mut tx = store.begin().await.expect("begun");
    let task = tx.claim(owner, now + chrono::TimeDelta::seconds(10), now).await.expect("claimed");
    if task.is_some() {
        tx.save().await.expect("saved");
    }
    task
}

async fn status(store: &Store, id: Uuid) -> TaskStatus {
    store.task(id).await.expect("read").expect("there").status
}

async fn a_task_goes_its_whole_road(database: TestDatabase) {
    let store = database.store().await;
    let mut news = store.announcements();
    let owner = Uuid::now_v7();
    let id = enqueue(&store, Some("lane"), at(0)).await;
    assert_eq!(news.recv().await, Ok(Announcement::TaskReady));
    let task = claim(&store, owner, at(1)).await.expect("one is due");
    assert_eq!((task.id, task.attempts, task.status), (id, 1, TaskStatus::Running));
    assert_eq!((task.payload, task.date_started), (json!({"n": 1}), Some(at(1))));
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.keep_lease(id, owner, at(20), Some("tell")).await.expect("kept"));
    assert!(tx.complete(id, owner, &json!({"done": true}), at(2)).await.expect("completed"));
    tx.save().await.expect("saved");
    assert_eq!(news.recv().await, Ok(Announcement::TaskEnded(id)));
    let task = store.task(id).await.expect("read").expect("there");
    assert_eq!((task.status, task.date_completed), (TaskStatus::Completed, Some(at(2))));
    assert_eq!((task.result, task.error, task.step), (Some(json!({"done": true})), None, None));
    assert_eq!(store.task(Uuid::now_v7()).await.expect("read"), None);
    store.close().await;
    database.remove().await;
}

async fn a_lane_runs_one_at_a_time_in_order(database: TestDatabase) {
    let store = database.store().await;
    let owner = Uuid::now_v7();
    let first = enqueue(&store, Some("a"), at(0)).await;
    let second = enqueue(&store, Some("a"), at(0)).await;
    let other = enqueue(&store, Some("b"), at(0)).await;
    let free = [enqueue(&store, None, at(0)).await, enqueue(&store, None, at(0)).await];
    let mut claimed = Vec::new();
    while let Some(task) = claim(&store, owner, at(1)).await {
        claimed.push(task.id);
    }
    assert_eq!(claimed, [first, other, free[0], free[1]], "the second of lane a waits");
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.complete(first, owner, &Value::Null, at(2)).await.expect("completed"));
    tx.save().await.expect("saved");
    assert_eq!(claim(&store, owner, at(3)).await.map(|task| task.id), Some(second));
    store.close().await;
    database.remove().await;
}

async fn a_failed_one_holds_its_lane_until_it_is_done(database: TestDatabase) {
    let store = database.store().await;
    let owner = Uuid::now_v7();
    let first = enqueue(&store, Some("a"), at(0)).await;
    let second = enqueue(&store, Some("a"), at(0)).await;
    claim(&store, owner, at(1)).await.expect("the first");
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.retry(first, owner, &json!("why"), at(60)).await.expect("put back"));
    tx.save().await.expect("saved");
    assert_eq!(
        claim(&store, owner, at(2)).await,
        None,
        "the first is not due, the second behind it"
    );
    assert_eq!(store.next_due(at(2)).await.expect("read"), Some(at(60)));
    let again = claim(&store, owner, at(60)).await.expect("due now");
    assert_eq!((again.id, again.attempts, again.failures), (first, 2, 1));
    assert_eq!(again.error, Some(json!("why")));
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.fail(first, owner, &json!("for good"), at(61)).await.expect("given up"));
    tx.save().await.expect("saved");
    assert_eq!(status(&store, first).await, TaskStatus::Failed);
    assert_eq!(claim(&store, owner, at(62)).await.map(|task| task.id), Some(second));
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
                mine.extend(claim(&store, Uuid::now_v7(), at(1)).await.map(|task| task.id));
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
    let (owner, stranger) = (Uuid::now_v7(), Uuid::now_v7());
    let id = enqueue(&store, None, at(0)).await;
    claim(&store, owner, at(1)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    assert!(!tx.complete(id, stranger, &Value::Null, at(2)).await.expect("asked"));
    assert!(!tx.fail(id, stranger, &Value::Null, at(2)).await.expect("asked"));
    assert!(!tx.retry(id, stranger, &Value::Null, at(2)).await.expect("asked"));
    assert!(!tx.keep_lease(id, stranger, at(99), None).await.expect("asked"));
    tx.release(id, stranger).await.expect("asked");
    tx.save().await.expect("saved");
    assert_eq!(status(&store, id).await, TaskStatus::Running);
    store.close().await;
    database.remove().await;
}

async fn a_released_task_was_never_claimed(database: TestDatabase) {
    let store = database.store().await;
    let owner = Uuid::now_v7();
    let id = enqueue(&store, None, at(0)).await;
    claim(&store, owner, at(1)).await.expect("claimed");
    let mut tx = store.begin().await.expect("begun");
    tx.release(id, owner).await.expect("released");
    tx.save().await.expect("saved");
    let task = store.task(id).await.expect("read").expect("there");
    assert_eq!((task.status, task.attempts), (TaskStatus::Pending, 0));
    store.close().await;
    database.remove().await;
}

async fn an_expired_lease_is_taken_back(database: TestDatabase) {
    let store = database.store().await;
    let owner = Uuid::now_v7();
    let id = enqueue(&store, None, at(0)).await;
    claim(&store, owner, at(1)).await.expect("claimed until 11");
    for (now, released) in [(at(11), 0), (at(12), 1), (at(13), 0)] {
        let mut tx = store.begin().await.expect("begun");
        assert_eq!(tx.release_expired(now).await.expect("released"), released);
        tx.save().await.expect("saved");
    }
    let again = claim(&store, Uuid::now_v7(), at(14)).await.expect("claimed again");
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
    assert_eq!(store.waiting_tasks(100).await.expect("counted"), 3);
    assert_eq!(store.waiting_tasks(2).await.expect("counted"), 2, "counted no further than asked");
    assert_eq!(store.next_due(at(0)).await.expect("read"), Some(at(5)));
    store.close().await;
    database.remove().await;
}

async fn what_is_called_off_or_tried_again_is_told_as_it_was_written(database: TestDatabase) {
    let store = database.store().await;
    let id = enqueue(&store, Some("lane"), at(0)).await;
    claim(&store, Uuid::now_v7(), at(1)).await.expect("one is due");
    let mut tx = store.begin().await.expect("begun");
    assert_eq!(tx.revive(id, at(2)).await.expect("tried"), None, "it runs");
    let cancelled = tx.cancel(id, at(2)).await.expect("tried").expect("it ran");
    assert_eq!((cancelled.status, cancelled.date_completed), (TaskStatus::Cancelled, Some(at(2))));
    assert_eq!(tx.cancel(id, at(3)).await.expect("tried"), None, "it has ended");
    tx.save().await.expect("saved");
    let mut tx = store.begin().await.expect("begun");
    let revived = tx.revive(id, at(4)).await.expect("tried").expect("it was called off");
    assert_eq!(
        (revived.status, revived.attempts, revived.date_started),
        (TaskStatus::Pending, 0, None)
    );
    tx.save().await.expect("saved");
    // Whoever claims it after that changes nothing of what was told.
    let again = claim(&store, Uuid::now_v7(), at(4)).await.expect("it is due again");
    assert_eq!((again.id, again.attempts), (id, 1));
    store.close().await;
    database.remove().await;
}
