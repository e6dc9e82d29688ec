//! Statements on a SQLite file, which fail with their own error once the file was removed or replaced.

use std::path::Path;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt, TryFutureExt, TryStreamExt};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqliteQueryResult, SqliteRow, SqliteStatement,
    SqliteSynchronous, SqliteTypeInfo,
};
use sqlx::{Either, Error, Execute, Executor, SqlStr, Sqlite};

use super::StoreError;
use super::connections::ConnectionPool;
use super::database_file::DatabaseFile;
use super::lent_connection::{Lent, PoolTransaction};
use crate::settings::DatabaseSettings;

/// The most connections that read at once.
const MAX_READERS: u32 = 8;

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A SQLite file: a pool of connections that read, and a pool of one that writes.
#[derive(Debug, Clone)]
pub(crate) struct SqliteDatabase {
    pub(super) read: SqliteReaders,
    pub(super) write: ConnectionPool<Sqlite>,
}

/// A pool of connections that read, on which single statements run.
#[derive(Debug, Clone)]
pub(crate) struct SqliteReaders {
    pub(super) pool: ConnectionPool<Sqlite>,
    file: DatabaseFile,
}

/// An open transaction on a SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteTransaction {
    transaction: PoolTransaction<Sqlite>,
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
        let failed = StoreError::failed("open the SQLite file");
        // The writer connects first because it creates the file, which a read-only connection cannot.
        let write = ConnectionPool::new(options.clone(), 1);
        drop(write.acquire().await.map_err(&failed)?);
        let file = DatabaseFile::open(path);
        // A later connection must not create another file if this one is removed.
        let options = options.create_if_missing(false);
        write.set_options(options.clone());
        let max = settings.connections.min(MAX_READERS);
        let read = SqliteReaders { pool: ConnectionPool::new(options.read_only(true), max), file };
        drop(read.acquire().await.map_err(&failed)?);
        Ok(Self { read, write })
    }

    /// Begins a transaction with this statement, and waits until no other one is open.
    pub(super) async fn begin(&self, sql: &'static str) -> Result<SqliteTransaction, Error> {
        let file = self.read.file.clone();
        file.check()?;
        let begun = self.write.begin(sql).await;
        let transaction = begun.map_err(|error| file.explain(error))?;
        Ok(SqliteTransaction { transaction, file })
    }
}

impl SqliteReaders {
    async fn acquire(&self) -> Result<Lent<Sqlite>, Error> {
        self.file.check()?;
        let lent = self.pool.acquire().await.map_err(|error| self.file.explain(error))?;
        // A connection that was opened while the file was being replaced may have opened the other one.
        match self.file.check() {
            Ok(()) => Ok(lent),
            Err(error) => {
                lent.discard();
                Err(error)
            }
        }
    }

    /// Records how a statement ended, and explains its error.
    fn settle<T>(&self, mut lent: Lent<Sqlite>, result: Result<T, Error>) -> Result<T, Error> {
        lent.settle(&result);
        result.map_err(|error| self.file.explain(error))
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
        let readers = self.clone();
        let all = async move {
            let mut lent = readers.acquire().await?;
            lent.start();
            let result: Result<Vec<Outcome>, Error> = lent.fetch_many(query).try_collect().await;
            let outcomes = readers.settle(lent, result)?;
            Ok(stream::iter(outcomes.into_iter().map(Ok)))
        };
        all.try_flatten_stream().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<SqliteRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let readers = self.clone();
        let one = async move {
            let mut lent = readers.acquire().await?;
            lent.start();
            let result = lent.fetch_optional(query).await;
            readers.settle(lent, result)
        };
        one.boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, Result<SqliteStatement, Error>>
    where
        'p: 'e,
    {
        let readers = self.clone();
        async move { readers.acquire().await?.prepare_with(sql, parameters).await }.boxed()
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
}
