//! A database and directories that only one test uses.

use std::io::Write;

use calliope::settings::{DatabaseSettings, StorageSettings};
use calliope::store::Store;
use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Environment variable with the URL, without a database name, of the server where PostgreSQL tests create databases.
pub const POSTGRES: &str = "CALLIOPE_TEST_POSTGRES";

/// The key of the lock that a process holds on a server while it makes a template.
const TEMPLATE_LOCK: i64 = 2_718_281_828;

/// A database and directories that only one test uses.
pub struct TestDatabase {
    pub folder: TempDir,
    pub settings: DatabaseSettings,
    pub postgres: Option<(String, String)>,
}

impl TestDatabase {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("data/calliope.db");
        let settings = DatabaseSettings { path, ..DatabaseSettings::default() };
        Self { folder, settings, postgres: None }
    }

    /// Creates a database of this kind, or returns `None` if it is PostgreSQL and no server is configured.
    pub async fn of_kind(is_sqlite: bool) -> Option<Self> {
        if is_sqlite { Some(Self::sqlite()) } else { Self::postgres().await }
    }

    /// Creates a PostgreSQL database. If no server is configured, prints that the tests are skipped and returns
    /// `None`.
    pub async fn postgres() -> Option<Self> {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let Ok(server) = std::env::var(POSTGRES) else {
            // Written to stderr directly, because the test harness would capture a print; once is enough.
            static SKIPPED: std::sync::Once = std::sync::Once::new();
            SKIPPED.call_once(|| {
                let line = format!("tests on PostgreSQL are SKIPPED: {POSTGRES} is not set; ./scripts/test sets it\n");
                let _ = std::io::stderr().write_all(line.as_bytes());
            });
            return None;
        };
        let template = TEMPLATE.get_or_init(|| postgres_template(&server)).await;
        Some(Self::copy_of(server, template).await)
    }

    /// Creates an empty database on a PostgreSQL server, given the URL of the server.
    pub async fn on_server(server: String) -> Self {
        Self::copy_of(server, "template1").await
    }

    /// Creates a database that has the tables of another one of the server.
    async fn copy_of(server: String, template: &str) -> Self {
        let name = format!("test_{}", Uuid::now_v7().simple());
        run_on(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        let url = format!("{server}/{name}");
        let settings = DatabaseSettings {
            url: Some(url.into()),
            connections: 8,
            ..DatabaseSettings::default()
        };
        let folder = tempfile::tempdir().expect("a temporary directory");
        Self { folder, settings, postgres: Some((server, name)) }
    }

    /// Connects to the database, and creates its tables if it has none.
    pub async fn store(&self) -> Store {
        let path = &self.settings.path;
        if self.postgres.is_none() && !path.exists() {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
            std::fs::write(path, sqlite_template().await).expect("copied");
        }
        let store = Store::connect(&self.settings).await.expect("the database answers");
        store.migrate().await.expect("the tables are created");
        store
    }

    pub fn storage(&self) -> StorageSettings {
        StorageSettings {
            media_folder: self.folder.path().join("media"),
            input_folder: self.folder.path().join("input"),
            ..StorageSettings::default()
        }
    }

    /// Returns environment variables that make the binary use this database.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        use secrecy::ExposeSecret;
        let storage = self.storage();
        let mut variables = vec![
            ("MEDIA_FOLDER", storage.media_folder.display().to_string()),
            ("INPUT_FOLDER", storage.input_folder.display().to_string()),
        ];
        if let Some(url) = &self.settings.url {
            variables.push(("DATABASE_URL", url.expose_secret().to_owned()));
        }
        variables
    }

    /// Removes the tables, for tests of the migrations themselves.
    pub async fn make_empty(&self) {
        // A SQLite file does not exist before a store connects to it.
        let Some((server, name)) = &self.postgres else { return };
        run_on(server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        run_on(server, &format!("CREATE DATABASE {name}")).await;
    }

    /// Drops the database; the directory is deleted on drop.
    pub async fn remove(self) {
        let Some((server, name)) = self.postgres else { return };
        run_on(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}

/// Returns a SQLite file with all tables and no rows. Tests copy it, because the migrations take longer than most tests.
async fn sqlite_template() -> &'static [u8] {
    static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
    let migrated = TEMPLATE.get_or_init(|| async {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("template.db");
        migrate(&DatabaseSettings { path: path.clone(), ..DatabaseSettings::default() }).await;
        // What was written last may still be in the file beside it.
        let url = format!("sqlite://{}", path.display());
        let mut file = SqliteConnection::connect(&url).await.expect("opened");
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.expect("moved into the file");
        file.close().await.expect("closed");
        std::fs::read(&path).expect("read")
    });
    migrated.await
}

/// Returns the name of a database with all tables and no rows, which tests copy. The first process that needs it makes it;
/// it stays on the server until the migrations change.
async fn postgres_template(server: &str) -> String {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
    let migrator = Migrator::new(std::path::Path::new(directory)).await.expect("migrations");
    let mut hash = Sha256::new();
    migrator.iter().for_each(|migration| hash.update(&migration.checksum));
    let version = hash.finalize().iter().take(8).fold(0_u64, |n, byte| (n << 8) | u64::from(*byte));
    let name = format!("template_{version:016x}");
    let mut admin = connect(server).await;
    let lock = sqlx::query("SELECT pg_advisory_lock($1)").bind(TEMPLATE_LOCK);
    lock.execute(&mut admin).await.expect("locked");
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)";
    let exists: bool =
        sqlx::query_scalar(sql).bind(&name).fetch_one(&mut admin).await.expect("read");
    if !exists {
        // A process that was killed may have left one that is not complete.
        let unfinished = format!("{name}_unfinished");
        run_on(server, &format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await;
        run_on(server, &format!("CREATE DATABASE {unfinished}")).await;
        let url = Some(format!("{server}/{unfinished}").into());
        migrate(&DatabaseSettings { url, ..DatabaseSettings::default() }).await;
        run_on(server, &format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await;
    }
    admin.close().await.expect("closed");
    name
}

async fn migrate(settings: &DatabaseSettings) {
    let store = Store::connect(settings).await.expect("the database answers");
    store.migrate().await.expect("the tables are created");
    store.close().await;
}

async fn connect(server: &str) -> PgConnection {
    PgConnection::connect(&format!("{server}/postgres"))
        .await
        .expect("the named PostgreSQL answers")
}

/// Runs a statement about the databases of a PostgreSQL server.
async fn run_on(server: &str, sql: &str) {
    let mut admin = connect(server).await;
    admin
        .execute(AssertSqlSafe(sql.to_owned()))
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}
