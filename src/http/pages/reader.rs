//! `/s/{slug}/{number}`: one frame of a story. `/s/{slug}`: the last one.

use axum::extract::{Path, State};
use axum::response::Response;
use calliope_web::{Neighbour, ReaderPage, shorten};

use super::answer::{self, PageResult};
use super::frame_view::{frame_part, frame_picture, story_name, title};
use super::visitor::Visitor;
use crate::app::{AppError, ErrorKind, ReadableFrame, ReadableStory};
use crate::http::HttpState;

/// The most characters of the description in links.
const MAX_DESCRIPTION: usize = 200;

/// Redirects to the last frame. A story without frames has a page that says so.
pub(super) async fn last(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(slug): Path<String>,
) -> PageResult {
    visitor.require_reader()?;
    let story = state.app.stories().readable_story(visitor.reader(), &slug).await;
    let story = story.map_err(answer::refuse)?;
    if story.frame_count > 0 {
        let address = format!("/s/{}/{}", story_name(&story), story.frame_count);
        return Ok(answer::see_other(&address));
    }
    let view = view(&visitor, &story, &[], 0);
    Ok(answer::page(&state, &view).await)
}

/// Shows a frame.
pub(super) async fn get(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(path): Path<FramePath>,
) -> PageResult {
    let (story, number) = find_frame(&state, &visitor, &path).await?;
    let (stories, index) = (state.app.stories(), number - 1);
    let frames = stories.readable_frames(story.id, index - 1, index + 1).await;
    let frames = frames.map_err(answer::refuse)?;
    if !frames.iter().any(|frame| frame.number == index) {
        return Err(answer::refuse(frame_not_found(&story)));
    }
    let mut view = view(&visitor, &story, &frames, index);
    if let Some(client_id) = &visitor.browser {
        let bookmark = stories.bookmark_id(client_id, story.id, index).await;
        view.bookmark = bookmark.map_err(answer::refuse)?;
    }
    view.branched_from = origin_link(&state, &visitor, &story).await?;
    view.is_public = visitor.is_open_to_all(&state) && !story.is_private;
    Ok(answer::page(&state, &view).await)
}

fn view(
    visitor: &Visitor,
    story: &ReadableStory,
    frames: &[ReadableFrame],
    index: i32,
) -> ReaderPage {
    let name = story_name(story);
    let neighbour = |number: i32| {
        let frame = frames.iter().find(|frame| frame.number == number)?;
        Some(Neighbour {
            address: format!("/s/{name}/{}", number + 1),
            picture: frame_picture(frame).map(|picture| picture.address),
        })
    };
    let (previous, next) = (neighbour(index - 1), neighbour(index + 1));
    let frame = frames.iter().find(|frame| frame.number == index);
    let text = frame.and_then(|frame| frame.text.as_deref()).unwrap_or_default();
    ReaderPage {
        shell: visitor.shell(),
        title: title(&story.title),
        description: shorten(text, MAX_DESCRIPTION),
        count: story.frame_count,
        frame: frame.map(frame_part),
        previous,
        can_continue: next.is_none() && visitor.reader().owns(story),
        next,
        origin: visitor.origin.clone(),
        can_bookmark: visitor.principal.is_some(),
        can_share: visitor.reader().is_admin || visitor.reader().owns(story),
        bookmark: None,
        branched_from: None,
        is_public: false,
        list: None,
        pages: format!("/s/{name}/"),
        events: format!("/s/{name}/events"),
        slug: name,
    }
}

/// Returns the title and the address of the frame after which a story branches off; `None` if it does not, or the
/// visitor may not see the story that it begins with.
async fn origin_link(
    state: &HttpState,
    visitor: &Visitor,
    story: &ReadableStory,
) -> Result<Option<(String, String)>, Response> {
    let stories = state.app.stories();
    let origin = stories.branch_origin(story.id, story.branched_from_id).await;
    let Some(origin) = origin.map_err(answer::refuse)? else { return Ok(None) };
    match stories.readable_story(visitor.reader(), &origin.story_id.to_string()).await {
        Ok(first) => {
            let address = format!("/s/{}/{}", story_name(&first), origin.number + 1);
            Ok(Some((title(&first.title), address)))
        }
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(answer::refuse(error)),
    }
}

/// The slug of a story and the number of a frame, from 1, in the path `/s/{slug}/{number}`.
pub(super) type FramePath = (String, String);

/// Returns the story in a path if the visitor may read it, and the number, from 1, if the story has a frame with it.
pub(super) async fn find_frame(
    state: &HttpState,
    visitor: &Visitor,
    (slug, number): &FramePath,
) -> Result<(ReadableStory, i32), Response> {
    visitor.require_reader()?;
    let story = state.app.stories().readable_story(visitor.reader(), slug).await;
    let story = story.map_err(answer::refuse)?;
    let number = parse_number(&story, number)?;
    Ok((story, number))
}

/// Returns the number of a frame in a path, from 1, if the story has it.
pub(super) fn parse_number(story: &ReadableStory, number: &str) -> Result<i32, Response> {
    let number = number.parse().ok().filter(|number| (1..=story.frame_count).contains(number));
    number.ok_or_else(|| answer::refuse(frame_not_found(story)))
}

fn frame_not_found(story: &ReadableStory) -> AppError {
    let detail = match story.frame_count {
        0 => "This story has no frame yet; come back in a moment.".to_owned(),
        1 => "This story has one frame, number 1.".to_owned(),
        count => format!("This story has the frames 1 to {count}."),
    };
    AppError::new(ErrorKind::NotFound, detail)
}
