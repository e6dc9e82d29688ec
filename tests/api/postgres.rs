//! PostgreSQL as it is met in the wild: behind a pooler, started later than the service, read-only.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use calliope::settings::DatabaseSettings;
use calliope::store::{Store, StoreError};
use secrecy::ExposeSecret;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::net::{TcpListener, TcpStream};

use super::support::pooler::{PoolMode, Pooler};
use super::support::{TestApp, TestDatabase, files};

/// Returns a new database and the `host:port` of its server.
async fn database() -> Option<(TestDatabase, String, String)> {
    let database = TestDatabase::postgres().await?;
    let (server, name) = database.postgres.clone().expect("PostgreSQL");
    let address = server.rsplit('@').next().expect("an address").to_owned();
    Some((database, address, name))
}

fn settings(url: String) -> DatabaseSettings {
    DatabaseSettings { url: Some(url.into()), connections: 8, ..DatabaseSettings::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_transaction_mode_is_no_obstacle() {
    let Some((mut database, address, name)) = database().await else { return };
    database.make_empty().await;
    let pooler = Pooler::start(&address, &name, PoolMode::Transaction).await;
    database.settings = settings(format!("postgres://calliope@127.0.0.1:{}/{name}", pooler.port));
    let app = TestApp::start(database).await;
    assert!(app.store.is_pooled());
    assert!(app.store.pending_migrations().await.expect("read").is_empty());
    let clients = (0..4).map(|client| {
        let app = &app;
        async move {
            for number in 0..3 {
                let order = json!({"client_id": format!("c{client}"), "strategy": "literal",
                    "input_text": format!("The lamp {number} of {client}."),
                    "output_image_width": 16, "output_image_height": 16});
                let told = app.create_frame(order).await;
                assert_eq!(told["errors"], json!([]), "{told}");
            }
        }
    });
    futures_util::future::join_all(clients).await;
    let found = app.json("/v2/search?query=lamp&mode=lexical&limit=100").await;
    assert_eq!(found["results"].as_array().map(Vec::len), Some(12));
    // A word that is misspelt is looked up in a transaction with a setting of its own.
    app.json("/v2/search?query=lmap&mode=lexical").await;
    assert_eq!(app.json("/readyz").await["database"]["status"], "ok");
    // A copy of all rows reads them in one transaction.
    let copy = app.database.folder.path().join("copy.db");
    app.store.write_snapshot(&copy).await.expect("written");
    assert!(!files(app.database.folder.path()).is_empty());
    // A second instance on the same database has nothing to migrate, and finds what the first one tells by polling.
    let second = Store::connect(&app.database.settings).await.expect("connected");
    second.migrate().await.expect("nothing to do");
    assert_eq!(second.newest_frame_id().await.expect("read"), 12);
    second.close().await;
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_statement_mode_is_refused_and_a_direct_connection_is_none() {
    let Some((database, address, name)) = database().await else { return };
    let direct = Store::connect(&database.settings).await.expect("connected");
    assert!(!direct.is_pooled());
    direct.close().await;
    let pooler = Pooler::start(&address, &name, PoolMode::Statement).await;
    let url = format!("postgres://calliope@127.0.0.1:{}/{name}", pooler.port);
    let error = Store::connect(&settings(url)).await.expect_err("refused");
    assert!(matches!(error, StoreError::StatementPooler { .. }), "{error:?}");
    assert!(!error.is_server_away(), "{error}");
    assert!(error.to_string().contains("pool_mode"), "{error}");
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_later_is_waited_for_and_named_meanwhile() {
    let Some((database, address, name)) = database().await else { return };
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    drop(taken);
    let settings = settings(format!("postgres://calliope@127.0.0.1:{port}/{name}"));
    let expected = format!("PostgreSQL at 127.0.0.1:{port} (database {name}, user calliope)");
    let start = Instant::now();
    let error = Store::connect(&settings).await.expect_err("nobody listens");
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(error.is_server_away() && start.elapsed() < Duration::from_secs(2), "{error:?}");
    let failures = AtomicUsize::new(0);
    let on_retry = |error: &StoreError| {
        assert!(error.to_string().starts_with(&expected), "{error}");
        if failures.fetch_add(1, Ordering::Relaxed) > 0 {
            return;
        }
        // The server starts after the first failure.
        let address = address.clone();
        tokio::spawn(async move {
            let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("still free");
            while let Ok((mut client, _)) = listener.accept().await {
                let mut server = TcpStream::connect(&address).await.expect("it answers");
                tokio::spawn(async move {
                    tokio::io::copy_bidirectional(&mut client, &mut server).await.is_ok()
                });
            }
        });
    };
    let store = Store::connect_patiently(&settings, &on_retry).await.expect("it answers now");
    assert!(failures.load(Ordering::Relaxed) >= 1);
    store.close().await;
    // What no waiting can mend is reported at once.
    let wrong =
        super::postgres::settings(format!("postgres://calliope@{address}/no_such_database"));
    let is_repeated = AtomicUsize::new(0);
    let count = |_: &StoreError| {
        is_repeated.fetch_add(1, Ordering::Relaxed);
    };
    let error = Store::connect_patiently(&wrong, &count).await.expect_err("no such database");
    assert_eq!(is_repeated.load(Ordering::Relaxed), 0, "{error} was tried again");
    assert!(!error.is_server_away(), "{error:?}");
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_accepts_no_changes_is_not_ready() {
    let Some((database, _, name)) = database().await else { return };
    let app = TestApp::start(database).await;
    assert_eq!(app.json("/readyz").await["database"]["status"], "ok");
    let url = app.database.settings.url.clone().expect("a URL");
    let mut admin = PgConnection::connect(url.expose_secret()).await.expect("connected");
    let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    admin.execute(AssertSqlSafe(sql)).await.expect("changed");
    // Connections that are open keep their setting, so they are ended.
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    admin.execute(sql).await.expect("ended");
    let (status, ready) = app.call("GET", "/readyz", serde_json::Value::Null).await;
    assert_eq!((status, &ready["database"]["status"]), (503, &json!("down")), "{ready}");
    let reason = ready["database"]["reason"].as_str().expect("a reason");
    assert!(reason.contains("accepts no changes"), "{reason}");
    let sql = format!("ALTER DATABASE {name} RESET default_transaction_read_only");
    admin.execute("SET default_transaction_read_only = off").await.expect("changed");
    admin.execute(AssertSqlSafe(sql)).await.expect("changed");
    admin.close().await.expect("closed");
    app.stop_and_remove().await;
}
