//! A connection that a pool has lent, and the transaction on it. When dropped, they go back to the pool, whatever state
//! they are in.

use std::fmt;
use std::ops::{Deref, DerefMut};

use sqlx::{Connection, Error};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::connections::{CLEAN_UP_TIMEOUT, ConnectionPool, PooledDatabase};

/// A connection that its holder uses alone. When dropped, it returns to the pool.
pub(crate) struct Lent<DB: PooledDatabase> {
    /// The connection; `None` only after the value was dropped.
    connection: Option<DB::Connection>,
    permit: Option<OwnedSemaphorePermit>,
    opened_at: Instant,
    /// Whether the connection was opened just now, so that the server cannot have ended it while it was idle.
    is_new: bool,
    state: State,
    pool: ConnectionPool<DB>,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing; it can be used.
    Ready,
    /// It runs a statement. If it is dropped now, the answer has to be read before it can be used.
    Running,
    /// It has begun a transaction. If it is dropped now, the transaction has to be rolled back.
    InTransaction,
    /// It cannot be used any more.
    Lost,
}

/// An open transaction. If it is dropped without a commit, it is rolled back.
pub(crate) struct PoolTransaction<DB: PooledDatabase>(Lent<DB>);

impl<DB: PooledDatabase> Lent<DB> {
    /// Lends a connection that was opened at this time.
    pub(super) fn new(
        connection: DB::Connection,
        opened_at: Instant,
        permit: OwnedSemaphorePermit,
        pool: ConnectionPool<DB>,
    ) -> Self {
        let (connection, permit) = (Some(connection), Some(permit));
        Self { connection, permit, opened_at, is_new: false, state: State::Ready, pool }
    }

    /// States that the connection was opened just now.
    pub(super) fn newly_opened(mut self) -> Self {
        self.is_new = true;
        self
    }

    /// Gives the connection up, and returns the permit to open another one.
    pub(super) fn into_permit(mut self) -> Option<OwnedSemaphorePermit> {
        self.permit.take()
    }

    /// Marks the connection as running a statement. [`Self::settle`] ends it.
    pub(super) fn start(&mut self) {
        self.state = State::Running;
    }

    /// Marks the connection as beginning a transaction. [`Self::settle`] ends it.
    pub(super) fn start_transaction(&mut self) {
        self.state = State::InTransaction;
    }

    /// Records how a statement ended.
    pub(super) fn settle<T>(&mut self, result: &Result<T, Error>) {
        self.state = match result {
            Err(error) if is_lost(error) => State::Lost,
            _ => State::Ready,
        };
    }

    /// Reports whether the last statement failed because the server had ended the connection before.
    pub(super) fn was_ended_while_idle(&self) -> bool {
        self.state == State::Lost && !self.is_new
    }
}

impl<DB: PooledDatabase> Drop for Lent<DB> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let (state, opened_at, permit) = (self.state, self.opened_at, self.permit.take());
        match state {
            State::Ready => self.pool.give_back(connection, opened_at),
            State::Lost => {}
            State::Running | State::InTransaction => {
                // Without a runtime the process ends; the database then rolls back by itself.
                let Ok(runtime) = Handle::try_current() else { return };
                let pool = self.pool.clone();
                runtime.spawn(async move {
                    let cleaning = async {
                        if state == State::InTransaction {
                            DB::run(&mut connection, "ROLLBACK").await
                        } else {
                            connection.ping().await
                        }
                    };
                    // SQLite has no transaction to roll back if it did so itself after an error.
                    let result = timeout(CLEAN_UP_TIMEOUT, cleaning).await;
                    if result.is_ok_and(|ended| !matches!(&ended, Err(error) if is_lost(error))) {
                        pool.give_back(connection, opened_at);
                    }
                    drop(permit);
                });
            }
        }
    }
}

impl<DB: PooledDatabase> PoolTransaction<DB> {
    /// Takes over a connection on which a transaction has begun.
    pub(super) fn new(mut lent: Lent<DB>) -> Self {
        lent.start_transaction();
        Self(lent)
    }

    /// Commits the transaction.
    pub(super) async fn commit(mut self) -> Result<(), Error> {
        DB::run(&mut self.0, "COMMIT").await?;
        self.0.state = State::Ready;
        Ok(())
    }
}

/// Reports whether an error means that the connection cannot be used any more.
fn is_lost(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
        // The server stops, or has ended the connection because it was idle.
        Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

#[expect(clippy::expect_used, reason = "the connection is taken only when the value is dropped")]
impl<DB: PooledDatabase> Deref for Lent<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &Self::Target {
        self.connection.as_ref().expect("it is lent")
    }
}

#[expect(clippy::expect_used, reason = "the connection is taken only when the value is dropped")]
impl<DB: PooledDatabase> DerefMut for Lent<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.connection.as_mut().expect("it is lent")
    }
}

impl<DB: PooledDatabase> Deref for PoolTransaction<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<DB: PooledDatabase> DerefMut for PoolTransaction<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<DB: PooledDatabase> fmt::Debug for PoolTransaction<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolTransaction").finish_non_exhaustive()
    }
}
