//! Events, idempotency keys, migrations, the lock of a SQLite file, and a check that every query has its index.

use std::collections::BTreeSet;

use calliope::domain::{EventKind, TaskKind};
use calliope::store::{IdempotencyKey, IdempotencyRecord, NewTask, Store, StoreError};
use serde_json::json;
use sqlx::{Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

use crate::support::{TestDatabase, pause};
use crate::{at, on_both};

on_both! {
    events_are_read_from_where_one_left_off;
    a_key_is_used_once_a_day;
    a_key_has_the_answer_to_its_request;
    migrations_are_applied_once;
    the_database_answers;
    pools_tell_how_they_stand;
    a_sweep_knows_how_far_the_last_one_came;
    the_index_of_awaited_tasks_names_their_kinds;
}

async fn a_sweep_knows_how_far_the_last_one_came(database: TestDatabase) {
    let store = database.store().await;
    assert_eq!(store.orphans_checked_until().await.expect("read"), None);
    for now in [at(0), at(5)] {
        let mut tx = store.begin().await.expect("begun");
        tx.insert_installation(now).await.expect("inserted once");
        tx.save().await.expect("saved");
        assert_eq!(store.orphans_checked_until().await.expect("read"), Some(at(0)));
    }
    let mut tx = store.begin().await.expect("begun");
    tx.set_orphans_checked_until(at(9)).await.expect("saved");
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
    assert!(tx.acquire_idempotency_key(&key, Some(first), at(-day), at(0)).await.expect("claimed"));
    assert!(
        !tx.acquire_idempotency_key(&key, Some(second), at(-day), at(0)).await.expect("no error")
    );
    assert!(!tx.acquire_idempotency_key(&key, None, at(-day), at(0)).await.expect("no error"));
    let other_scope = IdempotencyKey { scope: "another call".into(), ..key.clone() };
    assert!(
        tx.acquire_idempotency_key(&other_scope, Some(second), at(-day), at(0))
            .await
            .expect("claimed")
    );
    tx.release_idempotency_key(&key).await.expect("no error");
    tx.save().await.expect("saved");
    let used =
        store.idempotency_record(&key, at(-day)).await.expect("read").expect("claimed above");
    assert_eq!((used.task_id, used.fingerprint), (Some(first), vec![1; 32]));
    assert_eq!((used.status, used.headers, used.body), (None, None, None));
    assert_eq!(store.idempotency_record(&key, at(1)).await.expect("read"), None, "too long ago");
    let mut tx = store.begin().await.expect("begun");
    assert!(
        tx.acquire_idempotency_key(&key, Some(second), at(1), at(day)).await.expect("claimed anew")
    );
    assert_eq!(tx.delete_old_idempotency_keys(at(day)).await.expect("deleted"), 1);
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
        assert!(tx.acquire_idempotency_key(key, None, at(-9), at(0)).await.expect("claimed"));
    }
    tx.save().await.expect("saved");
    let used =
        async |key: &IdempotencyKey| store.idempotency_record(key, at(-9)).await.expect("read");
    let is_empty = |used: &IdempotencyRecord| used.task_id.is_none() && used.status.is_none();
    assert!(
        used(&answered).await.is_some_and(|used| is_empty(&used)),
        "the request is in progress"
    );
    let mut tx = store.begin().await.expect("begun");
    tx.save_response(&answered, 201, &headers, Some(b"done")).await.expect("saved");
    tx.save_response(&secret, 200, &headers, None).await.expect("saved");
    for key in [&answered, &secret, &refused] {
        tx.release_idempotency_key(key).await.expect("no error");
    }
    tx.save().await.expect("saved");
    let record = used(&answered).await.expect("a response stays");
    assert_eq!(
        (record.status, record.headers, record.body),
        (Some(201), Some(headers), Some(b"done".into()))
    );
    let record = used(&secret).await.expect("a response stays");
    assert_eq!((record.status, record.body), (Some(200), None));
    assert_eq!(used(&refused).await, None, "a request that changed nothing may be repeated");

    let id = task(&store).await;
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.acquire_idempotency_key(&answered, None, at(1), at(2)).await.expect("claimed anew"));
    assert!(
        tx.acquire_idempotency_key(&secret, Some(id), at(1), at(2)).await.expect("claimed anew")
    );
    tx.save().await.expect("saved");
    assert!(used(&answered).await.is_some_and(|used| is_empty(&used) && used.body.is_none()));
    let keys = store.scan_idempotency_keys(("", ""), 9).await.expect("read");
    assert_eq!(keys, [("call".to_owned(), "a".to_owned(), None)], "keys of tasks are left out");
    let mut tx = store.begin().await.expect("begun");
    tx.delete_task(id).await.expect("removed");
    tx.save().await.expect("saved");
    assert_eq!(used(&secret).await, None, "a key is deleted with its task");
    store.close().await;
    database.remove().await;
}

async fn migrations_are_applied_once(database: TestDatabase) {
    database.make_empty().await;
    let store = Store::connect(&database.settings).await.expect("connected");
    let pending = store.pending_migrations().await.expect("read");
    assert!(pending.len() >= 3 && pending[0].version == 1, "{pending:?}");
    store.migrate().await.expect("migrated");
    store.migrate().await.expect("migrated again");
    assert_eq!(store.pending_migrations().await.expect("read"), []);
    store.close().await;
    database.remove().await;
}

async fn pools_tell_how_they_stand(database: TestDatabase) {
    let store = database.store().await;
    let names: Vec<&str> = store.pool_statuses().iter().map(|pool| pool.pool).collect();
    assert_eq!(names, if store.is_sqlite() { vec!["read", "write"] } else { vec!["postgres"] });
    let writer = || store.pool_statuses().pop().expect("a pool that writes");
    let in_use = || writer().open - writer().idle;
    // The connection that ran the migrations is returned to the pool a moment later.
    while in_use() > 0 {
        pause().await;
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
    store.check_reads().await.expect("the database responds");
    store.close().await;
    assert!(store.check_writes().await.is_err(), "closed");
    database.remove().await;
}

#[tokio::test]
async fn a_sqlite_file_serves_one_process() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let path = &database.settings.path;
    let lock = store.acquire_database_lock(path).expect("free").expect("SQLite has a lock");
    assert!(matches!(store.acquire_database_lock(path), Err(StoreError::InUse(_))));
    drop(lock);
    assert!(store.acquire_database_lock(path).is_ok());
    store.close().await;
}

/// A database uses the index only for the kinds that it names, so all of them have to be there.
async fn the_index_of_awaited_tasks_names_their_kinds(database: TestDatabase) {
    database.store().await.close().await;
    let index: String = if let Some((server, name)) = &database.postgres {
        let mut direct = PgConnection::connect(&format!("{server}/{name}")).await.expect("opened");
        let sql = "SELECT indexdef FROM pg_indexes WHERE indexname = 'task_waiting_awaited'";
        sqlx::query_scalar(sql).fetch_one(&mut direct).await.expect("read")
    } else {
        let url = format!("sqlite://{}", database.settings.path.display());
        let mut direct = SqliteConnection::connect(&url).await.expect("opened");
        let sql = "SELECT sql FROM sqlite_master WHERE name = 'task_waiting_awaited'";
        sqlx::query_scalar(sql).fetch_one(&mut direct).await.expect("read")
    };
    let (_, condition) = index.split_once("WHERE").expect("a condition");
    let literals: BTreeSet<&str> = condition.split('\'').skip(1).step_by(2).collect();
    let mut expected = BTreeSet::from(TaskKind::AWAITED.map(TaskKind::name));
    expected.insert("pending");
    assert_eq!(literals, expected, "{index}");
    database.remove().await;
}

/// The store's statements must not scan a table, because they run for every frame and every read.
#[tokio::test]
async fn every_query_has_its_index() {
    let database = TestDatabase::sqlite();
    database.store().await.close().await;
    let url = format!("sqlite://{}", database.settings.path.display());
    let pool = sqlx::SqlitePool::connect(&url).await.expect("opened");
    let source = store_sources();
    let mut checked = 0;
    let no_table = ["SCAN waiting", "SCAN known", "SCAN CONSTANT ROW"];
    let dialect =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/dialect/mod.rs"));
    let dialect = statements(&dialect.expect("a source"));
    let claim =
        dialect.into_iter().find(|sql| sql.starts_with("UPDATE task SET status = 'running'"));
    let claim = claim.expect("the statement that claims a task").replace("{skip}", "");
    let kinds = TaskKind::AWAITED.map(|kind| format!("'{}'", kind.name())).join(", ");
    let conditions = [String::new(), format!("AND t.kind IN ({kinds})")];
    // A report of all files reads all rows, only when someone requests it.
    let is_report = |sql: &String| sql.contains("GROUP BY client_id, kind");
    let reports = statements(&source).iter().filter(|sql| is_report(sql)).count();
    assert_eq!(reports, 1, "only storage use is reported this way");
    let others = statements(&source).into_iter().filter(|sql| !is_report(sql));
    let of_kinds = |sql: String| -> Vec<String> {
        if !sql.contains("{condition}") {
            return vec![sql];
        }
        conditions.iter().map(|condition| sql.replace("{condition}", condition)).collect()
    };
    for mut sql in others.chain([claim]).flat_map(of_kinds) {
        // The length of a set is known at run time; the plan for two elements is the plan for all.
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
        checked += 1;
    }
    assert!(checked >= 30, "only {checked} statements were found");
    pool.close().await;
}

/// Returns the store's sources whose statements must use an index. Configurations are left out because they are few
/// and are listed as a whole; snapshots, because they contain everything; `postgres`, which reads no table.
fn store_sources() -> String {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store");
    let mut sources = String::new();
    for entry in std::fs::read_dir(directory).expect("the store's directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if !["dialect", "configs", "migrations", "pools", "postgres", "snapshot"]
            .contains(&name.as_str())
            && path.is_file()
        {
            sources += &std::fs::read_to_string(&path).expect("a source");
        }
    }
    with_expanded_macros(&sources)
}

/// Replaces each macro that stands for a part of statements by this part, and joins the literals beside it.
fn with_expanded_macros(sources: &str) -> String {
    let mut expanded = sources.to_owned();
    for definition in sources.split("macro_rules! ").skip(1) {
        let (name, body) = definition.split_once(" {").expect("a body");
        let Some(literal) = body.trim_start().strip_prefix("() => {") else { continue };
        let (_, literal) = literal.split_once('"').expect("a literal");
        let (part, _) = literal.split_once('"').expect("its end");
        let between = |c: char| c == ',' || c.is_whitespace();
        let usage = format!(" {name}!()");
        let mut pieces = expanded.split(&usage);
        let mut joined = pieces.next().expect("the beginning").to_owned();
        for piece in pieces {
            let before = joined.trim_end_matches(between).strip_suffix('"').expect("a literal");
            let after = piece.trim_start_matches(between).strip_prefix('"').expect("a literal");
            joined = format!("{before}{part}{after}");
        }
        expanded = joined;
    }
    expanded
}

/// Returns the string literals of a source that are SQL, with line continuations removed.
fn statements(source: &str) -> Vec<String> {
    let joined = source.split("\\\n").map(str::trim_start).collect::<String>();
    joined
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| {
            let is_sql = |verb: &&str| text.starts_with(*verb);
            // A statement that ends with a space is completed at run time.
            ["SELECT ", "INSERT ", "UPDATE ", "DELETE "].iter().any(is_sql) && !text.ends_with(' ')
        })
        .map(str::to_owned)
        .collect()
}
