//! Paginated lists: the query parameters `limit`, `cursor` and `q`, and the response with `items` and `next_cursor`.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor;
use super::query::{Limit, SearchText};
use crate::app::Page;
use crate::domain::ClientId;

/// Selects a page of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// Maximum number of items in the page: 1-100, default 20.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(super) limit: Limit,
    /// The `next_cursor` of the previous page. If omitted, the first page is returned.
    pub(super) cursor: Option<String>,
}

/// Selects a page of a list that is the same for every client.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SharedPageQuery {
    /// Client id of the Sparrow that sends the request: 1-255 printable characters. It does not change the list.
    #[param(value_type = Option<String>, min_length = 1, max_length = 255, example = "kitchen")]
    #[serde(rename = "client_id")]
    _client_id: Option<ClientId>,
    /// Maximum number of items in the page: 1-100, default 20.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(super) limit: Limit,
    /// The `next_cursor` of the previous page. If omitted, the first page is returned.
    pub(super) cursor: Option<String>,
}

/// Searches a list and selects a page of the result.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchPageQuery {
    /// Maximum number of items in the page: 1-100, default 20.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(super) limit: Limit,
    /// The `next_cursor` of the previous page. If omitted, the first page is returned.
    pub(super) cursor: Option<String>,
    /// Text that the items must contain, at most 255 characters. If omitted, all items are listed.
    #[serde(default)]
    #[param(value_type = Option<String>, max_length = 255)]
    pub(super) q: SearchText,
}

/// Selects a page of a client's list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ClientPageQuery {
    /// Client id of the Sparrow: 1-255 printable characters.
    #[param(value_type = String, min_length = 1, max_length = 255, example = "kitchen")]
    pub(super) client_id: ClientId,
    /// Maximum number of items in the page: 1-100, default 20.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(super) limit: Limit,
    /// The `next_cursor` of the previous page. If omitted, the first page is returned.
    pub(super) cursor: Option<String>,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct List<T> {
    /// The items of the page.
    items: Vec<T>,
    /// The `cursor` of the next page; null on the last page.
    next_cursor: Option<String>,
}

impl<T> List<T> {
    /// Builds the response for a page.
    pub(super) fn from_page<After: Serialize>(page: Page<T, After>) -> Self {
        Self { items: page.items, next_cursor: page.next.as_ref().map(cursor::encode) }
    }
}
