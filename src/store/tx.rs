//! Write transactions, which have no effect until they are saved.

use sqlx::Sqlite;

use super::events::NewEvent;
use super::lent_connection::PoolTransaction;
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
    durability: Durability,
    notices: Vec<TaskNotice>,
    store: Store,
}

#[derive(Debug)]
pub(super) enum Open {
    Postgres(PgTransaction),
    Sqlite(PoolTransaction<Sqlite>),
}

impl Store {
    /// Begins a transaction. On SQLite it waits until no other write transaction is open.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if no connection can be opened, or if the SQLite file is not the one that was opened.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        self.begin_with(Durability::Synced).await
    }

    /// Begins a transaction that a power cut right after [`Tx::save`] may undo as a whole. It is for work that is then
    /// simply done again. Saving it does not wait for the disk.
    ///
    /// # Errors
    ///
    /// As [`Store::begin`].
    pub async fn begin_repeatable(&self) -> Result<Tx, StoreError> {
        self.begin_with(Durability::Repeatable).await
    }

    async fn begin_with(&self, durability: Durability) -> Result<Tx, StoreError> {
        let failed = StoreError::failed("begin a transaction");
        let open = match &self.pools {
            Pools::Postgres(pool) => {
                let begun = pool.begin_with(durability.postgres()).await;
                Open::Postgres(begun.map_err(failed)?)
            }
            Pools::Sqlite { file, .. } if !file.is_in_place() => {
                return Err(StoreError::FileReplaced(file.path().display().to_string()));
            }
            Pools::Sqlite { write, .. } => {
                Open::Sqlite(write.begin(durability.sqlite()).await.map_err(failed)?)
            }
        };
        self.activity.count_started();
        let (events, notices) = (Vec::new(), Vec::new());
        let store = self.clone();
        Ok(Tx { open, events, has_configuration_change: false, durability, notices, store })
    }
}

/// When a saved transaction is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// When it is saved.
    Synced,
    /// At the latest when the next synced one is saved.
    Repeatable,
}

impl Durability {
    const fn postgres(self) -> &'static str {
        match self {
            Self::Synced => "BEGIN",
            Self::Repeatable => "BEGIN; SET LOCAL synchronous_commit = off",
        }
    }

    /// Every transaction sets the mode, so that it does not depend on the one before. Taking the write lock at once
    /// avoids a deadlock between two readers that both start to write.
    const fn sqlite(self) -> &'static str {
        match self {
            Self::Synced => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
            Self::Repeatable => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
        }
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
        if !self.notices.is_empty() {
            self.count_postgres_statement();
        }
        dialect::notify(&mut self.open, &self.notices).await?;
        let failed = StoreError::failed("save a transaction");
        match self.open {
            Open::Postgres(tx) => tx.commit().await.map_err(failed)?,
            Open::Sqlite(tx) => tx.commit().await.map_err(failed)?,
        }
        self.store.activity.count_saved(self.durability == Durability::Synced);
        if self.has_configuration_change {
            self.store.version.invalidate();
        }
        for notice in self.notices {
            self.store.notify(notice);
        }
        Ok(())
    }

    pub(super) fn count_statement(&self) {
        self.store.activity.count_statement();
    }

    /// Counts a statement that runs on PostgreSQL only.
    pub(super) fn count_postgres_statement(&self) {
        if !self.store.is_sqlite() {
            self.count_statement();
        }
    }

    /// Queues a notice that is sent when the transaction is saved. Duplicates are dropped.
    pub(super) fn notify(&mut self, notice: TaskNotice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::DatabaseSettings;

    #[tokio::test]
    async fn sqlite_waits_for_the_disk_unless_the_work_can_be_repeated() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("calliope.db");
        let settings = DatabaseSettings { path, ..DatabaseSettings::default() };
        let store = Store::connect(&settings).await.expect("connected");
        let mode = async |tx: Tx, is_saved: bool| {
            let mut tx = tx;
            let Open::Sqlite(open) = &mut tx.open else { panic!("this is SQLite") };
            let mode = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut **open);
            let mode: i64 = mode.await.expect("a mode");
            if is_saved {
                tx.save().await.expect("saved");
            }
            mode
        };
        let (full, normal) = (2, 1);
        for is_saved in [true, false] {
            assert_eq!(mode(store.begin().await.expect("begun"), is_saved).await, full);
            for _ in 0..2 {
                let tx = store.begin_repeatable().await.expect("begun");
                assert_eq!(mode(tx, is_saved).await, normal);
            }
            assert_eq!(mode(store.begin().await.expect("begun"), is_saved).await, full);
        }
        let activity = store.activity();
        assert_eq!((activity.saved, activity.synced, activity.dropped), (4, 2, 4));
        store.close().await;
    }
}
