//! The query parameters that v1's reads share.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::fields;
use crate::app::AppError;
use crate::domain::ClientId;
use crate::http::problem::Problem;

/// The common query parameters of a read.
#[derive(Debug)]
pub(in crate::http) struct V1Query {
    /// The client that asks.
    pub(super) client_id: ClientId,
    /// The story's id; `None` for the client's current story, or for all stories in a list.
    pub(super) story_id: Option<String>,
    /// Whether to fill `debug_data`. Read as true from `true`, `1`, `yes` or `on`.
    pub(super) debug: bool,
}

impl<S: Sync> FromRequestParts<S> for V1Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut fields = fields::from_query(parts.uri.query().unwrap_or_default());
        let mut take = |name: &str| {
            let value = fields.remove(name).and_then(|value| value.as_str().map(str::to_owned));
            value.filter(|text| !text.is_empty())
        };
        let invalid =
            |reason: String| Problem::from_error(AppError::invalid("client_id", reason), "query");
        let client_id = take("client_id")
            .ok_or_else(|| invalid("is missing; send the name of the device".to_owned()))?;
        let client_id = ClientId::new(&client_id).map_err(|error| invalid(error.to_string()))?;
        let debug = take("debug").map(|word| word.to_ascii_lowercase());
        let debug = matches!(debug.as_deref(), Some("true" | "1" | "yes" | "on"));
        Ok(Self { client_id, story_id: take("story_id"), debug })
    }
}
