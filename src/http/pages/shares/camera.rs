//! `/x/{token}` of the kind `give`: a visitor's camera. It opens after the visitor has agreed.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use calliope_web::{ConsentPage, VisitorPage};
use uuid::Uuid;

use super::super::answer::{self, PageResult};
use super::super::fields::Fields;
use super::super::frame_view::{frame_part, title};
use super::super::visitor::Visitor;
use super::super::{home, order};
use super::{SharedPage, events};
use crate::app::Shares;
use crate::domain::{ClientId, ShareKind};
use crate::http::problem::Problem;
use crate::http::{HttpState, share_cookie};

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

fn consent_view(state: &HttpState, page: &SharedPage) -> ConsentPage {
    let kept = Shares::visitors_kept_until(&page.share);
    ConsentPage {
        shell: page.shell(),
        base: page.base.clone(),
        operator: state.access_policy.pages.operator.clone(),
        providers: in_words(&state.app.ops().provider_names()),
        inputs_kept: length_in_words(state.app.files().input_retention_seconds()),
        stories_kept: kept.format("%-d %B %Y").to_string(),
        problem: None,
    }
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

/// Joins names as sentences do: `OpenAI`, `OpenAI and Runway`, `OpenAI, Stability and Runway`.
pub(in crate::http::pages) fn in_words(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// Returns a length of time in its largest whole unit, such as `1 day` or `36 hours`.
fn length_in_words(seconds: u64) -> String {
    let units = [("day", 86_400), ("hour", 3600), ("minute", 60)];
    let unit =
        units.into_iter().find(|(_, length)| seconds >= *length && seconds.is_multiple_of(*length));
    let (name, length) = unit.unwrap_or(("second", 1));
    let count = seconds / length;
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

/// Answers a visitor who asks for something without any frame.
pub(super) fn no_frame() -> Response {
    let detail = "There is no frame of yours yet; tell one first.";
    Problem::new(StatusCode::CONFLICT, detail).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_names_read_as_people_write_them() {
        for (seconds, words) in
            [(86_400, "1 day"), (129_600, "36 hours"), (3600, "1 hour"), (90, "90 seconds")]
        {
            assert_eq!(length_in_words(seconds), words);
        }
        let names = ["OpenAI", "Stability", "Runway"].map(str::to_owned);
        assert_eq!(in_words(&names), "OpenAI, Stability and Runway");
        assert_eq!(in_words(&names[..1]), "OpenAI");
    }
}
