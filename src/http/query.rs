//! Query strings in which every parameter must be known: those of v2 and admin requests.

use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::json::invalid_input;
use super::problem::Problem;

/// Extracts the query. `T` should deny unknown fields. An invalid parameter is a 422 that names it.
pub(super) struct ValidQuery<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for ValidQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    // The authentication layer has read the key. `_` holds a time, with which jQuery and others keep a cache from
    // answering.
    let fields = form_urlencoded::parse(query.as_bytes());
    let fields = fields.filter(|(name, _)| name != "api_key" && name != "_");
    let fields = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(fields.as_bytes()));
    serde_path_to_error::deserialize(reader)
        .map_err(|error| Problem::from_error(invalid_input(&error), "query"))
}

/// The maximum number of items in a page: 1-100, default 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Limit(pub(super) i64);

/// The number of items to skip at the start of a list: 0-1,000,000, default 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Offset(pub(super) i64);

/// How long a request may wait for news, in seconds: 0-60, default 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct WaitSeconds(pub(super) u64);

/// Text to search a list for: at most 255 characters and no control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct SearchText(pub(super) String);

impl TryFrom<String> for SearchText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.chars().count() > 255 || text.chars().any(char::is_control) {
            return Err("must be printable text of at most 255 characters");
        }
        Ok(Self(text))
    }
}

/// A limit is outside 1-100.
#[derive(Debug)]
pub(super) struct InvalidLimit;

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl TryFrom<i64> for Offset {
    type Error = &'static str;

    fn try_from(offset: i64) -> Result<Self, Self::Error> {
        // Skipping more than this is slow; a client that needs to should use a cursor.
        if (0..=1_000_000).contains(&offset) {
            Ok(Self(offset))
        } else {
            Err("must be from 0 to 1000000")
        }
    }
}

impl TryFrom<u64> for WaitSeconds {
    type Error = &'static str;

    fn try_from(seconds: u64) -> Result<Self, Self::Error> {
        if seconds <= 60 { Ok(Self(seconds)) } else { Err("must be seconds from 0 to 60") }
    }
}

impl TryFrom<i64> for Limit {
    type Error = InvalidLimit;

    fn try_from(limit: i64) -> Result<Self, InvalidLimit> {
        if (1..=100).contains(&limit) { Ok(Self(limit)) } else { Err(InvalidLimit) }
    }
}

impl fmt::Display for InvalidLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be from 1 to 100")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ClientId;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        client_id: ClientId,
        #[serde(default)]
        limit: Limit,
        cursor: Option<String>,
    }

    #[test]
    fn a_query_is_read_and_what_is_wrong_in_it_is_named() {
        let read = |query: &str| parse::<Example>(query).map_err(|problem| format!("{problem:?}"));
        let example =
            read("limit=7&client_id=%C3%BC+b%26c&api_key=k&_=1764514800&_=2").expect("a query");
        assert_eq!((example.client_id.as_str(), example.limit), ("ü b&c", Limit(7)));
        assert_eq!(read("client_id=s").expect("a query").limit, Limit(20));
        assert_eq!(read("client_id=s&cursor=").expect("a query").cursor.as_deref(), Some(""));
        for (query, name) in [
            ("", "client_id"),
            ("client_id=", "client_id"),
            ("client_id=s&limit=0", "limit"),
            ("client_id=s&limit=101", "limit"),
            ("client_id=s&limit=", "limit"),
            ("client_id=s&limit=9223372036854775808", "limit"),
            ("client_id=s&client_id=t", "client_id"),
            ("client_id=s&offset=2", "offset"),
        ] {
            let refused = read(query).expect_err(query);
            let place = format!("[\"query\", \"{name}\"]");
            assert!(refused.contains("422") && refused.contains(&place), "{query}: {refused}");
        }
    }
}
