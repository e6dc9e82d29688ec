//! What surrounds every page.

use crate::assets;

/// What every page knows about the request.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    /// The path of a proxy below which the service is, such as `/stories`; empty if there is none.
    pub root: String,
    /// Whether the reader may see the library, search and bookmarks.
    pub is_known: bool,
    /// Whether the page belongs to a share: its address is a secret, and it leads nowhere beyond the share.
    pub is_shared: bool,
    /// Name of the user who is logged in.
    pub user: Option<String>,
}

impl Shell {
    /// Returns the address of an asset.
    #[must_use]
    pub fn asset(&self, source: &str) -> String {
        format!("{}{}", self.root, assets::address(source))
    }
}
