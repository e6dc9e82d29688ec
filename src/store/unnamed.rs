//! Statements on PostgreSQL that also work behind a pooler.
//!
//! A pooler such as `PgBouncer` in transaction mode gives each transaction another server connection. A prepared statement
//! with a name is then unknown to the server, or means something else. Behind such a pooler, statements have no name and
//! each one runs in a transaction, which keeps the connection between preparing and running it.

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt, TryFutureExt, TryStreamExt};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgQueryResult, PgRow, PgStatement, PgTypeInfo, Postgres};
use sqlx::{Either, Error, Execute, Executor, SqlStr};

use super::connections::ConnectionPool;
use super::lent_connection::{Lent, PoolTransaction};

/// A pool of connections to PostgreSQL, on which single statements run.
#[derive(Debug, Clone)]
pub(crate) struct PgDatabase {
    pub(super) pool: ConnectionPool<Postgres>,
    /// Whether a pooler gives each transaction another server connection.
    pub(super) is_pooled: bool,
}

/// An open transaction on PostgreSQL.
#[derive(Debug)]
pub(crate) struct PgTransaction {
    transaction: PoolTransaction<Postgres>,
    is_pooled: bool,
}

impl PgDatabase {
    pub(super) async fn begin(&self) -> Result<PgTransaction, Error> {
        self.begin_with("BEGIN").await
    }

    pub(super) async fn begin_with(&self, sql: &'static str) -> Result<PgTransaction, Error> {
        let transaction = self.pool.begin(sql).await?;
        Ok(PgTransaction { transaction, is_pooled: self.is_pooled })
    }

    /// Reads the rows of a statement that changes nothing. If the server ended the connection while it was idle, the
    /// statement runs on a new one.
    async fn read(&self, statement: Statement) -> Result<Vec<Outcome>, Error> {
        if self.is_pooled {
            let mut transaction = self.begin().await?;
            let outcomes = transaction.fetch_many(statement).try_collect().await?;
            transaction.commit().await?;
            return Ok(outcomes);
        }
        let mut lent = self.pool.acquire().await?;
        let result = run(&mut lent, statement.clone()).await;
        if !lent.was_ended_while_idle() {
            return result;
        }
        run(&mut self.pool.replace(lent).await?, statement).await
    }
}

impl PgTransaction {
    pub(super) async fn commit(self) -> Result<(), Error> {
        self.transaction.commit().await
    }
}

async fn run(lent: &mut Lent<Postgres>, statement: Statement) -> Result<Vec<Outcome>, Error> {
    lent.start();
    let result = lent.fetch_many(statement).try_collect().await;
    lent.settle(&result);
    result
}

/// A statement with its parameters, which may run again.
#[derive(Clone)]
struct Statement {
    sql: SqlStr,
    arguments: Option<PgArguments>,
    is_named: bool,
}

impl Statement {
    fn new<'q>(mut query: impl Execute<'q, Postgres>) -> Result<Self, Error> {
        let arguments = query.take_arguments().map_err(Error::Encode)?;
        let is_named = query.persistent();
        Ok(Self { sql: query.sql(), arguments, is_named })
    }
}

impl Execute<'_, Postgres> for Statement {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&PgStatement> {
        None
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        Ok(self.arguments.take())
    }

    fn persistent(&self) -> bool {
        self.is_named
    }
}

/// A statement that is prepared without a name, if it must be.
struct Unnamed<E> {
    query: E,
    is_unnamed: bool,
}

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Unnamed<E> {
    fn sql(self) -> SqlStr {
        self.query.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.query.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        self.query.take_arguments()
    }

    fn persistent(&self) -> bool {
        !self.is_unnamed && self.query.persistent()
    }
}

type Outcome = Either<PgQueryResult, PgRow>;

impl<'p> Executor<'p> for &'_ PgDatabase {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Outcome, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let (database, statement) = (self.clone(), Statement::new(query));
        let all = async move {
            let outcomes = database.read(statement?).await?;
            Ok(stream::iter(outcomes.into_iter().map(Ok)))
        };
        all.try_flatten_stream().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let (database, statement) = (self.clone(), Statement::new(query));
        let one = async move {
            let outcomes = database.read(statement?).await?;
            Ok(outcomes.into_iter().find_map(Either::right))
        };
        one.boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'p: 'e,
    {
        let pool = self.pool.clone();
        async move { pool.acquire().await?.prepare_with(sql, parameters).await }.boxed()
    }
}

impl<'c> Executor<'c> for &'c mut PgTransaction {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Outcome, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let is_unnamed = self.is_pooled;
        (*self.transaction).fetch_many(Unnamed { query, is_unnamed })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let is_unnamed = self.is_pooled;
        (*self.transaction).fetch_optional(Unnamed { query, is_unnamed })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        (*self.transaction).prepare_with(sql, parameters)
    }
}
