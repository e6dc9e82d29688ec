//! Database migrations. `migrations/sqlite` and `migrations/postgres` hold the same numbers and names.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use sqlx::Connection;
use sqlx::migrate::{MigrateError, Migration, Migrator};

use super::{Store, StoreError, with_read_pool, with_tx};
use crate::store::pools::Pools;
use crate::store::unnamed::PgDatabase;

static SQLITE: Migrator = sqlx_macros::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx_macros::migrate!("migrations/postgres");

/// Checksums of migrations whose comments have been reworded since a database may have applied them.
const EARLIER_CHECKSUMS: &str = include_str!("../../migrations/earlier-checksums.txt");

/// A migration that this binary contains and the database does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingMigration {
    /// Version number.
    pub version: i64,
    /// Name in words.
    pub name: String,
}

impl PendingMigration {
    /// Returns every migration, in order. A database that does not exist yet needs them all.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let migrations = SQLITE.iter();
        migrations.map(|m| Self { version: m.version, name: m.description.to_string() }).collect()
    }
}

impl Store {
    /// Applies all pending migrations, and computes what SQL cannot.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError::Migration`] if a migration fails, or if a later version has migrated the database.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let failed = StoreError::failed("migrate");
        let applied = self.applied_migrations().await?;
        // Usually nothing is pending. Then a start waits for no lock and for few statements.
        if !self.is_up_to_date(&applied) {
            self.accept_reworded_migrations(applied).await?;
            match &self.pools {
                Pools::Postgres(database) if database.is_pooled => migrate_pooled(database).await?,
                Pools::Postgres(database) => {
                    let mut lent = database.pool.acquire().await.map_err(&failed)?;
                    lent.start();
                    POSTGRES.run(&mut *lent).await?;
                }
                Pools::Sqlite(database) => {
                    let mut lent = database.write.acquire().await.map_err(&failed)?;
                    lent.start();
                    SQLITE.run(&mut *lent).await?;
                }
            }
        }
        let frames = self.fill_search_terms().await?;
        if frames > 0 {
            tracing::info!(frames, "search terms of earlier frames were computed");
        }
        Ok(())
    }

    /// Returns the migrations that [`Store::migrate`] would apply, in order. Changes nothing.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError::Migration`] if [`Store::migrate`] would refuse the database, and [`StoreError`] if the
    /// database cannot be read.
    pub async fn pending_migrations(&self) -> Result<Vec<PendingMigration>, StoreError> {
        let migrator = if self.is_sqlite() { &SQLITE } else { &POSTGRES };
        let applied = self.applied_migrations().await?;
        for migration in &applied {
            let known = migrator.iter().find(|known| known.version == migration.version);
            let known = known.ok_or(MigrateError::VersionMissing(migration.version))?;
            if !migration.success {
                return Err(MigrateError::Dirty(migration.version).into());
            }
            if *known.checksum != *migration.checksum && !self.is_reworded(migration) {
                return Err(MigrateError::VersionMismatch(migration.version).into());
            }
        }
        let is_applied = |version| applied.iter().any(|applied| applied.version == version);
        let mut pending = PendingMigration::all();
        pending.retain(|migration| !is_applied(migration.version));
        Ok(pending)
    }

    /// Replaces the known earlier checksums of applied migrations by those of today, because the migrator refuses a
    /// database that has applied a migration with another checksum.
    async fn accept_reworded_migrations(
        &self,
        mut applied: Vec<AppliedMigration>,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE _sqlx_migrations SET checksum = $2 WHERE version = $1";
        let migrator = if self.is_sqlite() { &SQLITE } else { &POSTGRES };
        applied.retain(|migration| self.is_reworded(migration));
        if applied.is_empty() {
            return Ok(());
        }
        let failed = StoreError::failed("record the checksum of a migration");
        let mut tx = self.begin().await?;
        for migration in applied {
            let Some(today) = migrator.iter().find(|today| today.version == migration.version)
            else {
                continue;
            };
            with_tx!(tx, db => sqlx::query(SQL).bind(migration.version).bind(&*today.checksum).execute(db).await.map(drop))
                .map_err(&failed)?;
        }
        tx.save().await
    }

    /// Reports whether a database has exactly the migrations of this binary.
    fn is_up_to_date(&self, applied: &[AppliedMigration]) -> bool {
        let migrator = if self.is_sqlite() { &SQLITE } else { &POSTGRES };
        let is_same = |(known, applied): (&Migration, &AppliedMigration)| {
            known.version == applied.version
                && applied.success
                && *known.checksum == *applied.checksum
        };
        migrator.iter().count() == applied.len() && migrator.iter().zip(applied).all(is_same)
    }

    /// Reports whether the database has applied a migration before its comments were reworded.
    fn is_reworded(&self, applied: &AppliedMigration) -> bool {
        let database = if self.is_sqlite() { "sqlite" } else { "postgres" };
        let mut row = format!("{database} {} ", applied.version);
        row.extend(applied.checksum.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit));
        EARLIER_CHECKSUMS.lines().any(|line| line == row)
    }

    /// Returns the migrations that the database has; none if it has no table of them.
    async fn applied_migrations(&self) -> Result<Vec<AppliedMigration>, StoreError> {
        const SQL: &str =
            "SELECT version, success, checksum FROM _sqlx_migrations ORDER BY version";
        let failed = StoreError::failed("look for pending migrations");
        let has_table: bool = match &self.pools {
            Pools::Postgres(database) => {
                let sql = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
                sqlx::query_scalar(sql).fetch_one(database).await.map_err(&failed)?
            }
            Pools::Sqlite(database) => {
                let sql =
                    "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations')";
                sqlx::query_scalar(sql).fetch_one(&database.read).await.map_err(&failed)?
            }
        };
        if !has_table {
            return Ok(Vec::new());
        }
        with_read_pool!(self, db => sqlx::query_as(SQL).fetch_all(db).await).map_err(failed)
    }
}

/// A migration that a database has.
#[derive(Debug, sqlx_macros::FromRow)]
struct AppliedMigration {
    version: i64,
    success: bool,
    checksum: Vec<u8>,
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0')
}

/// The key of the lock that migrations behind a pooler hold.
const MIGRATION_LOCK: i64 = 7_369_214_805_164;

/// Applies all pending migrations in one transaction, because a pooler may lend another connection after each one.
async fn migrate_pooled(database: &PgDatabase) -> Result<(), StoreError> {
    let failed = StoreError::failed("migrate");
    let migrator = Migrator {
        migrations: Cow::Borrowed(&*POSTGRES.migrations),
        // The migrator's own lock belongs to a connection.
        locking: false,
        ..Migrator::DEFAULT
    };
    let mut lent = database.pool.acquire().await.map_err(&failed)?;
    lent.start();
    // The migrator nests its own transactions, so it must know of this one.
    let mut tx = lent.begin().await.map_err(&failed)?;
    let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK);
    lock.persistent(false).execute(&mut *tx).await.map_err(&failed)?;
    // The migrator's statements have names, which others may have left on the lent connection.
    let forget = || sqlx::raw_sql("DEALLOCATE ALL");
    forget().execute(&mut *tx).await.map_err(&failed)?;
    migrator.run_direct(None, &mut *tx, false).await?;
    forget().execute(&mut *tx).await.map_err(&failed)?;
    tx.commit().await.map_err(failed)
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
