//! How a browser that is not known becomes a Sparrow.

use askama::Template;

use crate::Shell;

/// The page at `/` for a browser that is not known.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "connect.html")]
pub struct ConnectPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// The pairing code that waits for approval.
    pub code: Option<String>,
    /// Path to return to afterwards.
    pub next: String,
    /// What went wrong.
    pub problem: Option<String>,
}
