//! Writing: a transaction that is nothing until it is saved.

use sqlx::{Postgres, Sqlite, Transaction};
use tokio::sync::broadcast;

use super::{Announcement, Store, StoreError, dialect};
use crate::store::pools::Pools;

/// An open transaction. Dropped without [`Tx::save`], it leaves nothing behind.
#[derive(Debug)]
pub struct Tx {
    pub(super) open: Open,
    news: Vec<Announcement>,
    listeners: broadcast::Sender<Announcement>,
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
        Ok(Tx { open, news: Vec::new(), listeners: self.news.clone() })
    }

    /// News from now on, of this process and of others on the same PostgreSQL.
    #[must_use]
    pub fn announcements(&self) -> broadcast::Receiver<Announcement> {
        self.news.subscribe()
    }

    pub(super) fn publish(&self, news: Announcement) {
        // Nobody listening is no error.
        let _ = self.news.send(news);
    }
}

impl Tx {
    /// Makes the transaction lasting, and tells those who wait for what it changed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database did not take it; nothing was written then.
    pub async fn save(mut self) -> Result<(), StoreError> {
        dialect::notify(&mut self.open, &self.news).await?;
        let failed = StoreError::failed("save a transaction");
        match self.open {
            Open::Postgres(tx) => tx.commit().await.map_err(failed)?,
            Open::Sqlite(tx) => tx.commit().await.map_err(failed)?,
        }
        for news in self.news {
            let _ = self.listeners.send(news);
        }
        Ok(())
    }

    /// Has something told once the transaction is saved.
    pub(super) fn announce(&mut self, news: Announcement) {
        if !self.news.contains(&news) {
            self.news.push(news);
        }
    }
}
