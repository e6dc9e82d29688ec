//! Statements on a SQLite file, which fail with their own error once the file was removed or replaced.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::{self, BoxFuture};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt, TryFutureExt, TryStreamExt};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteQueryResult,
    SqliteRow, SqliteStatement, SqliteSynchronous, SqliteTypeInfo,
};
use sqlx::{Describe, Either, Error, Execute, Executor, SqlStr, Sqlite, Transaction};

use super::StoreError;
use super::database_file::DatabaseFile;
use super::pools::ACQUIRE_TIMEOUT;
use crate::settings::DatabaseSettings;

/// The most connections that read at once.
const MAX_READERS: u32 = 8;

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A SQLite file: a pool of connections that read, and a pool of one that writes.
#[derive(Debug, Clone)]
pub(crate) struct SqliteDatabase {
    pub(super) read: SqliteReaders,
    pub(super) write: SqlitePool,
}

/// A pool of connections that read, on which single statements run.
#[derive(Debug, Clone)]
pub(crate) struct SqliteReaders {
    pub(super) pool: SqlitePool,
    file: DatabaseFile,
}

/// An open transaction on a SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteTransaction {
    transaction: Transaction<'static, Sqlite>,
    file: DatabaseFile,
}

impl SqliteDatabase {
    /// Opens the file, and creates it if `creates_file`.
    pub(super) async fn open(
        settings: &DatabaseSettings,
        creates_file: bool,
    ) -> Result<Self, StoreError> {
        let path = &settings.path;
        if !creates_file && !path.exists() {
            return Err(StoreError::NoFile(path.display().to_string()));
        }
        create_directory(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(creates_file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let opened = Arc::new(OnceLock::<DatabaseFile>::new());
        let known = Arc::clone(&opened);
        // A connection that is opened while the file is being replaced may have opened the other one.
        let pool =
            SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).after_connect(move |_, _| {
                future::ready(known.get().map_or(Ok(()), DatabaseFile::check)).boxed()
            });
        let failed = StoreError::failed("open the SQLite file");
        // The writer connects first because it creates the file, which a read-only connection cannot.
        let write = pool.clone().max_connections(1).connect_with(options.clone()).await;
        let write = write.map_err(&failed)?;
        let file = opened.get_or_init(|| DatabaseFile::open(path)).clone();
        // A later connection must not create another file if this one is removed.
        let options = options.create_if_missing(false);
        write.set_connect_options(options.clone());
        let pool = pool.max_connections(settings.connections.min(MAX_READERS));
        let pool = pool.connect_with(options.read_only(true)).await.map_err(&failed)?;
        Ok(Self { read: SqliteReaders { pool, file }, write })
    }

    /// Begins a transaction, and waits until no other one is open.
    pub(super) async fn begin(&self) -> Result<SqliteTransaction, Error> {
        let file = self.read.file.clone();
        file.check()?;
        // Taking the write lock at once avoids a deadlock between two readers that both start to write.
        let begun = self.write.begin_with("BEGIN IMMEDIATE").await;
        let transaction = begun.map_err(|error| file.explain(error))?;
        Ok(SqliteTransaction { transaction, file })
    }
}

impl SqliteTransaction {
    pub(super) async fn commit(self) -> Result<(), Error> {
        // What is written to a file that has no name any more is lost when the process ends.
        self.file.check()?;
        self.transaction.commit().await.map_err(|error| self.file.explain(error))
    }
}

fn create_directory(path: &Path) -> Result<(), StoreError> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let Some(directory) = directory else { return Ok(()) };
    std::fs::create_dir_all(directory)
        .map_err(|source| StoreError::NotWritable { path: directory.display().to_string(), source })
}

type Outcome = Either<SqliteQueryResult, SqliteRow>;

impl<'p> Executor<'p> for &'_ SqliteReaders {
    type Database = Sqlite;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Outcome, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let file = self.file.clone();
        match file.check() {
            Ok(()) => {
                let outcomes = (&self.pool).fetch_many(query);
                outcomes.map_err(move |error| file.explain(error)).boxed()
            }
            Err(error) => stream::once(future::ready(Err(error))).boxed(),
        }
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let file = self.file.clone();
        match file.check() {
            Ok(()) => {
                let row = (&self.pool).fetch_optional(query);
                row.map_err(move |error| file.explain(error)).boxed()
            }
            Err(error) => future::ready(Err(error)).boxed(),
        }
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'p: 'e,
    {
        (&self.pool).prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Sqlite>, Error>>
    where
        'p: 'e,
    {
        (&self.pool).describe(sql)
    }
}

impl<'c> Executor<'c> for &'c mut SqliteTransaction {
    type Database = Sqlite;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Outcome, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let file = &self.file;
        let outcomes = (*self.transaction).fetch_many(query);
        outcomes.map_err(|error| file.explain(error)).boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let file = &self.file;
        let row = (*self.transaction).fetch_optional(query);
        row.map_err(|error| file.explain(error)).boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'c: 'e,
    {
        (*self.transaction).prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Sqlite>, Error>>
    where
        'c: 'e,
    {
        (*self.transaction).describe(sql)
    }
}
