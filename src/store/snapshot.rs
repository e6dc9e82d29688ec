//! Snapshots: all rows as of one moment in a SQLite file, which is the form of a backup of either database. A
//! snapshot can be restored into either database.

use std::path::Path;

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use super::cell::{self, Cell, Column};
use super::{Store, StoreError};
use crate::settings::DatabaseSettings;
use crate::store::pools::Pools;
use crate::store::unnamed::PgTransaction;

/// Tables that stay empty until the service is used; other tables have rows from the first start.
const INITIALLY_EMPTY_TABLES: [&str; 7] =
    ["story", "media_object", "task", "admin_user", "api_token", "sparrow_config", "flock_config"];

/// Maximum number of values bound per statement; both databases accept more.
const MAX_BINDS: usize = 16_000;

/// The number of bytes of values from which a batch of rows is inserted, because some rows hold files.
const MAX_BATCH_BYTES: usize = 8 << 20;

impl Store {
    /// Opens a SQLite file written by [`Store::write_snapshot`] and migrates it.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the file is not a snapshot, or was written by a later version.
    pub async fn open_snapshot(path: &Path) -> Result<Self, StoreError> {
        let settings = DatabaseSettings {
            path: path.to_owned(),
            connections: 2,
            ..DatabaseSettings::default()
        };
        let store = Self::connect(&settings).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Writes all rows, as of one moment, to a new SQLite file. Other transactions may read and write meanwhile.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails or the file cannot be written.
    pub async fn write_snapshot(&self, path: &Path) -> Result<(), StoreError> {
        let failed = StoreError::failed("write a snapshot");
        match &self.pools {
            Pools::Sqlite { read, .. } => {
                let target = path.to_string_lossy().into_owned();
                let vacuum = sqlx::query("VACUUM INTO $1").bind(target).execute(read);
                vacuum.await.map(drop).map_err(failed)
            }
            Pools::Postgres(pool) => {
                let empty = Self::open_snapshot(path).await?;
                empty.close().await;
                let mut from = pool.begin().await.map_err(&failed)?;
                let isolation = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
                sqlx::query(isolation).execute(&mut from).await.map_err(&failed)?;
                let mut to = open_file(path).await.map_err(&failed)?;
                copy_all_to_sqlite(&mut from, &mut to).await.map_err(&failed)?;
                to.close().await.map_err(&failed)
            }
        }
    }

    /// Reports whether the database has not been used yet.
    pub async fn is_unused(&self) -> Result<bool, StoreError> {
        for table in INITIALLY_EMPTY_TABLES {
            let sql = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {table} LIMIT 1) AS one");
            let rows: i64 =
                super::with_read_pool!(self, db => sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(db)
                .await)
                .map_err(StoreError::failed("check whether the database is used"))?;
            if rows > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Restores the rows of a snapshot of this version into an unused PostgreSQL database, all or none.
    ///
    /// Does nothing on SQLite, where the snapshot file itself replaces the database file.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if a database fails or a row violates a constraint.
    pub async fn restore_snapshot(&self, snapshot: &Path) -> Result<(), StoreError> {
        let failed = StoreError::failed("restore a snapshot");
        let Pools::Postgres(pool) = &self.pools else { return Ok(()) };
        let mut from = open_file(snapshot).await.map_err(&failed)?;
        let mut to = pool.begin().await.map_err(&failed)?;
        copy_all_to_postgres(&mut from, &mut to).await.map_err(&failed)?;
        to.commit().await.map_err(&failed)
    }
}

/// Opens a snapshot's file without foreign keys, so that rows may be inserted in any order.
async fn open_file(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().filename(path).foreign_keys(false).connect().await
}

/// Returns the names of the tables to copy. The full-text index is left out because the database derives it from
/// them.
async fn tables(file: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' \
               AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE '!_sqlx%' ESCAPE '!' \
               AND name NOT LIKE 'frame!_words%' ESCAPE '!' AND name <> 'frame_vocabulary' ORDER BY name";
    sqlx::query_scalar(sql).fetch_all(file).await
}

/// Returns a table's columns with their PostgreSQL types. Generated columns are left out.
async fn columns(server: &mut PgTransaction, table: &str) -> Result<Vec<Column>, sqlx::Error> {
    let sql = "SELECT column_name::TEXT, udt_name::TEXT, is_identity::TEXT FROM information_schema.columns \
               WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position";
    let rows = sqlx::query(sql).bind(table).fetch_all(server).await?;
    rows.iter()
        .map(|row| {
            Column::new(row.try_get(0)?, row.try_get(1)?, row.try_get::<&str, _>(2)? == "YES")
        })
        .collect()
}

fn select(table: &str, columns: &[Column]) -> AssertSqlSafe<String> {
    let names: Vec<String> = columns.iter().map(Column::quoted).collect();
    AssertSqlSafe(format!("SELECT {} FROM \"{table}\"", names.join(", ")))
}

fn insert(table: &str, columns: &[Column], clause: &str) -> String {
    let names: Vec<String> = columns.iter().map(Column::quoted).collect();
    format!("INSERT INTO \"{table}\" ({}) {clause}", names.join(", "))
}

async fn copy_all_to_sqlite(
    from: &mut PgTransaction,
    to: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *to).await?;
    for table in tables(to).await? {
        let columns = columns(from, &table).await?;
        let max_rows = MAX_BINDS / columns.len().max(1);
        // Rows that a migration inserted are part of the copied rows, too.
        let clear = AssertSqlSafe(format!("DELETE FROM \"{table}\""));
        sqlx::query(clear).execute(&mut *to).await?;
        let mut rows = sqlx::query(select(&table, &columns)).fetch(&mut *from);
        let (mut batch, mut bytes) = (Vec::new(), 0);
        loop {
            let row = rows.try_next().await?;
            let is_end = row.is_none();
            if let Some(row) = row {
                let cells = cell::from_postgres(&row, &columns)?;
                bytes += cells.iter().map(Cell::byte_count).sum::<usize>();
                batch.push(cells);
            }
            let is_full = batch.len() >= max_rows || bytes >= MAX_BATCH_BYTES;
            if is_full || (is_end && !batch.is_empty()) {
                bytes = 0;
                let mut insert = sqlx::QueryBuilder::new(insert(&table, &columns, ""));
                insert.push_values(batch.drain(..), cell::bind_sqlite);
                insert.build().execute(&mut *to).await?;
            }
            if is_end {
                break;
            }
        }
    }
    let violations = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *to).await?;
    if !violations.is_empty() {
        return Err(sqlx::Error::Protocol("rows of the snapshot contradict each other".to_owned()));
    }
    sqlx::query("COMMIT").execute(&mut *to).await.map(drop)
}

/// Copies all tables. Foreign keys are dropped first and checked at the end, because tables refer to each other in
/// cycles.
async fn copy_all_to_postgres(
    from: &mut SqliteConnection,
    to: &mut PgTransaction,
) -> Result<(), sqlx::Error> {
    let constraints = "SELECT conrelid::regclass::TEXT, conname::TEXT, pg_get_constraintdef(oid) \
        FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace";
    let constraints: Vec<(String, String, String)> =
        sqlx::query_as(constraints).fetch_all(&mut *to).await?;
    for (table, name, _) in &constraints {
        let sql = format!("ALTER TABLE {table} DROP CONSTRAINT \"{name}\"");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *to).await?;
    }
    for table in tables(from).await? {
        let columns = columns(to, &table).await?;
        let clear = AssertSqlSafe(format!("DELETE FROM \"{table}\""));
        sqlx::query(clear).execute(&mut *to).await?;
        copy_to_postgres(&table, &columns, from, to).await?;
        for column in columns.iter().filter(|column| column.is_identity) {
            let name = column.quoted();
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', '{}'), COALESCE(MAX({name}), 0) + 1, false) FROM \"{table}\"",
                column.name
            );
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *to).await?;
        }
    }
    for (table, name, definition) in &constraints {
        let sql = format!("ALTER TABLE {table} ADD CONSTRAINT \"{name}\" {definition}");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *to).await?;
    }
    Ok(())
}

async fn copy_to_postgres(
    table: &str,
    columns: &[Column],
    from: &mut SqliteConnection,
    to: &mut PgTransaction,
) -> Result<(), sqlx::Error> {
    let max_rows = MAX_BINDS / columns.len().max(1);
    let clause = if columns.iter().any(|column| column.is_identity) {
        "OVERRIDING SYSTEM VALUE "
    } else {
        ""
    };
    let mut rows = sqlx::query(select(table, columns)).fetch(&mut *from);
    let (mut batch, mut bytes) = (Vec::new(), 0);
    loop {
        let row = rows.try_next().await?;
        let is_end = row.is_none();
        if let Some(row) = row {
            let cells = cell::from_sqlite(&row, columns)?;
            bytes += cells.iter().map(Cell::byte_count).sum::<usize>();
            batch.push(cells);
        }
        let is_full = batch.len() >= max_rows || bytes >= MAX_BATCH_BYTES;
        if is_full || (is_end && !batch.is_empty()) {
            bytes = 0;
            let mut insert = sqlx::QueryBuilder::new(insert(table, columns, clause));
            insert.push_values(batch.drain(..), cell::bind_postgres);
            insert.build().execute(&mut *to).await?;
        }
        if is_end {
            return Ok(());
        }
    }
}
