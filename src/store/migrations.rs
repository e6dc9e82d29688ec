//! Database migrations. `migrations/sqlite` and `migrations/postgres` hold the same numbers and names.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use sqlx::migrate::{Migrate, Migrator};

use super::{Store, StoreError};
use crate::store::pools::Pools;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Checksums of migrations whose comments have been reworded since a database may have applied them.
const EARLIER_CHECKSUMS: &str = include_str!("../../migrations/earlier-checksums.txt");

/// Applies the pending migrations of one database.
///
/// sqlx refuses a database that has applied a migration with another checksum, so known earlier checksums are replaced
/// first. Both happen under sqlx's lock, which a session may take twice. A failure closes the connection, because a
/// connection that returns to the pool keeps the lock.
macro_rules! apply {
    ($pool:expr, $migrator:expr, $database:literal) => {{
        let mut conn = $pool.acquire().await.map_err(StoreError::failed("migrate"))?;
        let applied = async {
            conn.lock().await?;
            for (version, checksum) in reworded(&mut *conn, &$migrator, $database).await? {
                sqlx::query("UPDATE _sqlx_migrations SET checksum = $1 WHERE version = $2")
                    .bind(checksum)
                    .bind(version)
                    .execute(&mut *conn)
                    .await
                    .map_err(StoreError::failed("record the checksum of a migration"))?;
            }
            $migrator.run(&mut *conn).await?;
            Ok(conn.unlock().await?)
        };
        let applied: Result<(), StoreError> = applied.await;
        if applied.is_err() {
            conn.close_on_drop();
        }
        applied
    }};
}

/// A migration that this binary contains and the database does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingMigration {
    /// Version number.
    pub version: i64,
    /// Name in words.
    pub name: String,
}

impl Store {
    /// Applies all pending migrations.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError::Migration`] if a migration fails, or if a later version has migrated the database.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match &self.pools {
            Pools::Postgres(pool) => apply!(pool, POSTGRES, "postgres"),
            Pools::Sqlite { write, .. } => apply!(write, SQLITE, "sqlite"),
        }
    }

    /// Returns the migrations that [`Store::migrate`] would apply, in order.
    ///
    /// Creates the table of applied migrations if it does not exist, and changes nothing else.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database cannot be read.
    pub async fn pending_migrations(&self) -> Result<Vec<PendingMigration>, StoreError> {
        let failed = StoreError::failed("look for pending migrations");
        let (migrator, applied) = match &self.pools {
            Pools::Postgres(pool) => {
                let mut conn = pool.acquire().await.map_err(failed)?;
                (&POSTGRES, applied(&mut *conn, &POSTGRES).await?)
            }
            Pools::Sqlite { write, .. } => {
                let mut conn = write.acquire().await.map_err(failed)?;
                (&SQLITE, applied(&mut *conn, &SQLITE).await?)
            }
        };
        let pending = migrator.iter().filter(|migration| !applied.contains(&migration.version));
        Ok(pending
            .map(|m| PendingMigration { version: m.version, name: m.description.to_string() })
            .collect())
    }
}

/// Returns the versions that the database has applied with a known earlier checksum, with their checksums of today.
async fn reworded<C: Migrate>(
    conn: &mut C,
    migrator: &'static Migrator,
    database: &str,
) -> Result<Vec<(i64, &'static [u8])>, StoreError> {
    conn.ensure_migrations_table(&migrator.table_name).await?;
    let applied = conn.list_applied_migrations(&migrator.table_name).await?;
    let is_earlier = |version: i64, checksum: &[u8]| {
        let mut row = format!("{database} {version} ");
        row.extend(checksum.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit));
        EARLIER_CHECKSUMS.lines().any(|line| line == row)
    };
    let current = |version| migrator.iter().find(|migration| migration.version == version);
    let reworded = applied.iter().filter_map(|applied| {
        let current = current(applied.version)?;
        let differs = current.checksum != applied.checksum;
        (differs && is_earlier(applied.version, &applied.checksum))
            .then_some((applied.version, &*current.checksum))
    });
    Ok(reworded.collect())
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0')
}

async fn applied<C: Migrate>(
    conn: &mut C,
    migrator: &Migrator,
) -> Result<HashSet<i64>, StoreError> {
    conn.ensure_migrations_table(&migrator.table_name).await?;
    let applied = conn.list_applied_migrations(&migrator.table_name).await?;
    Ok(applied.into_iter().map(|migration| migration.version).collect())
}

/// Creates two empty files for a new migration in `root/migrations`, numbered after the last, and returns their
/// paths.
///
/// # Errors
///
/// Returns an error if the name has characters other than `a-z`, `0-9` and `_`, or if a file cannot be created.
pub fn create_migration_files(root: &Path, name: &str) -> io::Result<[PathBuf; 2]> {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(is_allowed) {
        let reason = "a migration name may contain only a-z, 0-9 and _";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    let directories = ["sqlite", "postgres"].map(|database| root.join("migrations").join(database));
    let mut last = 0;
    for directory in &directories {
        for entry in std::fs::read_dir(directory)? {
            let file = entry?.file_name();
            let number = file.to_string_lossy().split('_').next().and_then(|n| n.parse().ok());
            last = last.max(number.unwrap_or(0));
        }
    }
    let files = directories.map(|directory| directory.join(format!("{:04}_{name}.sql", last + 1)));
    for file in &files {
        std::fs::File::create_new(file)?;
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_have_the_same_migrations() {
        let list = |migrator: &Migrator| -> Vec<(i64, String)> {
            migrator.iter().map(|m| (m.version, m.description.to_string())).collect()
        };
        assert_eq!(list(&SQLITE), list(&POSTGRES));
        assert!(!list(&SQLITE).is_empty());
    }

    #[test]
    fn a_new_migration_is_numbered_after_the_last() {
        let root = tempfile::tempdir().expect("a temporary directory");
        for database in ["sqlite", "postgres"] {
            std::fs::create_dir_all(root.path().join("migrations").join(database))
                .expect("created");
        }
        std::fs::write(root.path().join("migrations/sqlite/0007_old.sql"), "").expect("written");
        let files = create_migration_files(root.path(), "voices").expect("created");
        assert!(files.iter().all(|f| f.ends_with("0008_voices.sql") && f.exists()));
        assert!(create_migration_files(root.path(), "../up").is_err());
    }
}
