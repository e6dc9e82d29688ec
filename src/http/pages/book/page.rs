//! `/s/{slug}/book`: the story as a book to be printed by a browser.

use axum::extract::{Path, State};
use axum::http::Uri;
use calliope_web::BookPage;

use super::volume::Volume;
use crate::http::HttpState;
use crate::http::pages::answer::{self, PageResult};
use crate::http::pages::frame_view::{frame_part, story_name, title};
use crate::http::pages::visitor::Visitor;

/// Shows a volume.
pub(in crate::http::pages) async fn get(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(slug): Path<String>,
    uri: Uri,
) -> PageResult {
    let volume = Volume::read(&state, &visitor, &slug, &uri).await?;
    let name = story_name(&volume.story);
    let address = format!("{}{}/s/{name}", visitor.origin, visitor.root);
    let colophon = volume.colophon(&address).into_iter();
    let view = BookPage {
        shell: visitor.shell(),
        title: title(&volume.story.title),
        author: volume.story.client_id.clone(),
        part: volume.name(),
        volume: volume.number,
        volumes: volume.count,
        frames: volume.frames.iter().map(frame_part).collect(),
        colophon: colophon.map(|entry| (entry.label, entry.text)).collect(),
        slug: name,
    };
    Ok(answer::page(&state, &view).await)
}
