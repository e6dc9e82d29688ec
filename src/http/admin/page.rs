//! Lists in parts: `limit`, `cursor` and `q` in, `items` and `next_cursor` out.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::app::AppError;
use crate::app::identity::Page;
use crate::http::problem::Problem;

/// Which part of a list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct PageQuery {
    /// How many items at most: 1-100, 20 without.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(super) limit: u32,
    /// Where to go on: the `next_cursor` of the part before.
    pub(super) cursor: Option<String>,
    /// Only what contains this.
    #[param(value_type = Option<String>)]
    pub(super) q: String,
}

/// A part of a list.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct List<T> {
    /// The items.
    items: Vec<T>,
    /// To be sent as `cursor` for the next part; null at the end.
    next_cursor: Option<String>,
}

impl PageQuery {
    /// Where the list `name` goes on.
    pub(super) fn after<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let made_up = || {
            let reason = "was not made here; send the next_cursor of the part before";
            Problem::of(AppError::invalid("cursor", reason), "query")
        };
        let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|b| String::from_utf8(b).ok());
        let text = text.filter(|text| !text.chars().any(char::is_control));
        let place = text.as_deref().and_then(|text| text.strip_prefix(name)?.strip_prefix(':'));
        place.and_then(|place| place.parse().ok()).map(Some).ok_or_else(made_up)
    }
}

impl<T> List<T> {
    /// A part of the list `name`.
    pub(super) fn of<After: Display>(page: Page<T, After>, name: &str) -> Self {
        let cursor = |after| URL_SAFE_NO_PAD.encode(format!("{name}:{after}"));
        Self { items: page.items, next_cursor: page.next.map(cursor) }
    }
}

impl<S: Sync> FromRequestParts<S> for PageQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut page = Self { limit: 20, cursor: None, q: String::new() };
        let invalid = |name: &str, reason| Problem::of(AppError::invalid(name, reason), "query");
        let query = parts.uri.query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=100).contains(limit));
                    page.limit = limit
                        .ok_or_else(|| invalid("limit", "must be a whole number from 1 to 100"))?;
                }
                "cursor" => page.cursor = Some(value.into_owned()),
                "q" if value.chars().count() > 255 || value.chars().any(char::is_control) => {
                    return Err(invalid("q", "must be printable text of at most 255 characters"));
                }
                "q" => page.q = value.into_owned(),
                // It has been looked at by the time that this is read.
                "api_key" => {}
                other => return Err(invalid(other, "is not known here; leave it out")),
            }
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_goes_on_in_its_own_list_alone() {
        let query =
            |cursor: &str| PageQuery { limit: 1, cursor: Some(cursor.into()), q: String::new() };
        let list = List::of(Page { items: vec![()], next: Some(7) }, "tokens");
        let query_of_ours = query(&list.next_cursor.expect("there is more"));
        assert_eq!(query_of_ours.after::<i64>("tokens").ok(), Some(Some(7)));
        assert!(query_of_ours.after::<i64>("users").is_err());
        for made_up in ["", "7", "%", "dG9rZW5zOg", &URL_SAFE_NO_PAD.encode("tokens:a\0b"), "////"]
        {
            assert!(query(made_up).after::<i64>("tokens").is_err(), "{made_up}");
            assert!(query(made_up).after::<String>("users").is_err(), "{made_up}");
        }
    }
}
