//! The database: SQLite in a file by default, PostgreSQL if a server is named.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;

use super::{TrustedCertificates, ValidationError, postgres_url, secret};

/// The settings of the database. `url` or `hostname` chooses PostgreSQL; otherwise it is SQLite.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSettings {
    /// A `postgres://user:password@host:5432/database` URL. It overrides `hostname`, `port`, `username`, `password` and
    /// `database`. Default: none.
    #[serde(serialize_with = "secret::serialize")]
    pub url: Option<SecretString>,
    /// The host name of the PostgreSQL server, or the folder of its socket, such as `/run/postgresql`. Default: none.
    pub hostname: Option<String>,
    /// The port of the PostgreSQL server. Default: 5432.
    pub port: u16,
    /// The PostgreSQL user. Default: `postgres`.
    pub username: String,
    /// The PostgreSQL user's password. Default: none.
    #[serde(serialize_with = "secret::serialize")]
    pub password: Option<SecretString>,
    /// The name of the PostgreSQL database. Default: `calliope`.
    pub database: String,
    /// The maximum number of connections to PostgreSQL, or of reading connections to SQLite, 2-500. Default: 10.
    pub connections: u32,
    /// The path of the SQLite file. Default: `data/calliope.db`.
    pub path: PathBuf,
    /// The certificates that the installation trusts, which [`super::TrustSettings`] name.
    #[serde(skip)]
    pub certificates: TrustedCertificates,
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
            certificates: TrustedCertificates::default(),
        }
    }
}

impl DatabaseSettings {
    pub(super) fn validate(&self) -> Result<(), ValidationError> {
        if self.is_postgres() {
            let key = if self.url.is_some() { "database.url" } else { "database.hostname" };
            self.connect_options().map_err(|reason| (key, reason))?;
        }
        if !(2..=500).contains(&self.connections) {
            return Err((
                "database.connections",
                "must be a whole number from 2 to 500".to_owned(),
            ));
        }
        Ok(())
    }

    /// Returns how to connect to PostgreSQL.
    ///
    /// # Errors
    ///
    /// Returns a phrase that follows the setting's name, if the URL or a file that it names cannot be used. The phrase
    /// holds no part of the URL that may be secret.
    pub fn connect_options(&self) -> Result<PgConnectOptions, String> {
        let url = self.url.as_ref().map(ExposeSecret::expose_secret);
        let options = match url {
            Some(url) => postgres_url::parse(url)?,
            None => {
                let options = PgConnectOptions::new_without_pgpass()
                    .host(self.hostname.as_deref().unwrap_or("localhost"))
                    .port(self.port)
                    .username(&self.username)
                    .database(&self.database);
                match &self.password {
                    Some(password) => options.password(password.expose_secret()),
                    None => options,
                }
            }
        };
        let certificates = self.certificates.authorities();
        if certificates.is_empty() || url.is_some_and(|url| url.contains("sslrootcert")) {
            return Ok(options);
        }
        Ok(options.ssl_root_cert_from_pem(certificates))
    }

    /// Returns whether the database is PostgreSQL.
    #[must_use]
    pub const fn is_postgres(&self) -> bool {
        self.url.is_some() || self.hostname.is_some()
    }
}
