//! The wall of a client or of a flock that is shared.

use axum::response::Response;
use calliope_web::WallPage;

use super::super::answer::{self, PageResult};
use super::super::wall::{WallAddresses, wall_view};
use super::SharedPage;
use crate::app::Wall;
use crate::http::HttpState;

/// Shows the wall.
pub(super) async fn show(state: &HttpState, page: &SharedPage) -> PageResult {
    let wall = find(state, page).await?;
    let addresses = WallAddresses {
        events: format!("{}/events", page.base),
        // A service worker would keep what is shared longer than the share lasts.
        worker: String::new(),
        // The stories' own pages are not shared.
        has_codes: false,
    };
    let view = wall_view(state, page.shell(), &wall, addresses).await.map_err(answer::refuse)?;
    let mut view = WallPage { name: String::new(), ..view };
    for frame in &mut view.frames {
        page.sign_picture(state, frame.part.picture.as_mut()).await?;
    }
    Ok(answer::page(state, &view).await)
}

/// Returns the wall that is shared. It is gone if its flock is deleted, or its Sparrow has become private in the meantime.
pub(super) async fn find(state: &HttpState, page: &SharedPage) -> Result<Wall, Response> {
    let stories = state.app.stories();
    let found = match &page.share.flock_id {
        Some(flock_id) => stories.wall_of_flock(flock_id).await,
        None => {
            let client_id = page.share.client_id.as_deref().unwrap_or_default();
            stories.wall_of_client(page.reader(), client_id).await.map(Some)
        }
    };
    match found {
        Ok(Some(wall)) => Ok(wall),
        Ok(None) => Err(page.nothing(state).await),
        Err(error) => Err(page.refuse(state, error).await),
    }
}
