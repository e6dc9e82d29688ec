//! `/x/{token}` of the kind `give`: a visitor's camera. It opens after the visitor has agreed.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use calliope_web::{ConsentPage, VisitorPage};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::super::answer::{self, PageResult};
use super::super::fields::Fields;
use super::super::frame_view::{frame_part, title};
use super::super::visitor::Visitor;
use super::super::wording::{in_words, length_in_words};
use super::super::{home, order};
use super::{SharedPage, events};
use crate::app::jobs::ApplyRetention;
use crate::app::{ReadableStory, Shares};
use crate::domain::{ClientId, ShareKind};
use crate::http::problem::Problem;
use crate::http::{HttpState, share_cookie};
use crate::settings::RetentionExemption;

/// Shows the camera to a visitor who agreed, and to others what they would agree to.
pub(super) async fn show(state: &HttpState, page: &SharedPage, headers: &HeaderMap) -> PageResult {
    match guest(state, page, headers).await? {
        Some(guest) => {
            let view = camera_view(state, page, &guest).await?;
            Ok(answer::page(state, &view).await)
        }
        None => Ok(answer::page(state, &consent_view(state, page)).await),
    }
}

/// Makes a client of its own for a visitor who agrees.
pub(in crate::http::pages) async fn consent(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(token): Path<String>,
    request: Request,
) -> PageResult {
    let mut page = SharedPage::find(&state, visitor, &token).await?;
    page.require_kind(&state, ShareKind::Give).await?;
    let (parts, content) = request.into_parts();
    let form = Fields::of_form(&parts.headers, content).await;
    let form = form.map_err(IntoResponse::into_response)?;
    if guest(&state, &page, &parts.headers).await?.is_none() {
        if form.get("agree").is_none() {
            let mut view = consent_view(&state, &page);
            let problem = "The camera opens when you agree: tick the box first.";
            view.problem = Some(problem.to_owned());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Ok(answer::page_with_status(&state, &view, status).await);
        }
        state.app.identities().count_visitor(page.visitor.ip).map_err(answer::refuse)?;
        let welcomed = state.app.shares().welcome(&page.share).await.map_err(answer::refuse)?;
        let kept = welcomed.visitor.date_expires - welcomed.visitor.date_created;
        let cookie = share_cookie::keep_visitor(
            &welcomed.secret,
            &page.cookie_path(),
            kept.num_seconds(),
            page.visitor.is_secure,
        );
        page.visitor.cookies.push(cookie);
    }
    let response = answer::see_other(&page.base);
    Ok(page.finish(response))
}

/// Orders a visitor's next frame, by a form or by a module of the page.
pub(in crate::http::pages) async fn post(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(token): Path<String>,
    request: Request,
) -> PageResult {
    let page = SharedPage::find(&state, visitor, &token).await?;
    page.require_kind(&state, ShareKind::Give).await?;
    let (parts, content) = request.into_parts();
    let guest = require_guest(&state, &page, &parts.headers).await?;
    let (ordered, wait) =
        order::send(&state, &page.visitor, parts, content, &guest, order::Choices::Input).await?;
    if !page.visitor.accepts_html {
        let events = format!("{}{}/events", page.visitor.root, page.base);
        return Ok(order::answer_module(&events, ordered));
    }
    let problem = match ordered {
        Ok(ordered) => {
            order::wait_a_moment(&state, ordered, wait).await;
            return Ok(answer::see_other(&page.base));
        }
        Err(problem) if problem.status().is_server_error() => return Err(problem.into_response()),
        Err(problem) => problem,
    };
    let mut view = camera_view(&state, &page, &guest).await?;
    view.problem = Some(problem.detail().to_owned());
    Ok(answer::page_with_status(&state, &view, problem.status()).await)
}

/// Returns the client of the visitor who sends a request; `None` if the visitor has not agreed to this share.
pub(super) async fn guest(
    state: &HttpState,
    page: &SharedPage,
    headers: &HeaderMap,
) -> Result<Option<ClientId>, Response> {
    let Some(secret) = share_cookie::visitor(headers) else { return Ok(None) };
    let found = state.app.shares().visitor(secret).await.map_err(answer::refuse)?;
    // A cookie that was copied from another share opens nothing here.
    let own = found.filter(|visitor| visitor.share_id == Some(page.share.id));
    Ok(own.and_then(|visitor| ClientId::new(&visitor.client_id).ok()))
}

/// Returns the client of the visitor who sends a request, or the way to agree.
pub(super) async fn require_guest(
    state: &HttpState,
    page: &SharedPage,
    headers: &HeaderMap,
) -> Result<ClientId, Response> {
    match guest(state, page, headers).await? {
        Some(guest) => Ok(guest),
        None if page.visitor.accepts_html => Err(answer::see_other(&page.base)),
        None => Err(events::not_agreed()),
    }
}

/// Returns the story of the visitor who sends a request, which has at least one frame.
pub(super) async fn own_story(
    state: &HttpState,
    page: &SharedPage,
    headers: &HeaderMap,
) -> Result<ReadableStory, Response> {
    let guest = require_guest(state, page, headers).await?;
    let current = state.app.stories().current_story(&guest).await.map_err(answer::refuse)?;
    let told = current.filter(|current| current.frame.is_some()).map(|current| current.story);
    // An admin may have a visitor's client follow its flock's story, which is not the visitor's alone.
    told.filter(|story| story.client_id == guest.as_str()).ok_or_else(no_frame)
}

fn consent_view(state: &HttpState, page: &SharedPage) -> ConsentPage {
    let end = Shares::visitors_kept_until(&page.share);
    let left = end - state.app.shares().now();
    let files = state.app.files();
    ConsentPage {
        shell: page.shell(),
        base: page.base.clone(),
        operator: state.access_policy.pages.operator.clone(),
        providers: in_words(&state.app.ops().provider_names()),
        photos_removed: photos_removed(files.input_retention_seconds(), left, end),
        stories_kept: end.format("%-d %B %Y").to_string(),
        pictures_removed: pictures_removed(files.retention_job().as_ref(), left),
        problem: None,
    }
}

/// Returns when photos and sounds are removed: some time after they were sent, or at the `end` of all visitors' time, which
/// is `left` away, if that comes first.
fn photos_removed(retention_seconds: u64, left: TimeDelta, end: DateTime<Utc>) -> String {
    match u64::try_from(left.num_seconds()) {
        _ if retention_seconds == 0 => "as soon as the picture is made".to_owned(),
        Ok(left) if left < retention_seconds => {
            format!("on {} at the latest", end.format("%-d %B %Y"))
        }
        _ => format!("after {}", length_in_words(retention_seconds)),
    }
}

/// Returns in a sentence when the pictures of a story are removed before the end of all visitors' time; empty if they are
/// not.
fn pictures_removed(retention: Option<&ApplyRetention>, left: TimeDelta) -> String {
    let age = retention.and_then(|job| job.older_than).filter(|age| *age < left.num_seconds());
    let (Some(age), Some(job)) = (age, retention) else { return String::new() };
    let unless = match job.keep {
        RetentionExemption::Bookmarked => ", unless somebody bookmarks it",
        RetentionExemption::None => "",
    };
    let after = length_in_words(age.unsigned_abs());
    format!("A story that is not continued loses its pictures after {after}{unless}.")
}

async fn camera_view(
    state: &HttpState,
    page: &SharedPage,
    guest: &ClientId,
) -> Result<VisitorPage, Response> {
    let current = state.app.stories().current_story(guest).await.map_err(answer::refuse)?;
    let mut view = VisitorPage {
        shell: page.shell(),
        base: page.base.clone(),
        is_black: state.app.config().is_client_black(guest).await.map_err(answer::refuse)?,
        idempotency_key: Uuid::now_v7().to_string(),
        ..VisitorPage::default()
    };
    let Some(current) = current else { return Ok(view) };
    if let Some(frame) = &current.frame {
        view.title = title(&current.story.title);
        view.frame = Some(page.sign_frame(state, frame_part(frame)).await?);
    }
    (view.pending, view.problem) = home::progress(current.status);
    Ok(view)
}

/// Answers a visitor who asks for something without any frame.
fn no_frame() -> Response {
    let detail = "There is no frame of yours yet; tell one first.";
    Problem::new(StatusCode::CONFLICT, detail).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_kept_for_the_shorter_of_two_times() {
        let end = "2026-12-30T12:00:00Z".parse().expect("a time");
        let removed = |seconds, left| photos_removed(seconds, left, end);
        assert_eq!(removed(86_400, TimeDelta::days(60)), "after 1 day");
        assert_eq!(removed(90 * 86_400, TimeDelta::days(60)), "on 30 December 2026 at the latest");
        assert_eq!(removed(u64::MAX, TimeDelta::days(60)), "on 30 December 2026 at the latest");
        assert_eq!(removed(0, TimeDelta::days(60)), "as soon as the picture is made");
    }

    #[test]
    fn pictures_are_said_to_go_only_if_they_go_before_everything_else() {
        let job = |days: i64, keep| ApplyRetention {
            older_than: Some(days * 86_400),
            keep,
            dry_run: false,
            actor: String::new(),
        };
        let left = TimeDelta::days(60);
        let removed = |job: &ApplyRetention| pictures_removed(Some(job), left);
        assert_eq!(
            removed(&job(7, RetentionExemption::Bookmarked)),
            "A story that is not continued loses its pictures after 7 days, unless somebody bookmarks it."
        );
        assert!(removed(&job(1, RetentionExemption::None)).ends_with("after 1 day."));
        assert_eq!(removed(&job(90, RetentionExemption::None)), "");
        assert_eq!(pictures_removed(None, left), "");
    }
}
