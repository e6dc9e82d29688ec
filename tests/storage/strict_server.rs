//! A server for presigned URLs that verifies both signature schemes of version 4, Amazon's and Google's.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use calliope::domain::{Clock, SystemClock};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::support::fixture_path;

/// A server that serves an object for a valid signature of version 4 in Amazon's or Google's dialect, which it
/// verifies as their documentation describes.
pub(super) struct StrictServer {
    pub(super) url: String,
    serving: JoinHandle<()>,
}

#[derive(Clone, Copy)]
pub(super) enum Dialect {
    Amazon,
    Google,
}

impl Drop for StrictServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl StrictServer {
    pub(super) async fn start(dialect: Dialect) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(verify_request).with_state(dialect);
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the server runs");
        });
        Self { url, serving }
    }
}

async fn verify_request(State(dialect): State<Dialect>, request: Request) -> StatusCode {
    if has_valid_signature(dialect, &request).unwrap_or(false) {
        StatusCode::OK
    } else {
        StatusCode::FORBIDDEN
    }
}

/// The secret key of Amazon's dialect.
pub(super) const SECRET: &str = "a secret";

fn has_valid_signature(dialect: Dialect, request: &Request) -> Option<bool> {
    let (prefix, algorithm) = match dialect {
        Dialect::Amazon => ("X-Amz-", "AWS4-HMAC-SHA256"),
        Dialect::Google => ("X-Goog-", "GOOG4-RSA-SHA256"),
    };
    let query = request.uri().query()?;
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut raw: Vec<&str> = query.split('&').collect();
    raw.retain(|pair| !pair.starts_with(&format!("{prefix}Signature=")));
    raw.sort_unstable();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        fields.insert(name.into_owned(), value.into_owned());
    }
    let field = |name: &str| fields.get(&format!("{prefix}{name}"));
    if field("Algorithm")? != algorithm || field("SignedHeaders")? != "host" {
        return Some(false);
    }
    let date = NaiveDateTime::parse_from_str(field("Date")?, "%Y%m%dT%H%M%SZ").ok()?;
    let date: DateTime<Utc> = date.and_utc();
    let seconds: i64 = field("Expires")?.parse().ok()?;
    let now = SystemClock.now();
    if !(1..=604_800).contains(&seconds) || now < date || now > date + TimeDelta::seconds(seconds) {
        return Some(false);
    }
    // Google's clients sign for Google's own host, even if they are configured with another URL.
    let host = match dialect {
        Dialect::Amazon => request.headers().get("host")?.to_str().ok()?,
        Dialect::Google => "storage.googleapis.com",
    };
    let canonical = format!(
        "{}\n{}\n{}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD",
        request.method(),
        request.uri().path(),
        raw.join("&")
    );
    let scope = field("Credential")?.split_once('/')?.1.to_owned();
    let digest = hex(&Sha256::digest(canonical.as_bytes()));
    let to_sign = format!("{algorithm}\n{}\n{scope}\n{digest}", field("Date")?);
    let signature = decode_hex(field("Signature")?)?;
    Some(match dialect {
        Dialect::Amazon => {
            let key = scope.split('/').fold(format!("AWS4{SECRET}").into_bytes(), |key, part| {
                hmac(&key, part).finalize().into_bytes().to_vec()
            });
            hmac(&key, &to_sign).verify_slice(&signature).is_ok()
        }
        Dialect::Google => {
            let public = std::fs::read(fixture_path("signer.pub.der")).expect("the fixture");
            let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
            public.verify(to_sign.as_bytes(), &signature).is_ok()
        }
    })
}

pub(super) fn hmac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length will do");
    mac.update(text.as_bytes());
    mac
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("written");
        text
    })
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().as_chunks::<2>().0.iter();
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
