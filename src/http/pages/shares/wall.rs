//! The last frame of a client or a flock that is shared.

use axum::response::Response;
use calliope_web::SharedWallPage;

use super::super::answer::{self, PageResult};
use super::super::frame_view::{frame_part, title};
use super::SharedPage;
use crate::app::{AppError, ErrorKind, ReadableStory};
use crate::domain::ClientId;
use crate::http::HttpState;

/// Shows the frame.
pub(super) async fn show(state: &HttpState, page: &SharedPage) -> PageResult {
    let mut view = SharedWallPage { shell: page.shell(), ..SharedWallPage::default() };
    if let Some(story) = latest_story(state, page).await? {
        let last = story.frame_count - 1;
        let frames = state.app.stories().readable_frames(story.id, last, last).await;
        if let Some(frame) = frames.map_err(answer::refuse)?.first() {
            view.title = title(&story.title);
            view.frame = Some(page.sign_frame(state, frame_part(frame)).await?);
        }
    }
    Ok(answer::page(state, &view).await)
}

/// Returns the story that the wall shows. Stories of private Sparrows are left out unless the share shows them.
async fn latest_story(
    state: &HttpState,
    page: &SharedPage,
) -> Result<Option<ReadableStory>, Response> {
    let (stories, reader) = (state.app.stories(), page.reader());
    if let Some(flock_id) = &page.share.flock_id {
        return stories.latest_flock_story(reader, flock_id).await.map_err(answer::refuse);
    }
    let client_id = page.share.client_id.as_deref().unwrap_or_default();
    let found = async {
        let client_id = ClientId::new(client_id)
            .map_err(|error| AppError::new(ErrorKind::NotFound, error.to_string()))?;
        let Some(current) = stories.current_story(&client_id).await? else { return Ok(None) };
        stories.readable_story_by_id(reader, current.story.id).await.map(Some)
    };
    match found.await {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        found => found.map_err(answer::refuse),
    }
}
