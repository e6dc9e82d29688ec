//! All that the two databases do not say alike: claiming with `SKIP LOCKED`, NOTIFY and LISTEN, locks, sole use of a file.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use sqlx::postgres::PgListener;

pub(super) mod full_text;

use super::tx::Open;
use super::{Store, StoreError, TaskNotice};
use crate::store::pools::Pools;

/// The oldest pending task that is due and not behind another of its lane; `$1` owner, `$2` lease, `$3` now.
macro_rules! claim {
    ($skip:literal) => {
        concat!(
            "UPDATE task SET status = 'running', attempts = attempts + 1, lease_owner = $1, ",
            "lease_until = $2, date_started = COALESCE(date_started, $3) WHERE id = (",
            "SELECT t.id FROM task t WHERE t.status = 'pending' AND t.run_at <= $3 ",
            "AND (t.lane IS NULL OR NOT EXISTS (SELECT 1 FROM task o WHERE o.lane = t.lane ",
            "AND o.status IN ('pending', 'running') AND (o.status = 'running' OR o.id < t.id))) ",
            "ORDER BY t.run_at, t.id LIMIT 1 ",
            $skip,
            ") RETURNING *"
        )
    };
}

/// The statement that claims a task.
pub(super) const fn claim_sql(open: &Open) -> &'static str {
    match open {
        Open::Postgres(_) => claim!("FOR UPDATE SKIP LOCKED"),
        Open::Sqlite(_) => claim!(""),
    }
}

/// Passes news to other processes, as part of the transaction.
pub(super) async fn notify(open: &mut Open, notices: &[TaskNotice]) -> Result<(), StoreError> {
    let Open::Postgres(tx) = open else { return Ok(()) };
    for notices in notices {
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(TaskNotice::CHANNEL)
            .bind(notices.to_payload())
            .execute(&mut **tx)
            .await
            .map_err(StoreError::failed("notify other instances"))?;
    }
    Ok(())
}

/// Holds back other transactions that would number the same slug, until this one ends; SQLite has one writer anyway.
pub(super) async fn lock_slug(open: &mut Open, slug_base: &str) -> Result<(), StoreError> {
    let Open::Postgres(tx) = open else { return Ok(()) };
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(slug_base)
        .execute(&mut **tx)
        .await
        .map(drop)
        .map_err(StoreError::failed("lock a slug"))
}

/// Has transactions that log events end one after the other; SQLite has one writer anyway.
pub(super) async fn lock_events(open: &mut Open) -> Result<(), StoreError> {
    let Open::Postgres(tx) = open else { return Ok(()) };
    sqlx::query("SELECT pg_advisory_xact_lock(7369214805163)")
        .execute(&mut **tx)
        .await
        .map(drop)
        .map_err(StoreError::failed("lock the event log"))
}

impl Store {
    /// Hears the news of other processes on the same PostgreSQL, until dropped. On SQLite there are none.
    pub async fn listen_for_notices(&self) {
        let Pools::Postgres(pool) = &self.pools else { return std::future::pending().await };
        loop {
            if let Err(error) = self.listen(pool).await {
                tracing::warn!(%error, "the channel to other instances broke; listening again");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn listen(&self, pool: &sqlx::PgPool) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(TaskNotice::CHANNEL).await?;
        // What was told while nobody listened is made up for by looking once.
        self.notify(TaskNotice::TaskReady);
        self.notify(TaskNotice::EventLogged);
        loop {
            let notification = listener.recv().await?;
            if let Some(news) = TaskNotice::from_payload(notification.payload()) {
                self.notify(news);
            }
        }
    }

    /// Makes sure that no other process serves from the same SQLite file; PostgreSQL is made to be shared.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] when one does.
    pub fn acquire_database_lock(&self, path: &Path) -> Result<Option<DatabaseLock>, StoreError> {
        if !self.is_sqlite() {
            return Ok(None);
        }
        let lock = path.with_extension("lock");
        let shown = || path.display().to_string();
        let file = File::create(&lock).map_err(|source| StoreError::NotWritable {
            path: lock.display().to_string(),
            source,
        })?;
        file.try_lock().map_err(|_| StoreError::InUse(shown()))?;
        Ok(Some(DatabaseLock { _file: file }))
    }
}

/// Held while a process serves from a SQLite file; the system lets go of it however the process ends.
#[derive(Debug)]
pub struct DatabaseLock {
    _file: File,
}
