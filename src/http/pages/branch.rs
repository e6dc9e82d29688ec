//! `POST /s/{slug}/{number}/branch`: the visitor's browser continues a story from one of its frames, as its own.

use axum::extract::{Path, Request, State};

use super::answer::{self, PageResult};
use super::frame_view::story_name;
use super::reader::{FramePath, find_frame};
use super::visitor::Visitor;
use crate::app::BranchRequest;
use crate::http::HttpState;

/// Begins a story with the frames up to this one, and leads to the page that continues it.
pub(super) async fn post(
    State(state): State<HttpState>,
    mut visitor: Visitor,
    Path(path): Path<FramePath>,
    request: Request,
) -> PageResult {
    let principal = visitor.require_known()?.clone();
    let (story, number) = find_frame(&state, &visitor, &path).await?;
    let client_id = visitor.require_browser(&state, request.headers()).await?;
    let branch = BranchRequest { after: number - 1, title: None, reuses_untouched: true };
    let id = story.id.to_string();
    let stories = state.app.stories();
    let branched = stories.branch_story(visitor.actor(&principal), &client_id, &id, &branch).await;
    branched.map_err(answer::refuse)?;
    let mut response = answer::see_other("/");
    visitor.set_cookies(&mut response);
    Ok(response)
}

/// Leads back to the frame, because a form's address is opened again after a login.
pub(super) async fn get(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(path): Path<FramePath>,
) -> PageResult {
    let (story, number) = find_frame(&state, &visitor, &path).await?;
    Ok(answer::see_other(&format!("/s/{}/{number}", story_name(&story))))
}
