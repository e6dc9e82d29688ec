//! Writing: a transaction that is nothing until it is saved.

use sqlx::{Postgres, Sqlite, Transaction};

use super::events::NewEvent;
use super::{Store, StoreError, TaskNotice, dialect};
use crate::store::pools::Pools;

/// An open transaction. Dropped without [`Tx::save`], it leaves nothing behind.
#[derive(Debug)]
pub struct Tx {
    pub(super) open: Open,
    /// Logged as the last thing before the end; see [`Tx::save`].
    pub(super) events: Vec<NewEvent>,
    /// Whether what is cached has changed.
    pub(super) has_configuration_change: bool,
    notices: Vec<TaskNotice>,
    store: Store,
}

#[derive(Debug)]
pub(super) enum Open {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

impl Store {
    /// Begins to write. On SQLite this waits for its turn: there is one writer.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when no connection is to be had.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let failed = StoreError::failed("begin a transaction");
        let open = match &self.pools {
            Pools::Postgres(pool) => Open::Postgres(pool.begin().await.map_err(failed)?),
            // Taking the lock at once spares a deadlock between two readers that would both write.
            Pools::Sqlite { write, .. } => {
                Open::Sqlite(write.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?)
            }
        };
        let (events, news) = (Vec::new(), Vec::new());
        Ok(Tx { open, events, has_configuration_change: false, notices: news, store: self.clone() })
    }
}

impl Tx {
    /// Makes the transaction lasting, and tells those who wait for what it changed.
    ///
    /// Events are written last, one transaction after the other, so that their ids grow in the order in which they
    /// can be read: who has read up to an id has missed nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database did not take it; nothing was written then.
    pub async fn save(mut self) -> Result<(), StoreError> {
        self.log_events().await?;
        dialect::notify(&mut self.open, &self.notices).await?;
        let failed = StoreError::failed("save a transaction");
        match self.open {
            Open::Postgres(tx) => tx.commit().await.map_err(failed)?,
            Open::Sqlite(tx) => tx.commit().await.map_err(failed)?,
        }
        if self.has_configuration_change {
            self.store.version.invalidate();
        }
        for news in self.notices {
            self.store.notify(news);
        }
        Ok(())
    }

    /// Has something told once the transaction is saved.
    pub(super) fn notify(&mut self, notice: TaskNotice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }
}
