//! Write transactions, which have no effect until they are saved.

use sqlx::{Sqlite, Transaction};

use super::events::NewEvent;
use super::{Store, StoreError, TaskNotice, dialect};
use crate::store::pools::Pools;
use crate::store::unnamed::PgTransaction;

/// An open transaction. If it is dropped without [`Tx::save`], it is rolled back.
#[derive(Debug)]
pub struct Tx {
    pub(super) open: Open,
    /// Events that are inserted last; see [`Tx::save`].
    pub(super) events: Vec<NewEvent>,
    /// Whether cached rows have changed.
    pub(super) has_configuration_change: bool,
    notices: Vec<TaskNotice>,
    pub(super) store: Store,
}

#[derive(Debug)]
pub(super) enum Open {
    Postgres(PgTransaction),
    Sqlite(Transaction<'static, Sqlite>),
}

impl Store {
    /// Begins a transaction. On SQLite it waits until no other write transaction is open.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if no connection can be opened, or if the SQLite file is not the one that was opened.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let failed = StoreError::failed("begin a transaction");
        let open = match &self.pools {
            Pools::Postgres(pool) => Open::Postgres(pool.begin().await.map_err(failed)?),
            // Taking the write lock at once avoids a deadlock between two readers that both start to write.
            Pools::Sqlite { file, .. } if !file.is_in_place() => {
                return Err(StoreError::FileReplaced(file.path().display().to_string()));
            }
            Pools::Sqlite { write, .. } => {
                Open::Sqlite(write.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?)
            }
        };
        let (events, notices) = (Vec::new(), Vec::new());
        Ok(Tx { open, events, has_configuration_change: false, notices, store: self.clone() })
    }
}

impl Tx {
    /// Commits the transaction and notifies subscribers of what it changed.
    ///
    /// Events are inserted last, one transaction after the other, so that their ids increase in the order in which
    /// they become readable. A reader that has read up to an id has missed nothing.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database rejects the commit; nothing is written in that case.
    pub async fn save(mut self) -> Result<(), StoreError> {
        self.log_events().await?;
        dialect::notify(&mut self.open, &self.notices, &self.store.instance).await?;
        let failed = StoreError::failed("save a transaction");
        match self.open {
            Open::Postgres(tx) => tx.commit().await.map_err(failed)?,
            Open::Sqlite(tx) => tx.commit().await.map_err(failed)?,
        }
        if self.has_configuration_change {
            self.store.version.invalidate();
        }
        for notice in self.notices {
            self.store.notify(notice);
        }
        Ok(())
    }

    /// Queues a notice that is sent when the transaction is saved. Duplicates are dropped.
    pub(super) fn notify(&mut self, notice: TaskNotice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }
}
