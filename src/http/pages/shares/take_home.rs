//! `POST /x/{token}/home`: a visitor takes the story home, as a link and a QR code.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use calliope_web::TakenHomePage;

use super::super::answer::{self, PageResult};
use super::super::visitor::Visitor;
use super::{SharedPage, camera};
use crate::domain::ShareKind;
use crate::http::{HttpState, share_cookie};

/// Makes the link and shows it.
pub(in crate::http::pages) async fn post(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> PageResult {
    let page = SharedPage::find(&state, visitor, &token).await?;
    page.require_kind(&state, ShareKind::Give).await?;
    let story = camera::own_story(&state, &page, &headers).await?;
    let secret = share_cookie::visitor(&headers).unwrap_or_default();
    let found = state.app.shares().visitor(secret).await.map_err(answer::refuse)?;
    let Some(guest) = found else { return Err(page.nothing(&state).await) };
    let taken = state.app.shares().take_home(&guest, story.id).await;
    let taken = taken.map_err(answer::refuse)?;
    let view = TakenHomePage {
        shell: page.shell(),
        base: page.base.clone(),
        link: format!("{}{}/x/{}", page.visitor.origin, page.visitor.root, taken.token),
        until: taken.share.date_expires.format("%-d %B %Y").to_string(),
    };
    Ok(answer::page(&state, &view).await)
}
