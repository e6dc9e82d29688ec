//! Statements on PostgreSQL that also work behind a pooler.
//!
//! A pooler such as `PgBouncer` in transaction mode gives each transaction another server connection. A prepared statement
//! with a name is then unknown to the server, or means something else. Behind such a pooler, statements have no name and
//! each one runs in a transaction, which keeps the connection between preparing and running it.

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt, TryFutureExt, TryStreamExt};
use sqlx::error::BoxDynError;
use sqlx::postgres::{
    PgArguments, PgPool, PgQueryResult, PgRow, PgStatement, PgTypeInfo, Postgres,
};
use sqlx::{Describe, Either, Error, Execute, Executor, SqlStr, Transaction};

/// A pool of connections to PostgreSQL, on which single statements run.
#[derive(Debug, Clone)]
pub(crate) struct PgDatabase {
    pub(super) pool: PgPool,
    /// Whether a pooler gives each transaction another server connection.
    pub(super) is_pooled: bool,
}

/// An open transaction on PostgreSQL.
#[derive(Debug)]
pub(crate) struct PgTransaction {
    transaction: Transaction<'static, Postgres>,
    is_pooled: bool,
}

impl PgDatabase {
    pub(super) async fn begin(&self) -> Result<PgTransaction, Error> {
        Ok(PgTransaction { transaction: self.pool.begin().await?, is_pooled: self.is_pooled })
    }
}

impl PgTransaction {
    pub(super) async fn commit(self) -> Result<(), Error> {
        self.transaction.commit().await
    }

    /// Returns the connection itself, whose statements have names.
    pub(super) fn connection(&mut self) -> &mut sqlx::PgConnection {
        &mut self.transaction
    }
}

/// A statement that is prepared without a name, if it must be.
struct Statement<E> {
    query: E,
    is_unnamed: bool,
}

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Statement<E> {
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
        if !self.is_pooled {
            return (&self.pool).fetch_many(query);
        }
        let database = self.clone();
        let all = async move {
            let mut transaction = database.begin().await?;
            let outcomes: Vec<Outcome> = transaction.fetch_many(query).try_collect().await?;
            transaction.commit().await?;
            Ok(stream::iter(outcomes.into_iter().map(Ok)))
        };
        all.try_flatten_stream().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        if !self.is_pooled {
            return (&self.pool).fetch_optional(query);
        }
        let database = self.clone();
        let one = async move {
            let mut transaction = database.begin().await?;
            let row = transaction.fetch_optional(query).await?;
            transaction.commit().await?;
            Ok(row)
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
        (&self.pool).prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'p: 'e,
    {
        (&self.pool).describe(sql)
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
        (*self.transaction).fetch_many(Statement { query, is_unnamed })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let is_unnamed = self.is_pooled;
        (*self.transaction).fetch_optional(Statement { query, is_unnamed })
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

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        (*self.transaction).describe(sql)
    }
}
