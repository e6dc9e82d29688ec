//! All rows as of one moment, in an SQLite file: the form of a backup, whichever database it is of; and back from such a
//! file into either.

use std::path::Path;

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row};

use super::cell::{self, Column};
use super::{Store, StoreError};
use crate::settings::DatabaseSettings;
use crate::store::pools::Pools;

/// Tables that have a row only where the service was used, and not from its first start on.
const USED: [&str; 7] =
    ["story", "media_object", "task", "admin_user", "api_token", "sparrow_config", "flock_config"];

/// Values that one statement binds at most; both databases take more.
const MAX_BINDS: usize = 16_000;

impl Store {
    /// The database in an SQLite file, as [`Store::snapshot`] makes one: opened, and brought up to date.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it is none, or was made by a later version.
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

    /// Writes all rows, as of one moment, into a new SQLite file. Others read and write meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails or the file cannot be written.
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
                let one_moment = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
                sqlx::query(one_moment).execute(&mut *from).await.map_err(&failed)?;
                let mut to = open_file(path).await.map_err(&failed)?;
                copy_all_to_sqlite(&mut from, &mut to).await.map_err(&failed)?;
                to.close().await.map_err(&failed)
            }
        }
    }

    /// Whether nobody has used this database yet.
    pub async fn is_unused(&self) -> Result<bool, StoreError> {
        for table in USED {
            let sql = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {table} LIMIT 1) AS one");
            let rows: i64 =
                super::with_read_pool!(self, db => sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(db)
                .await)
                .map_err(StoreError::failed("look whether the database is used"))?;
            if rows > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Fills this database, which is a PostgreSQL that nobody has used, with the rows of a snapshot of this version; all of
    /// them, or none. An SQLite database is its file, and is put in its place as a whole.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when a database fails, or a row contradicts another.
    pub async fn restore_snapshot(&self, snapshot: &Path) -> Result<(), StoreError> {
        let failed = StoreError::failed("fill the database");
        let Pools::Postgres(pool) = &self.pools else { return Ok(()) };
        let mut from = open_file(snapshot).await.map_err(&failed)?;
        let mut to = pool.begin().await.map_err(&failed)?;
        copy_all_to_postgres(&mut from, &mut to).await.map_err(&failed)?;
        to.commit().await.map_err(&failed)
    }
}

/// A snapshot's file, whose rows may come in any order.
async fn open_file(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new().filename(path).foreign_keys(false).connect().await
}

/// The tables that hold rows of ours, by name; the full text follows from them.
async fn tables(file: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' \
               AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE '!_sqlx%' ESCAPE '!' \
               AND name NOT LIKE 'frame!_words%' ESCAPE '!' AND name <> 'frame_vocabulary' ORDER BY name";
    sqlx::query_scalar(sql).fetch_all(file).await
}

/// A table's columns, as PostgreSQL has them.
async fn columns(server: &mut PgConnection, table: &str) -> Result<Vec<Column>, sqlx::Error> {
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

fn insert(table: &str, columns: &[Column], given: &str) -> String {
    let names: Vec<String> = columns.iter().map(Column::quoted).collect();
    format!("INSERT INTO \"{table}\" ({}) {given}", names.join(", "))
}

async fn copy_all_to_sqlite(
    from: &mut PgConnection,
    to: &mut SqliteConnection,
) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *to).await?;
    for table in tables(to).await? {
        let columns = columns(from, &table).await?;
        let max_rows = MAX_BINDS / columns.len().max(1);
        // What a migration wrote is in the rows that come.
        let clear = AssertSqlSafe(format!("DELETE FROM \"{table}\""));
        sqlx::query(clear).execute(&mut *to).await?;
        let mut rows = sqlx::query(select(&table, &columns)).fetch(&mut *from);
        let mut batch = Vec::new();
        loop {
            let row = rows.try_next().await?;
            let is_end = row.is_none();
            if let Some(row) = row {
                batch.push(cell::from_postgres(&row, &columns)?);
            }
            if batch.len() >= max_rows || (is_end && !batch.is_empty()) {
                let mut insert = sqlx::QueryBuilder::new(insert(&table, &columns, ""));
                insert.push_values(batch.drain(..), cell::bind_sqlite);
                insert.build().execute(&mut *to).await?;
            }
            if is_end {
                break;
            }
        }
    }
    let strays = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *to).await?;
    if !strays.is_empty() {
        return Err(sqlx::Error::Protocol("rows of the snapshot contradict each other".to_owned()));
    }
    sqlx::query("COMMIT").execute(&mut *to).await.map(drop)
}

/// Rows refer to each other in rings, so that no order of tables would do: what they refer to is checked when all are there.
async fn copy_all_to_postgres(
    from: &mut SqliteConnection,
    to: &mut PgConnection,
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
    to: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let max_rows = MAX_BINDS / columns.len().max(1);
    let given = if columns.iter().any(|column| column.is_identity) {
        "OVERRIDING SYSTEM VALUE "
    } else {
        ""
    };
    let mut rows = sqlx::query(select(table, columns)).fetch(&mut *from);
    let mut batch = Vec::new();
    loop {
        let row = rows.try_next().await?;
        let is_end = row.is_none();
        if let Some(row) = row {
            batch.push(cell::from_sqlite(&row, columns)?);
        }
        if batch.len() >= max_rows || (is_end && !batch.is_empty()) {
            let mut insert = sqlx::QueryBuilder::new(insert(table, columns, given));
            insert.push_values(batch.drain(..), cell::bind_postgres);
            insert.build().execute(&mut *to).await?;
        }
        if is_end {
            return Ok(());
        }
    }
}
