//! What a browser shows instead of a page that cannot be shown.

use askama::Template;

use crate::Shell;

/// A refusal or failure.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What surrounds the page.
    pub shell: Shell,
    /// The HTTP status code.
    pub status: u16,
    /// What is wrong and what to do, in one sentence.
    pub detail: String,
    /// Id of the request, under which the log has the details.
    pub request_id: String,
}

impl ErrorPage {
    fn heading(&self) -> &'static str {
        match self.status {
            401 | 403 => "This page is not open to you",
            404 => "There is nothing here",
            405 | 415 | 422 | 400 => "That did not work",
            409 => "That was changed in the meantime",
            413 => "That is too large",
            429 => "Too much at once",
            503 => "Back in a moment",
            504 => "That takes too long",
            _ => "Something went wrong",
        }
    }
}
