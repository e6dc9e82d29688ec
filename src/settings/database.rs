//! Where rows are kept: SQLite in a file by default, PostgreSQL when a server is named.

use std::path::PathBuf;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;

use super::{ValidationError, secret};

/// The database.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// A `postgres://` URL; it goes before the parts below.
    #[serde(serialize_with = "secret::serialize")]
    pub url: Option<SecretString>,
    /// PostgreSQL's host name; setting it (or `url`) chooses PostgreSQL.
    pub hostname: Option<String>,
    /// PostgreSQL's port.
    pub port: u16,
    /// PostgreSQL's user.
    pub username: String,
    /// PostgreSQL's password.
    #[serde(serialize_with = "secret::serialize")]
    pub password: Option<SecretString>,
    /// PostgreSQL's database.
    pub database: String,
    /// Connections at most, to PostgreSQL, or that read from SQLite.
    pub connections: u32,
    /// SQLite's file, for when no PostgreSQL is named.
    pub path: PathBuf,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            url: None,
            hostname: None,
            port: 5432,
            username: "postgres".to_owned(),
            password: None,
            database: "calliope".to_owned(),
            connections: 10,
            path: PathBuf::from("data/calliope.db"),
        }
    }
}

impl DatabaseSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        if let Some(url) = &self.url {
            let url = url.expose_secret();
            if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
                let reason =
                    "must be a postgres:// URL; leave it out to use SQLite at database.path";
                return Err(("database.url", reason.to_owned()));
            }
            if PgConnectOptions::from_str(url).is_err() {
                let reason = "must be like postgres://user:password@host:5432/database";
                return Err(("database.url", reason.to_owned()));
            }
        }
        if !(2..=500).contains(&self.connections) {
            return Err((
                "database.connections",
                "must be a whole number from 2 to 500".to_owned(),
            ));
        }
        Ok(())
    }

    /// Whether PostgreSQL was named.
    #[must_use]
    pub const fn is_postgres(&self) -> bool {
        self.url.is_some() || self.hostname.is_some()
    }
}
