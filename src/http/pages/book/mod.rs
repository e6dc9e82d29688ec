//! A story as a book: a page to print, and files. A story that is shared has the same books below the share's address.

pub(super) mod file;
pub(super) mod page;
mod volume;

use axum::response::Response;
use calliope_web::Shell;

use super::answer;
use super::frame_view::story_name;
use super::visitor::Visitor;
use crate::app::ReadableStory;
use crate::http::HttpState;

/// A story that a reader may have as a book, and what its book refers to.
pub(super) struct BookStory {
    pub(super) shell: Shell,
    pub(super) story: ReadableStory,
    /// Address of the story's pages below the service's root, with a slash at its end.
    pub(super) pages: String,
    /// Address of the page that the book leads back to, below the service's root.
    pub(super) back: String,
    /// Name of the files, without extension: letters, digits and hyphens.
    pub(super) name: String,
    /// Who reads. Each reader waits for one book at a time.
    pub(super) reader: String,
    /// Complete address at which the story is read on; `None` for a story that is shared. A file is passed on more easily
    /// than a link, so a shared story's book contains neither its link nor the client and the place that it was told for.
    pub(super) address: Option<String>,
}

impl BookStory {
    /// Finds the story with a slug, if the visitor may read it.
    async fn find(state: &HttpState, visitor: &Visitor, slug: &str) -> Result<Self, Response> {
        visitor.require_reader()?;
        let story = state.app.stories().readable_story(visitor.reader(), slug).await;
        let story = story.map_err(answer::refuse)?;
        let name = story_name(&story);
        let browser = visitor.browser.as_ref().map(|client_id| client_id.as_str().to_owned());
        Ok(Self {
            shell: visitor.shell(),
            story,
            pages: format!("/s/{name}/"),
            back: format!("/s/{name}/1"),
            reader: browser.unwrap_or_else(|| visitor.ip.to_string()),
            address: Some(format!("{}{}/s/{name}", visitor.origin, visitor.root)),
            name,
        })
    }

    /// Returns whether the story is read by a share.
    const fn is_shared(&self) -> bool {
        self.address.is_none()
    }
}
