//! The fields of small forms and queries.

use axum::body::Body;
use axum::http::{HeaderMap, Uri};

use crate::http::body;
use crate::http::problem::Problem;

/// The largest body of a form without files, in bytes.
const MAX_BYTES: usize = 64 << 10;

/// The fields of a form without files, or of a query.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads the fields of a query.
    pub(super) fn of_query(uri: &Uri) -> Self {
        Self::parse(uri.query().unwrap_or_default().as_bytes())
    }

    /// Reads the fields of a form.
    pub(super) async fn of_form(headers: &HeaderMap, content: Body) -> Result<Self, Problem> {
        let bytes = body::read_at_most(headers, content, MAX_BYTES).await?;
        Ok(Self::parse(&bytes))
    }

    fn parse(bytes: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(bytes);
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Returns a field that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }
}
