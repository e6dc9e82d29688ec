//! `/wall/{name}`: what a screen on a wall shows of a Sparrow or a flock.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::{Path, State};
use axum::response::Response;
use calliope_web::{Shell, WallFrame, WallPage, assets};

use super::answer::{self, PageResult};
use super::frame_view::{frame_part, story_name};
use super::redirects;
use super::visitor::Visitor;
use crate::app::{self, AppError, Wall};
use crate::http::{HttpState, sse};

/// How long a browser keeps a QR code, in seconds.
const CODE_MAX_AGE: u32 = 86_400;

/// The addresses that a wall uses, each below the service's root.
pub(super) struct WallAddresses {
    /// The stream of its events.
    pub(super) events: String,
    /// The service worker, which shows the last frames while the service is away; empty for none.
    pub(super) worker: String,
    /// Whether the QR codes of stories may be shown.
    pub(super) has_codes: bool,
}

/// Shows a wall.
pub(super) async fn get(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> PageResult {
    let wall = find(&state, &visitor, &name).await?;
    let addresses = WallAddresses {
        events: format!("/wall/{}/events", redirects::encode(&wall.name)),
        worker: "/wall/sw.js".to_owned(),
        has_codes: true,
    };
    let view = wall_view(&state, visitor.shell(), &wall, addresses).await;
    Ok(answer::page(&state, &view.map_err(answer::refuse)?).await)
}

/// Streams what changes on a wall.
pub(super) async fn events(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> PageResult {
    let wall = find(&state, &visitor, &name).await?;
    let listener = state.app.events().listen_to_wall(&wall).await;
    listener.map(sse::stream).map_err(answer::refuse)
}

/// Returns a wall that the visitor may see. A stranger who may read by link does not see the wall of all Sparrows, whose
/// name everybody knows.
async fn find(state: &HttpState, visitor: &Visitor, name: &str) -> Result<Wall, Response> {
    visitor.require_reader()?;
    let wall = state.app.stories().readable_wall(visitor.reader(), name).await;
    let wall = wall.map_err(answer::refuse)?;
    if wall.shows_everybody() {
        visitor.require_known()?;
    }
    Ok(wall)
}

/// Serves the service worker of walls. Its scope is the folder of its address, `/wall/`.
pub(super) async fn worker(State(state): State<HttpState>) -> Response {
    let script = assets::content("wall-worker.js").unwrap_or_default();
    answer::worker(&state, script).await
}

/// Shows the address of a story as a QR code.
pub(super) async fn code(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(slug): Path<String>,
) -> PageResult {
    visitor.require_reader()?;
    let story = state.app.stories().readable_story(visitor.reader(), &slug).await;
    let story = story.map_err(answer::refuse)?;
    let address = format!("{}{}/s/{}", visitor.origin, visitor.root, story_name(&story));
    // An image needs the name space; an element of a page does not.
    let svg = calliope_web::qr_svg(&address);
    let svg = svg.replacen("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ", 1);
    Ok(answer::file("image/svg+xml", svg, CODE_MAX_AGE))
}

/// Returns the page of a wall as it is now.
pub(super) async fn wall_view(
    state: &HttpState,
    shell: Shell,
    wall: &Wall,
    addresses: WallAddresses,
) -> Result<WallPage, AppError> {
    let content = state.app.stories().wall_content(wall).await?;
    let is_kept = |id: i64| content.kept.iter().any(|kept| kept.id == id);
    let is_new = |id: i64| content.newest.iter().any(|new| new.id == id);
    let older = content.kept.iter().filter(|kept| !is_new(kept.id));
    let frames = content.newest.iter().chain(older).map(|frame| WallFrame {
        is_new: is_new(frame.id),
        is_kept: is_kept(frame.id),
        ..wall_frame(frame, addresses.has_codes)
    });
    Ok(WallPage {
        shell,
        name: wall.name.clone(),
        frames: frames.collect(),
        is_dark: content.is_dark,
        is_identified: content.is_identified,
        changes_in_seconds: content.changes_in_seconds,
        events: addresses.events,
        worker: addresses.worker,
    })
}

fn wall_frame(frame: &app::WallFrame, has_codes: bool) -> WallFrame {
    let name = frame.slug.clone().unwrap_or_else(|| frame.story_id.to_string());
    let part = frame_part(&frame.frame);
    // Another picture or another text makes it another frame for those who look.
    let mut text = DefaultHasher::new();
    frame.frame.text.hash(&mut text);
    let text = text.finish();
    let picture = part.picture.as_ref().map(|picture| picture.address.as_str());
    WallFrame {
        key: format!("{} {} {text:x}", frame.id, picture.unwrap_or_default()),
        code: if has_codes { format!("/s/{name}/qr.svg") } else { String::new() },
        part,
        ..WallFrame::default()
    }
}
