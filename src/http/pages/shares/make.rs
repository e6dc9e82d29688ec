//! `/s/{slug}/share`: makes links to a story, shows each once with its QR code, and takes them back.

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use calliope_web::{ShareCard, SharePage};

use super::super::answer::{self, PageResult};
use super::super::fields::Fields;
use super::super::frame_view::{story_name, title};
use super::super::visitor::Visitor;
use crate::app::{AppError, AuditContext, ErrorKind, ReadableStory, Share, ShareRequest};
use crate::domain::ShareKind;
use crate::http::HttpState;
use crate::http::problem::Problem;

/// Shows the form and the links that exist.
pub(in crate::http::pages) async fn get(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(slug): Path<String>,
) -> PageResult {
    let story = own_story(&state, &visitor, &slug).await?;
    let view = view(&state, &visitor, &story).await?;
    Ok(answer::page(&state, &view).await)
}

/// Makes a link, or takes one back.
pub(in crate::http::pages) async fn post(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(slug): Path<String>,
    request: Request,
) -> PageResult {
    let (parts, content) = request.into_parts();
    let form = Fields::of_form(&parts.headers, content).await;
    let form = form.map_err(IntoResponse::into_response)?;
    let story = own_story(&state, &visitor, &slug).await?;
    let principal = visitor.require_known()?;
    let audit = AuditContext::new(principal, Some(visitor.request_id.clone()));
    let (actor, shares) = (visitor.actor(principal), state.app.shares());
    if let Some(id) = form.get("revoke") {
        let id = crate::http::path_id::parse(id);
        shares.revoke(actor, id, &audit).await.map_err(answer::refuse)?;
        return Ok(answer::see_other(&format!("/s/{}/share", story_name(&story))));
    }
    let request = ShareRequest {
        kind: ShareKind::Story,
        story_id: Some(story.id.to_string()),
        list_id: None,
        client_id: None,
        flock_id: None,
        expires_in: form.get("expires_in").map(|seconds| seconds.parse().unwrap_or_default()),
        comment: form.get("comment").map(|comment| comment.trim().to_owned()),
        is_private_ok: Some(form.get("is_private_ok").is_some()),
    };
    let created = shares.create(actor, &request, &audit).await;
    let mut view = view(&state, &visitor, &story).await?;
    match created {
        Ok(created) => {
            view.link = Some(format!("{}{}/x/{}", visitor.origin, visitor.root, created.token));
            Ok(answer::page(&state, &view).await)
        }
        Err(error) => {
            let problem = Problem::from_error(error, "body");
            if problem.status().is_server_error() {
                return Err(problem.into_response());
            }
            view.problem = Some(problem.detail().to_owned());
            Ok(answer::page_with_status(&state, &view, problem.status()).await)
        }
    }
}

/// Returns a story that the visitor may share.
async fn own_story(
    state: &HttpState,
    visitor: &Visitor,
    slug: &str,
) -> Result<ReadableStory, Response> {
    visitor.require_known()?;
    let reader = visitor.reader();
    let story = state.app.stories().readable_story(reader, slug).await.map_err(answer::refuse)?;
    if reader.is_admin || reader.owns(&story) {
        return Ok(story);
    }
    let detail = "Only the browser or device whose story this is, and those who look after this Calliope, may share it.";
    Err(Problem::new(StatusCode::FORBIDDEN, detail).into_response())
}

async fn view(
    state: &HttpState,
    visitor: &Visitor,
    story: &ReadableStory,
) -> Result<SharePage, Response> {
    let principal = visitor.require_known()?;
    let id = story.id.to_string();
    let found = state.app.shares().shares_of_story(visitor.actor(principal), &id);
    let shares = match found.await {
        // The story was deleted in the meantime.
        Err(AppError { kind: ErrorKind::NotFound, .. }) => Vec::new(),
        found => found.map_err(answer::refuse)?,
    };
    let now = state.app.shares().now();
    Ok(SharePage {
        shell: visitor.shell(),
        title: title(&story.title),
        slug: story_name(story),
        is_private: story.is_private,
        link: None,
        problem: None,
        shares: shares.iter().map(|share| card(share, share.is_open(now))).collect(),
    })
}

fn card(share: &Share, is_open: bool) -> ShareCard {
    let until = share.date_expires.format("%-d %B %Y");
    let state = match (share.date_revoked, is_open) {
        (Some(revoked), _) => format!("taken back on {}", revoked.format("%-d %B %Y")),
        (None, true) => format!("works until {until}"),
        (None, false) => format!("ended on {until}"),
    };
    let opens = match share.opens {
        0 => "never opened".to_owned(),
        1 => "opened once".to_owned(),
        opens => format!("opened {opens} times"),
    };
    let last = share.last_opened.map(|at| format!(", last on {}", at.format("%-d %B")));
    let summary = format!("{state} · {opens}{}", last.unwrap_or_default());
    ShareCard { id: share.id, comment: share.comment.clone(), summary, is_open }
}
