//! URLs of PostgreSQL databases, as people and other tools write them.

use std::path::Path;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

/// What a URL must be like.
const EXAMPLE: &str = "must be like postgres://user:password@host:5432/database";

/// The parameters of a URL that name files.
const FILES: [&str; 3] = ["sslrootcert", "sslcert", "sslkey"];

/// The values of `sslmode`.
const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// The parameters that are passed on to the driver. Other tools write more, such as `schema` or `pgbouncer`; they are ignored.
const PARAMETERS: [&str; 13] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
];

/// Parses a URL.
///
/// # Errors
///
/// Returns a phrase that follows the setting's name and repeats nothing that may be secret.
pub(super) fn parse(url: &str) -> Result<PgConnectOptions, String> {
    let is_postgres = |(scheme, _): &(&str, &str)| {
        // SQLAlchemy writes the driver after a plus sign.
        let database = scheme.split_once('+').map_or(*scheme, |(database, _)| database);
        database == "postgres" || database == "postgresql"
    };
    let (_, rest) = url.split_once("://").filter(is_postgres).ok_or_else(|| {
        "must be a postgres:// URL; leave it out to use SQLite at database.path".to_owned()
    })?;
    if has_unencoded_password(rest) {
        return Err(
            "has a user or password with one of # / ? @ % in it, which must be percent-encoded: # is %23, / is %2F, \
             ? is %3F, @ is %40, % is %25; or use POSTGRESQL_HOSTNAME and POSTGRESQL_PASSWORD instead"
                .to_owned(),
        );
    }
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut parameters = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name == "sslmode" && !SSL_MODES.contains(&&*value) {
            return Err(format!(
                "has an unknown sslmode; it must be one of {}",
                SSL_MODES.join(", ")
            ));
        }
        if FILES.contains(&&*name)
            && let Err(error) = std::fs::File::open(Path::new(&*value))
        {
            return Err(format!("{name}: {value} cannot be read ({error})"));
        }
        if PARAMETERS.contains(&&*name) || name.starts_with("options[") {
            parameters.append_pair(&name, &value);
        }
    }
    let (authority, path) = address.split_at(address.find('/').unwrap_or(address.len()));
    // With a socket in the query, the host is left out even after a user.
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) if host.is_empty() || host.starts_with(':') => {
            format!("{user}@localhost{host}")
        }
        _ => authority.to_owned(),
    };
    let url = format!("postgres://{authority}{path}?{}", parameters.finish());
    PgConnectOptions::from_str(&url).map_err(|_| EXAMPLE.to_owned())
}

/// Reports whether the user or the password has a character that ends this part of a URL, or a percent sign that encodes
/// nothing. `rest` is the URL without its scheme.
fn has_unencoded_password(rest: &str) -> bool {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((user, _)) => {
            let has_bad_escape = user.match_indices('%').any(|(at, _)| {
                let digits = user.as_bytes().get(at + 1..at + 3);
                !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            });
            // A second @ belongs to the password, unless the first one begins a host of its own.
            has_bad_escape || user.contains('@') || after.contains('#')
        }
        // The part before the @ was cut short: what looks like a host and a port is a user and half a password.
        None => {
            let before_query = after.split_once('?').map_or(after, |(path, _)| path);
            let is_cut = before_query.contains('@')
                || (authority.contains(':') && after.contains('@') && !after.contains('='));
            is_cut || after.contains('#')
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_is_not_encoded_is_refused_with_advice_and_not_shown() {
        for url in [
            "postgres://u:a#b/c@127.0.0.1/x",
            "postgres://u:a?b@127.0.0.1/x",
            "postgres://u:a/b@127.0.0.1/x",
            "postgres://u:5432#b@127.0.0.1/x",
            "postgres://u:12/b@127.0.0.1/x",
            "postgres://u:12?b@127.0.0.1/x",
            "postgres://u:100%sure@127.0.0.1/x",
            "postgres://u:a@b@127.0.0.1/x",
            "postgres://u:pa#@127.0.0.1/x",
            "postgres://u:pass@127.0.0.1/x#y",
        ] {
            let reason = parse(url).expect_err(url);
            assert!(
                reason.contains("percent-encoded") && reason.contains("%23"),
                "{url}: {reason}"
            );
            assert!(!reason.contains("127.0.0.1"), "{reason}");
        }
        let options = parse("postgres://u%40x:a%23b%2Fc%3Fd%40e%25@db:5433/x").expect("valid");
        assert_eq!((options.get_host(), options.get_port()), ("db", 5433));
        assert_eq!((options.get_username(), options.get_database()), ("u@x", Some("x")));
        for url in ["postgres://db/x?password=a@b", "postgres://db:5432/x?user=a@b&password=c"] {
            assert_eq!(parse(url).expect(url).get_host(), "db");
        }
    }

    #[test]
    fn sockets_and_the_urls_of_other_tools_are_understood() {
        for url in [
            "postgres:///stories?host=/run/postgresql",
            "postgres://me@/stories?host=/run/postgresql",
            "postgresql://localhost/stories?host=%2Frun%2Fpostgresql",
            "postgres://me@%2Frun%2Fpostgresql/stories",
        ] {
            let options = parse(url).expect(url);
            let socket = options.get_socket().map(|path| path.display().to_string());
            assert_eq!(socket.as_deref(), Some("/run/postgresql"), "{url}");
            assert_eq!(options.get_database(), Some("stories"), "{url}");
        }
        for url in [
            "postgresql+asyncpg://me@db/stories",
            "postgresql+psycopg2://me@db:5432/stories",
            "postgres://me@db/stories?schema=public&pgbouncer=true&connect_timeout=10&channel_binding=require",
        ] {
            let options = parse(url).expect(url);
            assert_eq!(
                (options.get_host(), options.get_database()),
                ("db", Some("stories")),
                "{url}"
            );
        }
        for url in
            ["mysql://me@db/x", "sqlite:///x.db", "db:5432", "postgres+x", "redis+postgres://db/x"]
        {
            assert!(parse(url).expect_err(url).contains("must be a postgres:// URL"), "{url}");
        }
    }

    #[test]
    fn tls_is_asked_for_as_libpq_has_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("root.pem");
        std::fs::write(&file, "").expect("written");
        let url = format!("postgres://db/x?sslmode=verify-full&sslrootcert={}", file.display());
        let mode = parse(&url).expect("valid").get_ssl_mode();
        assert!(matches!(mode, sqlx::postgres::PgSslMode::VerifyFull), "{mode:?}");
        let missing = parse("postgres://db/x?sslrootcert=/no/such.pem").expect_err("no file");
        assert!(missing.starts_with("sslrootcert: /no/such.pem cannot be read"), "{missing}");
        let unknown = parse("postgres://db/x?sslmode=on").expect_err("no mode");
        assert!(unknown.contains("verify-full"), "{unknown}");
    }
}
