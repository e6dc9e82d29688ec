//! What instances and PostgreSQL have used.

use std::time::Duration;

use sqlx::{Connection, PgConnection, Row};

use super::instance::Instance;
use super::{meter, support};
use support::TestDatabase;

/// Reads what the service and the database have used.
pub struct Meters {
    postgres: Option<PgConnection>,
    /// PostgreSQL's first process, if it runs on this machine.
    postmaster: Option<u32>,
    has_statements: bool,
}

/// What was used, up to a moment or between two.
pub struct Reading {
    /// The processor time of all instances.
    pub service: Duration,
    /// The largest resident memory of an instance, in MiB.
    pub memory: f64,
    pub database: Option<DatabaseReading>,
}

/// What PostgreSQL has used.
pub struct DatabaseReading {
    pub processor: Option<Duration>,
    pub transactions: f64,
    pub statements: Option<f64>,
    pub log_bytes: f64,
    pub bytes: f64,
}

impl Meters {
    pub async fn of(database: &TestDatabase) -> Self {
        let Some((server, name)) = &database.postgres else {
            return Self { postgres: None, postmaster: None, has_statements: false };
        };
        let url = format!("{server}/{name}");
        let mut postgres = PgConnection::connect(&url).await.expect("PostgreSQL answers");
        let process: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
            .fetch_one(&mut postgres)
            .await
            .expect("a process");
        let extension = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
        let is_created = sqlx::query(extension).execute(&mut postgres).await.is_ok();
        let probe = "SELECT count(*) FROM pg_stat_statements";
        let has_statements = is_created && sqlx::query(probe).execute(&mut postgres).await.is_ok();
        let postmaster = meter::parent_of(process.unsigned_abs(), "postgres");
        Self { postgres: Some(postgres), postmaster, has_statements }
    }

    /// Prints the settings of PostgreSQL on which the figures depend.
    pub async fn describe(&mut self) {
        const SQL: &str = "SELECT string_agg(name || ' ' || current_setting(name), ', ' ORDER BY name) \
             FROM pg_settings WHERE name IN ('server_version', 'fsync', 'synchronous_commit', \
             'shared_buffers', 'max_connections')";
        let Some(postgres) = &mut self.postgres else { return };
        let settings: String = sqlx::query_scalar(SQL).fetch_one(postgres).await.expect("settings");
        println!("PostgreSQL: {settings}");
        if self.postmaster.is_none() {
            println!("PostgreSQL is on another machine, so its processor time is not measured");
        }
        if !self.has_statements {
            println!(
                "statements are not counted: shared_preload_libraries lacks pg_stat_statements"
            );
        }
    }

    /// Returns the number of the service's connections to the database.
    pub async fn connections(&mut self) -> i64 {
        const SQL: &str = "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let Some(postgres) = &mut self.postgres else { return 0 };
        sqlx::query_scalar(SQL).fetch_one(postgres).await.expect("a number")
    }

    pub async fn read(&mut self, instances: &[Instance]) -> Reading {
        const SQL: &str = "SELECT (xact_commit + xact_rollback)::FLOAT8, \
             pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::FLOAT8, \
             pg_database_size(datname)::FLOAT8 FROM pg_stat_database WHERE datname = current_database()";
        const STATEMENTS: &str = "SELECT COALESCE(sum(s.calls), 0)::FLOAT8 FROM pg_stat_statements s \
             JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database()";
        let memory = instances.iter().map(|instance| meter::memory(instance.id(), "VmRSS"));
        let mut reading = Reading {
            service: instances.iter().map(Instance::processor_time).sum(),
            memory: memory.fold(0.0, f64::max),
            database: None,
        };
        let Some(postgres) = &mut self.postgres else { return reading };
        let row = sqlx::query(SQL).fetch_one(&mut *postgres).await.expect("a row");
        let statements = if self.has_statements {
            Some(sqlx::query_scalar(STATEMENTS).fetch_one(postgres).await.expect("a sum"))
        } else {
            None
        };
        reading.database = Some(DatabaseReading {
            processor: self.postmaster.map(meter::processor_time_of_family),
            transactions: row.get(0),
            statements,
            log_bytes: row.get(1),
            bytes: row.get(2),
        });
        reading
    }
}

impl Reading {
    /// Returns what was used since an earlier reading.
    pub fn since(self, before: &Self) -> Self {
        let database = self.database.zip(before.database.as_ref()).map(|(now, before)| {
            let statements =
                now.statements.zip(before.statements).map(|(now, before)| now - before);
            DatabaseReading {
                processor: now
                    .processor
                    .zip(before.processor)
                    .map(|(now, before)| now.saturating_sub(before)),
                transactions: now.transactions - before.transactions,
                statements,
                log_bytes: now.log_bytes - before.log_bytes,
                bytes: now.bytes - before.bytes,
            }
        });
        Self { service: self.service.saturating_sub(before.service), memory: self.memory, database }
    }
}
