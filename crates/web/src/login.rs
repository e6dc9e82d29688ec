//! The page where people log in.

use askama::Template;

use crate::Shell;

/// The page at `/login`.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// Path to return to afterwards.
    pub next: String,
    /// The name that was typed.
    pub username: String,
    /// What went wrong.
    pub problem: Option<String>,
}
