//! Events, idempotency keys, migrations, sole use, and that every query has its index.

use calliope::domain::{EventKind, TaskKind};
use calliope::store::{IdempotencyKey, IdempotencyRecord, NewTask, Store, StoreError};
use serde_json::json;
use uuid::Uuid;

use crate::support::TestDatabase;
use crate::{at, on_both};

on_both! {
    events_are_read_from_where_one_left_off;
    a_key_is_used_once_a_day;
    a_key_has_the_answer_to_its_request;
    migrations_are_applied_once;
    the_database_answers;
    pools_tell_how_they_stand;
    a_sweep_knows_how_far_the_last_one_came;
}

async fn a_sweep_knows_how_far_the_last_one_came(database: TestDatabase) {
    let store = database.store().await;
    assert_eq!(store.orphans_checked_until().await.expect("read"), None);
    for now in [at(0), at(5)] {
        let mut tx = store.begin().await.expect("begun");
        tx.insert_installation(now).await.expect("noted once");
        tx.save().await.expect("saved");
        assert_eq!(store.orphans_checked_until().await.expect("read"), Some(at(0)));
    }
    let mut tx = store.begin().await.expect("begun");
    tx.set_orphans_checked_until(at(9)).await.expect("noted");
    tx.save().await.expect("saved");
    assert_eq!(store.orphans_checked_until().await.expect("read"), Some(at(9)));
    store.close().await;
    database.remove().await;
}

async fn events_are_read_from_where_one_left_off(database: TestDatabase) {
    let store = database.store().await;
    let id = Uuid::now_v7();
    for (kind, number) in [(EventKind::Task, 0), (EventKind::Frame, 1), (EventKind::Story, 2)] {
        let mut tx = store.begin().await.expect("begun");
        tx.publish(kind, Some("s"), Some(id), json!({"number": number}), at(number));
        tx.publish(kind, Some("s"), Some(Uuid::now_v7()), json!({}), at(0));
        tx.save().await.expect("saved");
    }
    let events = store.events_of_story(id, 0, 10).await.expect("read");
    let kinds: Vec<EventKind> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Task, EventKind::Frame, EventKind::Story]);
    assert_eq!((&events[1].payload, events[1].date_created), (&json!({"number": 1}), at(1)));
    let rest = store.events_of_story(id, events[0].id, 1).await.expect("read");
    assert_eq!(rest, events[1..2]);
    store.close().await;
    database.remove().await;
}

async fn task(store: &Store) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = store.begin().await.expect("begun");
    let (kind, payload) = (TaskKind::TellFrame, &json!({}));
    let task =
        NewTask { id, kind, lane: None, client_id: None, story_id: None, payload, now: at(0) };
    tx.enqueue(task).await.expect("enqueued");
    tx.save().await.expect("saved");
    id
}

async fn a_key_is_used_once_a_day(database: TestDatabase) {
    let store = database.store().await;
    let key = IdempotencyKey { scope: "call".into(), key: "k".into(), fingerprint: [1; 32] };
    let (first, second) = (task(&store).await, task(&store).await);
    let day = 86_400;
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.acquire_idempotency_key(&key, Some(first), at(-day), at(0)).await.expect("taken"));
    assert!(!tx.acquire_idempotency_key(&key, Some(second), at(-day), at(0)).await.expect("asked"));
    assert!(!tx.acquire_idempotency_key(&key, None, at(-day), at(0)).await.expect("asked"));
    let elsewhere = IdempotencyKey { scope: "another call".into(), ..key.clone() };
    assert!(
        tx.acquire_idempotency_key(&elsewhere, Some(second), at(-day), at(0)).await.expect("taken")
    );
    tx.release_idempotency_key(&key).await.expect("asked");
    tx.save().await.expect("saved");
    let used = store.idempotency_record(&key, at(-day)).await.expect("read").expect("taken above");
    assert_eq!((used.task_id, used.fingerprint), (Some(first), vec![1; 32]));
    assert_eq!((used.status, used.headers, used.body), (None, None, None));
    assert_eq!(store.idempotency_record(&key, at(1)).await.expect("read"), None, "too long ago");
    let mut tx = store.begin().await.expect("begun");
    assert!(
        tx.acquire_idempotency_key(&key, Some(second), at(1), at(day)).await.expect("taken anew")
    );
    assert_eq!(tx.delete_old_idempotency_keys(at(day)).await.expect("forgotten"), 1);
    tx.save().await.expect("saved");
    store.close().await;
    database.remove().await;
}

async fn a_key_has_the_answer_to_its_request(database: TestDatabase) {
    let store = database.store().await;
    let key =
        |key: &str| IdempotencyKey { scope: "call".into(), key: key.into(), fingerprint: [1; 32] };
    let (answered, secret, refused) = (key("a"), key("b"), key("c"));
    let headers = json!({"content-type": "text/plain"});
    let mut tx = store.begin().await.expect("begun");
    for key in [&answered, &secret, &refused] {
        assert!(tx.acquire_idempotency_key(key, None, at(-9), at(0)).await.expect("taken"));
    }
    tx.save().await.expect("saved");
    let used =
        async |key: &IdempotencyKey| store.idempotency_record(key, at(-9)).await.expect("read");
    let is_empty = |used: &IdempotencyRecord| used.task_id.is_none() && used.status.is_none();
    assert!(used(&answered).await.is_some_and(|used| is_empty(&used)), "it is under way");
    let mut tx = store.begin().await.expect("begun");
    tx.save_response(&answered, 201, &headers, Some(b"done")).await.expect("kept");
    tx.save_response(&secret, 200, &headers, None).await.expect("kept");
    for key in [&answered, &secret, &refused] {
        tx.release_idempotency_key(key).await.expect("asked");
    }
    tx.save().await.expect("saved");
    let kept = used(&answered).await.expect("an answer stays");
    assert_eq!(
        (kept.status, kept.headers, kept.body),
        (Some(201), Some(headers), Some(b"done".into()))
    );
    let kept = used(&secret).await.expect("an answer stays");
    assert_eq!((kept.status, kept.body), (Some(200), None));
    assert_eq!(used(&refused).await, None, "what changed nothing may be sent again");

    let id = task(&store).await;
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.acquire_idempotency_key(&answered, None, at(1), at(2)).await.expect("taken anew"));
    assert!(tx.acquire_idempotency_key(&secret, Some(id), at(1), at(2)).await.expect("taken anew"));
    tx.save().await.expect("saved");
    assert!(used(&answered).await.is_some_and(|used| is_empty(&used) && used.body.is_none()));
    let named = store.scan_idempotency_keys(("", ""), 9).await.expect("read");
    assert_eq!(named, [("call".to_owned(), "a".to_owned(), None)], "tasks are not among them");
    let mut tx = store.begin().await.expect("begun");
    tx.remove_task(id).await.expect("removed");
    tx.save().await.expect("saved");
    assert_eq!(used(&secret).await, None, "a key goes with its task");
    store.close().await;
    database.remove().await;
}

async fn migrations_are_applied_once(database: TestDatabase) {
    let store = Store::connect(&database.settings).await.expect("connected");
    let pending = store.pending_migrations().await.expect("looked");
    assert!(pending.len() >= 3 && pending[0].version == 1, "{pending:?}");
    store.migrate().await.expect("migrated");
    store.migrate().await.expect("migrated again");
    assert_eq!(store.pending_migrations().await.expect("looked"), []);
    store.close().await;
    database.remove().await;
}

async fn pools_tell_how_they_stand(database: TestDatabase) {
    let store = database.store().await;
    let names: Vec<&str> = store.pool_statuses().iter().map(|pool| pool.pool).collect();
    assert_eq!(names, if store.is_sqlite() { vec!["read", "write"] } else { vec!["postgres"] });
    let writer = || store.pool_statuses().pop().expect("a pool that writes");
    let in_use = || writer().open - writer().idle;
    // What the tables were made with goes back by itself, a moment later.
    while in_use() > 0 {
        tokio::task::yield_now().await;
    }
    let tx = store.begin().await.expect("begun");
    assert_eq!(in_use(), 1, "{:?}", writer());
    assert_eq!(writer().max, if store.is_sqlite() { 1 } else { 8 });
    drop(tx);
    store.close().await;
    assert_eq!(writer().open, 0);
    database.remove().await;
}

async fn the_database_answers(database: TestDatabase) {
    let store = database.store().await;
    store.ping().await.expect("an answer");
    store.close().await;
    assert!(store.ping().await.is_err(), "closed");
    database.remove().await;
}

#[tokio::test]
async fn a_sqlite_file_serves_one_process() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let path = &database.settings.path;
    let held = store.acquire_database_lock(path).expect("free").expect("SQLite is held");
    assert!(matches!(store.acquire_database_lock(path), Err(StoreError::InUse(_))));
    drop(held);
    assert!(store.acquire_database_lock(path).is_ok());
    store.close().await;
}

/// The statements that run for every frame and every read, as the store has them, must not scan a table.
#[tokio::test]
async fn every_query_has_its_index() {
    let database = TestDatabase::sqlite();
    database.store().await.close().await;
    let url = format!("sqlite://{}", database.settings.path.display());
    let pool = sqlx::SqlitePool::connect(&url).await.expect("opened");
    let source = store_sources();
    let mut looked_at = 0;
    let no_table = ["SCAN waiting", "SCAN CONSTANT ROW"];
    let dialect =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/dialect/mod.rs"));
    let claim = claim_statement(&dialect.expect("a source"));
    // A report of all that is kept reads all that is kept, when someone asks for it.
    let is_report = |sql: &String| sql.contains("GROUP BY client_id, kind");
    let reports = statements(&source).iter().filter(|sql| is_report(sql)).count();
    assert_eq!(reports, 1, "only what is stored is counted so");
    let others = statements(&source).into_iter().filter(|sql| !is_report(sql));
    for mut sql in others.chain([claim]) {
        // Sets are bound when their size is known; one of two shows the plan of all.
        if sql.ends_with("IN (") {
            sql += "$1, $2)";
        }
        let explained = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(explained)
            .fetch_all(&pool)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"));
        for (_, _, _, step) in plan {
            let scans =
                step.starts_with("SCAN") && !step.contains("INDEX") && !no_table.contains(&&*step);
            assert!(!scans, "{sql}\nscans: {step}");
        }
        looked_at += 1;
    }
    assert!(looked_at >= 30, "only {looked_at} statements were found");
    pool.close().await;
}

/// The sources of the store whose statements stand for themselves. Configurations are few, and listed whole; a snapshot
/// is of everything.
fn store_sources() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store");
    let mut sources = String::new();
    for entry in std::fs::read_dir(folder).expect("the store's folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if !["dialect", "configs", "migrations", "pools", "snapshot"].contains(&name.as_str())
            && path.is_file()
        {
            sources += &std::fs::read_to_string(&path).expect("a source");
        }
    }
    sources
}

/// The statement that claims a task, which is put together from pieces.
fn claim_statement(source: &str) -> String {
    let (_, pieces) = source.split_once("concat!(").expect("the pieces");
    let (pieces, _) = pieces.split_once("$skip").expect("the end");
    let sql: String = pieces.split('"').skip(1).step_by(2).collect();
    assert!(sql.starts_with("UPDATE task SET status = 'running'"), "{sql}");
    format!("{sql}) RETURNING *")
}

/// The string constants of a source that are SQL, with their line continuations undone.
fn statements(source: &str) -> Vec<String> {
    let joined = source.split("\\\n").map(str::trim_start).collect::<String>();
    joined
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| {
            let is_sql = |verb: &&str| text.starts_with(*verb);
            // One that ends with a space is completed when it runs.
            ["SELECT ", "INSERT ", "UPDATE ", "DELETE "].iter().any(is_sql) && !text.ends_with(' ')
        })
        .map(str::to_owned)
        .collect()
}
