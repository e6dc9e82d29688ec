//! Code that differs between SQLite and PostgreSQL: claiming with `SKIP LOCKED`, `NOTIFY` and `LISTEN`, locks, and
//! exclusive use of a SQLite file.

use std::error::Error;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPoolOptions};
use uuid::Uuid;

pub(super) mod full_text;
mod spelling;

use super::notices::{LocalInstance, RemoteNotice};
use super::tasks::StatementOfKinds;
use super::tx::Open;
use super::{Store, StoreError, TaskKinds, TaskNotice, postgres};

use crate::store::pools::Pools;

/// How long connecting may take before the attempt is reported and repeated.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(2);

/// Copies the frames of the story `$1`, up to the number `$3`, to the story `$2`. If `$4` is false, the copies are without
/// what the camera saw, what was heard, the situation and the parameters. `$5` is the current time: copies count as
/// indexed, because search finds the originals.
macro_rules! copy_frames {
    ($metadata_for_others:literal) => {
        concat!(
            "INSERT INTO story_frame (story_id, number, text, image_id, device_image_id, illustration, ",
            "min_duration_seconds, trigger_condition, metadata, state_before, date_created, seen, heard, ",
            "language, text_terms, date_indexed, told_for) ",
            "SELECT $2, f.number, f.text, f.image_id, f.device_image_id, f.illustration, ",
            "f.min_duration_seconds, f.trigger_condition, CASE WHEN $4 THEN f.metadata ELSE ",
            $metadata_for_others,
            " END, f.state_before, f.date_created, CASE WHEN $4 THEN f.seen END, ",
            "CASE WHEN $4 THEN f.heard END, f.language, '', $5, COALESCE(f.told_for, s.client_id) ",
            "FROM story_frame f JOIN story s ON s.id = f.story_id ",
            "WHERE f.story_id = $1 AND f.number <= $3 ORDER BY f.number"
        )
    };
}

/// Returns the statement that copies frames to a branch.
pub(super) const fn copy_frames_sql(open: &Open) -> &'static str {
    match open {
        Open::Postgres(_) => copy_frames!("f.metadata - 'situation' - 'parameters'"),
        Open::Sqlite(_) => copy_frames!("json_remove(f.metadata, '$.situation', '$.parameters')"),
    }
}

/// Locks images and files that stories may share until this transaction ends, so that of two transactions that remove the
/// last uses of a file, the later one sees that nothing uses it any more. SQLite has a single writer and needs no lock.
pub(super) async fn lock_media(
    open: &mut Open,
    image_ids: Vec<Uuid>,
    keys: Vec<String>,
) -> Result<(), StoreError> {
    let Open::Postgres(tx) = open else { return Ok(()) };
    let failed = StoreError::failed("lock shared files");
    if !image_ids.is_empty() {
        // Every transaction locks in the same order, so none waits for one that waits for it.
        let sql = "SELECT 1 FROM image WHERE id = ANY($1) ORDER BY id FOR UPDATE";
        sqlx::query(sql).bind(image_ids).execute(&mut *tx).await.map_err(&failed)?;
    }
    if !keys.is_empty() {
        let sql = "SELECT 1 FROM media_object WHERE key = ANY($1) ORDER BY key FOR UPDATE";
        sqlx::query(sql).bind(keys).execute(&mut *tx).await.map_err(&failed)?;
    }
    Ok(())
}

/// Returns the statement that claims a task of these kinds.
pub(super) fn claim_sql(open: &Open, kinds: TaskKinds) -> &'static str {
    static SQLITE: LazyLock<StatementOfKinds> =
        LazyLock::new(|| StatementOfKinds::new(|condition| claim(condition, "")));
    static POSTGRES: LazyLock<StatementOfKinds> = LazyLock::new(|| {
        StatementOfKinds::new(|condition| claim(condition, "FOR UPDATE SKIP LOCKED"))
    });
    match open {
        Open::Sqlite(_) => SQLITE.sql(kinds),
        Open::Postgres(_) => POSTGRES.sql(kinds),
    }
}

/// Returns a statement that claims the oldest pending task that meets the condition, is due, does not wait for an earlier
/// task of its lane, and whose client has fewer than `$4` running tasks.
///
/// `$1` is the lease owner, `$2` the end of the lease, `$3` the current time.
fn claim(condition: &str, skip: &str) -> String {
    format!(
        "UPDATE task SET status = 'running', attempts = attempts + 1, lease_owner = $1, \
         lease_until = $2, date_started = COALESCE(date_started, $3) WHERE id = ( \
         SELECT t.id FROM task t WHERE t.status = 'pending' {condition} AND t.run_at <= $3 \
         AND (t.lane IS NULL OR NOT EXISTS (SELECT 1 FROM task o WHERE o.lane = t.lane \
         AND o.status IN ('pending', 'running') AND (o.status = 'running' OR o.id < t.id))) \
         AND (t.client_id IS NULL OR (SELECT COUNT(*) FROM task r WHERE r.client_id = t.client_id \
         AND r.status = 'running') < $4) \
         ORDER BY t.run_at, t.id LIMIT 1 {skip}) RETURNING *"
    )
}

/// Sends notices to other processes when the transaction commits. Does nothing on SQLite.
pub(super) async fn notify(
    open: &mut Open,
    notices: &[TaskNotice],
    instance: &LocalInstance,
) -> Result<(), StoreError> {
    let Open::Postgres(tx) = open else { return Ok(()) };
    if notices.is_empty() {
        return Ok(());
    }
    let payloads: Vec<_> = notices.iter().map(|notice| notice.to_payload(instance)).collect();
    sqlx::query("SELECT pg_notify($1, payload) FROM unnest($2::TEXT[]) AS payload")
        .bind(TaskNotice::CHANNEL)
        .bind(payloads)
        .execute(&mut *tx)
        .await
        .map(drop)
        .map_err(StoreError::failed("notify other instances"))
}

/// Blocks other transactions that number the same slug until this one ends. SQLite has a single writer and needs no
/// lock.
pub(super) async fn lock_slug(open: &mut Open, slug_base: &str) -> Result<(), StoreError> {
    let Open::Postgres(tx) = open else { return Ok(()) };
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(slug_base)
        .execute(&mut *tx)
        .await
        .map(drop)
        .map_err(StoreError::failed("lock a slug"))
}

/// Blocks other transactions that compare the files of the same client with its quota until this one ends. SQLite has a
/// single writer and needs no lock.
pub(super) async fn lock_quota(open: &mut Open, client_id: &str) -> Result<(), StoreError> {
    let Open::Postgres(tx) = open else { return Ok(()) };
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 7369214805165))")
        .bind(client_id)
        .execute(&mut *tx)
        .await
        .map(drop)
        .map_err(StoreError::failed("lock a client's quota"))
}

/// Makes transactions that log events commit one after the other. SQLite has a single writer and needs no lock.
pub(super) async fn lock_events(open: &mut Open) -> Result<(), StoreError> {
    let Open::Postgres(tx) = open else { return Ok(()) };
    sqlx::query("SELECT pg_advisory_xact_lock(7369214805163)")
        .execute(&mut *tx)
        .await
        .map(drop)
        .map_err(StoreError::failed("lock the event log"))
}

impl Store {
    /// Receives notices from other processes on the same PostgreSQL database, until dropped. Never completes on
    /// SQLite, where a database has one process, or behind a pooler, which passes no notices on. Subscribers then find
    /// changes by others when they poll.
    pub async fn listen_for_notices(&self) {
        let Pools::Postgres(database) = &self.pools else { return std::future::pending().await };
        if database.is_pooled {
            tracing::info!(
                "a pooler lends connections for one transaction; polling for changes by other instances"
            );
            return std::future::pending().await;
        }
        let options = database.pool.options();
        let address = postgres::address(&options);
        loop {
            if let Err(error) = self.listen(&options).await {
                let error = &error as &dyn Error;
                tracing::warn!(address, error, "PostgreSQL is away; connecting again");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn listen(&self, options: &PgConnectOptions) -> Result<(), sqlx::Error> {
        // The listener has a connection of its own, so its error names the cause; the pool would only report that no connection was free.
        let connecting = PgConnection::connect_with(options);
        let timed_out = |_| sqlx::Error::Io(io::ErrorKind::TimedOut.into());
        tokio::time::timeout(LISTEN_TIMEOUT, connecting).await.map_err(timed_out)??.close().await?;
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(TaskNotice::CHANNEL).await?;
        // Notices sent while this process was not listening are lost, so subscribers check once.
        self.notify(TaskNotice::RemoteTaskReady);
        self.notify(TaskNotice::EventLogged);
        loop {
            let lost = || sqlx::Error::Io(io::ErrorKind::ConnectionAborted.into());
            let notification = listener.try_recv().await?.ok_or_else(lost)?;
            match RemoteNotice::from_payload(notification.payload(), self.instance.id) {
                Some(RemoteNotice::Task(notice)) => self.notify(notice),
                Some(RemoteNotice::TaskClaimedSoon) => self.notify_after_head_start(),
                Some(RemoteNotice::FilesRemoved(keys)) => self.instance.report_removed(keys),
                None => {}
            }
        }
    }

    /// Tells the other instances that files were removed, so that they remove their copies. A notice may be lost; an
    /// instance removes what it missed when it looks for orphans. Does nothing on SQLite or behind a pooler.
    pub async fn announce_removed_files(&self, keys: &[String]) -> Result<(), StoreError> {
        let Pools::Postgres(database) = &self.pools else { return Ok(()) };
        for payload in RemoteNotice::removal_payloads(keys) {
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind(TaskNotice::CHANNEL)
                .bind(payload)
                .execute(database)
                .await
                .map_err(StoreError::failed("notify other instances"))?;
        }
        Ok(())
    }

    /// Locks a SQLite file so that no other process serves from it. Returns `None` on PostgreSQL, which several
    /// instances may share.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError::InUse`] if another process holds the lock, and [`StoreError::NotWritable`] if the lock
    /// file cannot be created.
    pub fn acquire_database_lock(&self, path: &Path) -> Result<Option<DatabaseLock>, StoreError> {
        if !self.is_sqlite() {
            return Ok(None);
        }
        let lock = path.with_extension("lock");
        let file = File::create(&lock).map_err(|source| StoreError::NotWritable {
            path: lock.display().to_string(),
            source,
        })?;
        file.try_lock().map_err(|_| StoreError::InUse(path.display().to_string()))?;
        Ok(Some(DatabaseLock { _file: file }))
    }
}

/// The lock that a process holds while it serves from a SQLite file. The operating system releases it however the
/// process ends.
#[derive(Debug)]
pub struct DatabaseLock {
    _file: File,
}
