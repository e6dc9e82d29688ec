//! Lists in parts: `limit`, `cursor` and `q` in, `items` and `next_cursor` out.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor;
use super::query::{Limit, SearchText};
use crate::app::Page;
use crate::domain::ClientId;

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// How many items at most: 1-100, 20 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(super) limit: Limit,
    /// Where to go on: the `next_cursor` of the part before.
    pub(super) cursor: Option<String>,
}

/// Which part of a list that is the same for all, whoever asks for it.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SharedPageQuery {
    /// The Sparrow that asks.
    #[param(value_type = Option<String>)]
    #[serde(rename = "client_id")]
    _client_id: Option<ClientId>,
    /// How many items at most: 1-100, 20 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(super) limit: Limit,
    /// Where to go on: the `next_cursor` of the part before.
    pub(super) cursor: Option<String>,
}

/// Which part of a list that can be searched.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchPageQuery {
    /// How many items at most: 1-100, 20 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(super) limit: Limit,
    /// Where to go on: the `next_cursor` of the part before.
    pub(super) cursor: Option<String>,
    /// Only what contains this.
    #[serde(default)]
    #[param(value_type = Option<String>, max_length = 255)]
    pub(super) q: SearchText,
}

/// Which part of a client's list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ClientPageQuery {
    /// The Sparrow.
    #[param(value_type = String)]
    pub(super) client_id: ClientId,
    /// How many items at most: 1-100, 20 without.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(super) limit: Limit,
    /// Where to go on: the `next_cursor` of the part before.
    pub(super) cursor: Option<String>,
}

/// A part of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct List<T> {
    /// The items.
    items: Vec<T>,
    /// To be sent as `cursor` for the next part; null at the end.
    next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A part of a list as clients see it.
    pub(super) fn from_page<After: Serialize>(page: Page<T, After>) -> Self {
        Self { items: page.items, next_cursor: page.next.as_ref().map(cursor::encode) }
    }
}
