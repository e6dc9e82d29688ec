//! The page about the service.

use askama::Template;

use crate::Shell;

/// The page at `/about`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "about.html")]
pub struct AboutPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Who runs the service; empty if it is not stated.
    pub operator: String,
    /// Version of Calliope.
    pub version: String,
}
