//! A pool of connections that sends nothing of its own.
//!
//! The pool of sqlx sends a ping before it lends a connection, and another one, from a task of its own, when it gets the
//! connection back. For a request that runs one statement these are two more round trips to PostgreSQL, or two more
//! visits to the thread of a SQLite connection. Here a connection whose server ended it is noticed by the statement that
//! fails. Reads and the begin of a transaction are then repeated on a new connection, because nothing has happened yet.

use std::collections::VecDeque;
use std::fmt;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::{ConnectOptions, Connection, Database, Error, Postgres, Sqlite};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::lent_connection::{Lent, PoolTransaction};

/// How long a request waits for a connection before it fails because the database is busy.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may be idle before it is closed.
const IDLE_TIMEOUT: Duration = Duration::from_mins(10);

/// The age at which a connection is closed when it is given back.
const MAX_AGE: Duration = Duration::from_mins(30);

/// How long a connection that was given back in the middle of something may take to end it.
pub(super) const CLEAN_UP_TIMEOUT: Duration = Duration::from_secs(5);

/// The first pause before connecting again to a server that refuses connections. Each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause between two attempts to connect.
const MAX_PAUSE: Duration = Duration::from_secs(2);

type OptionsOf<DB> = <<DB as Database>::Connection as Connection>::Options;

/// A database whose connections are pooled.
pub(crate) trait PooledDatabase: Database {
    /// Runs a statement without parameters and rows.
    fn run<'c>(
        connection: &'c mut Self::Connection,
        sql: &'static str,
    ) -> BoxFuture<'c, Result<(), Error>>;
}

impl PooledDatabase for Postgres {
    fn run<'c>(
        connection: &'c mut Self::Connection,
        sql: &'static str,
    ) -> BoxFuture<'c, Result<(), Error>> {
        // Without preparing it, because that takes another round trip and a pooler does not keep what was prepared.
        async move { sqlx::raw_sql(sql).execute(connection).await.map(drop) }.boxed()
    }
}

impl PooledDatabase for Sqlite {
    fn run<'c>(
        connection: &'c mut Self::Connection,
        sql: &'static str,
    ) -> BoxFuture<'c, Result<(), Error>> {
        // Without keeping what was prepared, because a pragma takes effect while it is prepared.
        async move { sqlx::raw_sql(sql).execute(connection).await.map(drop) }.boxed()
    }
}

/// A pool of connections, which are opened when they are needed. Clones share it.
pub(crate) struct ConnectionPool<DB: PooledDatabase>(Arc<Shared<DB>>);

struct Shared<DB: PooledDatabase> {
    /// One permit for each connection that may be open. Idle connections hold none.
    permits: Arc<Semaphore>,
    /// The connections that nobody uses; the one that was given back last is lent first.
    idle: Mutex<VecDeque<Idle<DB>>>,
    options: Mutex<OptionsOf<DB>>,
    max: u32,
}

struct Idle<DB: PooledDatabase> {
    connection: DB::Connection,
    opened_at: Instant,
    since: Instant,
}

impl<DB: PooledDatabase> ConnectionPool<DB> {
    /// Creates a pool that opens at most `max` connections, and none yet.
    pub(super) fn new(options: OptionsOf<DB>, max: u32) -> Self {
        let max = max.max(1);
        Self(Arc::new(Shared {
            permits: Arc::new(Semaphore::new(max as usize)),
            idle: Mutex::default(),
            options: Mutex::new(options),
            max,
        }))
    }

    /// Returns the options with which connections are opened.
    pub(super) fn options(&self) -> OptionsOf<DB> {
        self.0.options.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the options of connections that are opened from now on.
    pub(super) fn set_options(&self, options: OptionsOf<DB>) {
        *self.0.options.lock().unwrap_or_else(PoisonError::into_inner) = options;
    }

    /// Returns the largest number of connections.
    pub(super) fn max(&self) -> u32 {
        self.0.max
    }

    /// Returns the number of connections that are in use.
    pub(super) fn busy(&self) -> u32 {
        self.0.max.saturating_sub(u32::try_from(self.0.permits.available_permits()).unwrap_or(0))
    }

    /// Returns the number of connections that are open and not in use.
    pub(super) fn idle(&self) -> u32 {
        u32::try_from(self.lock_idle().len()).unwrap_or(u32::MAX)
    }

    /// Waits for a connection, and opens one if none is idle.
    ///
    /// # Errors
    ///
    /// [`Error::PoolTimedOut`] if none becomes free in [`ACQUIRE_TIMEOUT`], [`Error::PoolClosed`] after
    /// [`Self::close`], and the error of the server if it refuses a new connection.
    pub(super) async fn acquire(&self) -> Result<Lent<DB>, Error> {
        let permits = Arc::clone(&self.0.permits);
        let deadline = Instant::now() + ACQUIRE_TIMEOUT;
        let permit = match Arc::clone(&permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => timeout_at(deadline, permits.acquire_owned())
                .await
                .map_err(|_| Error::PoolTimedOut)?
                .map_err(|_| Error::PoolClosed)?,
        };
        match self.pop_idle() {
            Some(idle) => Ok(Lent::new(idle.connection, idle.opened_at, permit, self.clone())),
            None => self.connect(permit, deadline).await,
        }
    }

    /// Begins a transaction with this statement.
    ///
    /// # Errors
    ///
    /// As [`Self::acquire`], and the error of the statement.
    pub(super) async fn begin(&self, sql: &'static str) -> Result<PoolTransaction<DB>, Error> {
        let mut lent = self.acquire().await?;
        loop {
            lent.start_transaction();
            let begun = DB::run(&mut lent, sql).await;
            lent.settle(&begun);
            match begun {
                Ok(()) => return Ok(PoolTransaction::new(lent)),
                Err(_) if lent.was_ended_while_idle() => lent = self.replace(lent).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Opens a new connection in place of one that was lost. The idle ones are closed, because what ended one ended the
    /// others too: a server that restarted, or a firewall that forgot them.
    pub(super) async fn replace(&self, lost: Lent<DB>) -> Result<Lent<DB>, Error> {
        let permit = lost.into_permit().ok_or(Error::PoolClosed)?;
        let idle = std::mem::take(&mut *self.lock_idle());
        drop(idle);
        tracing::info!("the database ended an idle connection; connecting again");
        self.connect(permit, Instant::now() + ACQUIRE_TIMEOUT).await
    }

    /// Opens a connection. A server that refuses connections may be starting, so it is asked again until the deadline.
    async fn connect(
        &self,
        permit: OwnedSemaphorePermit,
        deadline: Instant,
    ) -> Result<Lent<DB>, Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            let options = self.options();
            let connecting = timeout_at(deadline, options.connect()).await;
            match connecting.map_err(|_| Error::PoolTimedOut)? {
                Ok(connection) => {
                    let lent = Lent::new(connection, Instant::now(), permit, self.clone());
                    return Ok(lent.newly_opened());
                }
                Err(error) if !is_starting(&error) => return Err(error),
                Err(_) if Instant::now() + pause >= deadline => return Err(Error::PoolTimedOut),
                Err(_) => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// Closes all connections after those in use were given back.
    pub(super) async fn close(&self) {
        // The semaphore is fair: a request for a connection from now on comes after this.
        let all = self.0.permits.acquire_many(self.0.max).await;
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.lock_idle());
        for Idle { connection, .. } in idle {
            // A connection that does not close well is closed by the system.
            let _ = connection.close().await;
        }
        drop(all);
    }

    fn pop_idle(&self) -> Option<Idle<DB>> {
        self.lock_idle().pop_back().filter(|idle| idle.since.elapsed() < IDLE_TIMEOUT)
    }

    /// Takes a connection back that can be used at once.
    pub(super) fn give_back(&self, connection: DB::Connection, opened_at: Instant) {
        let now = Instant::now();
        let mut expired = Vec::new();
        let mut idle = self.lock_idle();
        while let Some(oldest) = idle.front()
            && oldest.since + IDLE_TIMEOUT < now
        {
            expired.extend(idle.pop_front());
        }
        let returned = Idle { connection, opened_at, since: now };
        if opened_at + MAX_AGE < now || self.0.permits.is_closed() {
            expired.push(returned);
        } else {
            idle.push_back(returned);
        }
        drop(idle);
        if let Ok(runtime) = Handle::try_current()
            && !expired.is_empty()
        {
            runtime.spawn(async move {
                for Idle { connection, .. } in expired {
                    let _ = timeout(CLEAN_UP_TIMEOUT, connection.close()).await;
                }
            });
        }
    }

    fn lock_idle(&self) -> MutexGuard<'_, VecDeque<Idle<DB>>> {
        // No code that can panic runs under the lock, so it is never poisoned.
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reports whether a server refused a connection because it is starting or has too many.
fn is_starting(error: &Error) -> bool {
    match error {
        Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        Error::Database(error) => {
            error.code().is_some_and(|code| code == "57P03" || code == "53300")
        }
        _ => false,
    }
}

impl<DB: PooledDatabase> Clone for ConnectionPool<DB> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<DB: PooledDatabase> fmt::Debug for ConnectionPool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPool").field("max", &self.0.max).finish_non_exhaustive()
    }
}
