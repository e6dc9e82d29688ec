//! The tables, brought up to date: `migrations/sqlite` and `migrations/postgres` have equal numbers and names.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use sqlx::migrate::{Migrate, Migrator};

use super::{Store, StoreError};
use crate::store::pools::Pools;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// A migration that this binary knows and the database does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingMigration {
    /// Its number.
    pub version: i64,
    /// Its name, in words.
    pub name: String,
}

impl Store {
    /// Applies what is pending.
    ///
    /// # Errors
    ///
    /// [`StoreError::Migration`], also when the database was made by a later version.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match &self.pools {
            Pools::Postgres(pool) => POSTGRES.run(pool).await?,
            Pools::Sqlite { write, .. } => SQLITE.run(write).await?,
        }
        Ok(())
    }

    /// What [`Store::migrate`] would apply, in order. Changes nothing but the list of applied migrations' table.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot be read.
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

async fn applied<C: Migrate>(
    conn: &mut C,
    migrator: &Migrator,
) -> Result<HashSet<i64>, StoreError> {
    conn.ensure_migrations_table(&migrator.table_name).await?;
    let applied = conn.list_applied_migrations(&migrator.table_name).await?;
    Ok(applied.into_iter().map(|migration| migration.version).collect())
}

/// Makes the two empty files of a new migration below `root`, numbered after the last.
///
/// # Errors
///
/// When the name has other characters than `a-z`, `0-9` and `_`, or a file cannot be made.
pub fn create_migration_files(root: &Path, name: &str) -> io::Result<[PathBuf; 2]> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        let reason = "a migration's name has only a-z, 0-9 and _";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    let folders = ["sqlite", "postgres"].map(|database| root.join("migrations").join(database));
    let mut last = 0;
    for folder in &folders {
        for entry in std::fs::read_dir(folder)? {
            let file = entry?.file_name();
            let number = file.to_string_lossy().split('_').next().and_then(|n| n.parse().ok());
            last = last.max(number.unwrap_or(0));
        }
    }
    let files = folders.map(|folder| folder.join(format!("{:04}_{name}.sql", last + 1)));
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
        let root = tempfile::tempdir().expect("a temporary folder");
        for database in ["sqlite", "postgres"] {
            std::fs::create_dir_all(root.path().join("migrations").join(database)).expect("made");
        }
        std::fs::write(root.path().join("migrations/sqlite/0007_old.sql"), "").expect("written");
        let files = create_migration_files(root.path(), "voices").expect("made");
        assert!(files.iter().all(|f| f.ends_with("0008_voices.sql") && f.exists()));
        assert!(create_migration_files(root.path(), "../up").is_err());
    }
}
