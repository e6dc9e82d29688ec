//! A frame of a story that is shared.

use calliope_web::{ReaderPage, shorten};

use super::super::answer::{self, PageResult};
use super::super::frame_view::{frame_part, title};
use super::SharedPage;
use crate::app::ReadableStory;
use crate::domain::ShareKind;
use crate::http::HttpState;

/// The most characters of the description in links.
const MAX_DESCRIPTION: usize = 200;

/// Shows the frame with a number, counted from 1. `name` is the name of the story in a list's addresses; empty for the one
/// story of a share.
pub(super) async fn show(
    state: &HttpState,
    page: &SharedPage,
    story: &ReadableStory,
    name: &str,
    number: &str,
) -> PageResult {
    let count = story.frame_count;
    let number = number.parse::<i32>().ok().filter(|number| (1..=count.max(1)).contains(number));
    let Some(number) = number else { return Err(page.nothing(state).await) };
    let frames = state.app.stories().readable_frames(story.id, number - 1, number - 1).await;
    let frame = frames.map_err(answer::refuse)?.into_iter().next();
    if frame.is_none() && count > 0 {
        return Err(page.nothing(state).await);
    }
    let pages =
        if name.is_empty() { format!("{}/", page.base) } else { format!("{}/{name}/", page.base) };
    let text = frame.as_ref().and_then(|frame| frame.text.as_deref()).unwrap_or_default();
    let view = ReaderPage {
        shell: page.shell(),
        title: title(&story.title),
        description: shorten(text, MAX_DESCRIPTION),
        count,
        previous: (number > 1).then(|| SharedPage::neighbour(&pages, number - 1)),
        next: (number < count).then(|| SharedPage::neighbour(&pages, number + 1)),
        frame: match &frame {
            Some(frame) => Some(page.sign_frame(state, frame_part(frame)).await?),
            None => None,
        },
        origin: page.visitor.origin.clone(),
        list: (page.share.kind == ShareKind::List).then(|| page.base.clone()),
        events: format!("{pages}events"),
        pages,
        ..ReaderPage::default()
    };
    Ok(answer::page(state, &view).await)
}
