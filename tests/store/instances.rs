//! Instances, limits of attempts that hold across them, and files that rows hold until a bucket has them.

use bytes::Bytes;
use calliope::store::{AttemptLimit, MAX_INPUT_IN_ROW, MediaObject, Store};
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::TestDatabase;
use crate::{at, on_both};

on_both! {
    an_instance_knows_the_others_that_run;
    attempts_come_at_once_and_grow_back;
    a_clock_that_was_set_back_locks_nobody_out;
    a_row_holds_a_file_until_the_bucket_has_it;
    inputs_are_uploaded_only_where_others_need_them;
}

async fn renew(store: &Store, now: DateTime<Utc>) {
    let mut tx = store.begin().await.expect("begun");
    tx.renew_instance(at(0), now).await.expect("renewed");
    tx.save().await.expect("saved");
}

async fn an_instance_knows_the_others_that_run(database: TestDatabase) {
    let (here, there) = (database.store().await, database.store().await);
    assert_ne!(here.instance_id(), there.instance_id());
    renew(&here, at(0)).await;
    renew(&there, at(10)).await;
    assert_eq!(here.other_instances(at(5)).await.expect("read"), [there.instance_id()]);
    assert!(there.other_instances(at(5)).await.expect("read").is_empty(), "that one was silent");
    // Only one that came later has certainly seen the other.
    assert_eq!(here.acquainted_instances(at(0)).await.expect("read"), [there.instance_id()]);
    assert!(there.acquainted_instances(at(-5)).await.expect("read").is_empty());
    renew(&here, at(20)).await;
    assert_eq!(there.acquainted_instances(at(5)).await.expect("read"), [here.instance_id()]);
    let mut tx = there.begin().await.expect("begun");
    tx.delete_instance().await.expect("deleted");
    tx.save().await.expect("saved");
    assert!(here.other_instances(at(5)).await.expect("read").is_empty());
    // One that ended without a word is forgotten after a while.
    renew(&there, at(-1)).await;
    renew(&here, at(30)).await;
    assert!(here.other_instances(at(-100)).await.expect("read").is_empty());
    here.close().await;
    there.close().await;
    database.remove().await;
}

const LIMIT: AttemptLimit = AttemptLimit { attempts: 4, period: TimeDelta::minutes(1) };

/// Counts an attempt. Returns the seconds until the next is allowed, or `None` if this one is.
async fn attempt(store: &Store, key: &[u8], now: DateTime<Utc>) -> Option<i64> {
    let mut tx = store.begin().await.expect("begun");
    let allowed = tx.count_attempt(key, LIMIT, now).await.expect("counted");
    tx.save().await.expect("saved");
    allowed.map(|allowed| (allowed - now).num_seconds())
}

async fn attempts_come_at_once_and_grow_back(database: TestDatabase) {
    let store = database.store().await;
    for _ in 0..4 {
        assert_eq!(attempt(&store, b"a", at(0)).await, None);
    }
    assert_eq!(attempt(&store, b"a", at(0)).await, Some(15));
    assert_eq!(attempt(&store, b"a", at(5)).await, Some(10), "a refused attempt is not counted");
    assert_eq!(attempt(&store, b"b", at(5)).await, None, "another key");
    assert_eq!(attempt(&store, b"a", at(15)).await, None);
    assert_eq!(attempt(&store, b"a", at(15)).await, Some(15));
    let mut tx = store.begin().await.expect("begun");
    tx.delete_full_attempt_limits(at(40)).await.expect("deleted");
    tx.save().await.expect("saved");
    assert_eq!(attempt(&store, b"a", at(15)).await, Some(15), "still counted");
    for _ in 0..4 {
        assert_eq!(attempt(&store, b"a", at(1000)).await, None, "all of it has grown back");
    }
    store.close().await;
    database.remove().await;
}

async fn a_clock_that_was_set_back_locks_nobody_out(database: TestDatabase) {
    let store = database.store().await;
    for _ in 0..4 {
        assert_eq!(attempt(&store, b"a", at(86_400)).await, None);
    }
    for _ in 0..4 {
        assert_eq!(attempt(&store, b"a", at(0)).await, None);
    }
    assert_eq!(attempt(&store, b"a", at(0)).await, Some(15));
    store.close().await;
    database.remove().await;
}

fn object(key: &str, kind: &str, content: Vec<u8>) -> MediaObject {
    MediaObject {
        key: key.to_owned(),
        kind: kind.to_owned(),
        client_id: Some("s".to_owned()),
        size: i64::try_from(content.len()).expect("small"),
        content_type: "image/png".to_owned(),
        sha256: vec![7; 32],
        date_created: at(0),
        location: None,
        date_synced: None,
        date_compared: None,
        original_type: None,
        content: Some(content.into()),
    }
}

async fn insert(store: &Store, object: &MediaObject) {
    let mut tx = store.begin().await.expect("begun");
    tx.upsert_media_object(object).await.expect("inserted");
    tx.save().await.expect("saved");
}

async fn content(store: &Store, key: &str) -> Option<Bytes> {
    store.media_object_with_content(key).await.expect("read").expect("exists").content
}

async fn a_row_holds_a_file_until_the_bucket_has_it(database: TestDatabase) {
    let store = database.store().await;
    let (small, large) = (
        object("input/small", "input", vec![1; MAX_INPUT_IN_ROW]),
        object("media/large", "frame", vec![2; MAX_INPUT_IN_ROW + 1]),
    );
    for object in [&small, &large] {
        insert(&store, object).await;
        assert_eq!(content(&store, &object.key).await, object.content);
        let without = MediaObject { content: None, ..object.clone() };
        assert_eq!(store.media_object(&object.key).await.expect("read"), Some(without));
    }
    // The small one does not wait for a bucket.
    assert_eq!(store.bytes_held_for_bucket().await.expect("measured"), large.size);
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.mark_synced(&large, "s3://b/media/large", at(1)).await.expect("marked"));
    tx.hold_content(&large, &Bytes::from_static(b"too late")).await.expect("ignored");
    tx.save().await.expect("saved");
    assert_eq!(content(&store, &large.key).await, None);
    assert_eq!(store.bytes_held_for_bucket().await.expect("measured"), 0);
    let mut tx = store.begin().await.expect("begun");
    tx.mark_unsynced(&large).await.expect("marked");
    tx.hold_content(&large, &Bytes::from_static(b"again")).await.expect("held");
    assert_eq!(tx.lock_client_bytes("s").await.expect("measured"), small.size + large.size);
    tx.save().await.expect("saved");
    assert_eq!(content(&store, &large.key).await, Some(Bytes::from_static(b"again")));
    store.close().await;
    database.remove().await;
}

async fn inputs_are_uploaded_only_where_others_need_them(database: TestDatabase) {
    let store = database.store().await;
    for (key, kind, size) in [
        ("input/small", "input", MAX_INPUT_IN_ROW),
        ("input/large", "input", MAX_INPUT_IN_ROW + 1),
        ("media/small", "frame", 1),
    ] {
        insert(&store, &object(key, kind, vec![0; size])).await;
    }
    let unsynced = store.unsynced_files((DateTime::UNIX_EPOCH, ""), 10).await.expect("listed");
    let keys: Vec<&str> = unsynced.iter().map(|object| object.key.as_str()).collect();
    let expected: &[&str] =
        if store.is_sqlite() { &["media/small"] } else { &["input/large", "media/small"] };
    assert_eq!(keys, expected);
    let backlog = store.sync_backlog().await.expect("counted").files;
    assert_eq!(backlog, i64::try_from(expected.len()).expect("few"));
    store.close().await;
    database.remove().await;
}
