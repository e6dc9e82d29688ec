//! `/x/{token}` and below: what somebody shared, for everyone who has the link.
//!
//! The token alone decides what these pages show, and nothing depends on who reads them. An address that
//! leads nowhere is answered alike, whether its token is unknown, has expired or was revoked.

pub(super) mod book;
pub(super) mod camera;
pub(super) mod events;
pub(super) mod forget;
pub(super) mod make;
mod media;
pub(super) mod open;
mod story;
pub(super) mod take_home;
mod wall;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use calliope_web::{GonePage, Shell};
use serde::Deserialize;

use super::answer;
use super::visitor::Visitor;
use crate::app::{AppError, ErrorKind, PageReader, Share, ShareLookup};
use crate::domain::{ClientId, ShareKind};
use crate::http::problem::Problem;
use crate::http::{HttpState, share_cookie};

/// Parts of the names of programs that open links by themselves, such as to show a preview. They do not count as visits.
const ROBOTS: [&str; 12] = [
    "bot",
    "crawl",
    "spider",
    "slurp",
    "preview",
    "facebookexternalhit",
    "whatsapp",
    "telegram",
    "skypeuri",
    "embedly",
    "curl/",
    "wget/",
];

/// A request for a page of a share that is open.
pub(super) struct SharedPage {
    pub(super) share: Share,
    /// Address of the share below the service's root.
    pub(super) base: String,
    pub(super) visitor: Visitor,
}

impl SharedPage {
    /// Finds the share of a token.
    pub(super) async fn find(
        state: &HttpState,
        visitor: Visitor,
        token: &str,
    ) -> Result<Self, Response> {
        Self::find_or_offer(state, visitor, token, String::new()).await
    }

    /// Finds the share of a token. If there is none, the answer leads to `forget` unless that is empty.
    pub(super) async fn find_or_offer(
        state: &HttpState,
        visitor: Visitor,
        token: &str,
        forget: String,
    ) -> Result<Self, Response> {
        let found = state.app.shares().look_up(token).await.map_err(answer::refuse)?;
        match found {
            ShareLookup::Open(share) => Ok(Self { share, base: format!("/x/{token}"), visitor }),
            ShareLookup::Ended => Err(gone(state, &visitor, forget).await),
            ShareLookup::Unknown => {
                state.app.identities().count_wrong_link(visitor.ip).map_err(answer::refuse)?;
                Err(gone(state, &visitor, forget).await)
            }
        }
    }

    /// Counts the visit, unless the browser has opened the share before or a program opens it by itself.
    pub(super) async fn count_visit(
        &mut self,
        state: &HttpState,
        method: &Method,
        headers: &HeaderMap,
    ) {
        let is_visit = method == Method::GET && self.visitor.accepts_html && !is_robot(headers);
        if !is_visit || share_cookie::has_visit(headers) {
            return;
        }
        let path = self.cookie_path();
        self.visitor.cookies.push(share_cookie::visit(&path, self.visitor.is_secure));
        if let Err(error) = state.app.shares().count_open(&self.share).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, share_id = self.share.id, "a visit of a share cannot be counted");
        }
    }

    /// Returns what surrounds the page: nothing that belongs to the reader.
    pub(super) fn shell(&self) -> Shell {
        shell(&self.visitor)
    }

    /// Returns the path of the share as browsers see it.
    pub(super) fn cookie_path(&self) -> String {
        format!("{}{}", self.visitor.root, self.base)
    }

    /// Returns the owner of the share, who sees own private stories if the share shows them.
    pub(super) fn owner(&self) -> Option<ClientId> {
        let client_id = self.share.client_id.as_deref().filter(|_| self.share.is_private_ok)?;
        ClientId::new(client_id).ok()
    }

    /// Returns the reader of the one story or the wall that is shared.
    pub(super) fn reader(&self) -> PageReader<'static> {
        PageReader { client_id: None, is_admin: self.share.is_private_ok }
    }

    /// Returns the page that says that nothing is there.
    pub(super) async fn nothing(&self, state: &HttpState) -> Response {
        gone(state, &self.visitor, String::new()).await
    }

    /// Turns a refusal of a service into one of this page. What is not there is answered like a share that has ended.
    pub(super) async fn refuse(&self, state: &HttpState, error: AppError) -> Response {
        if error.kind == ErrorKind::NotFound {
            self.nothing(state).await
        } else {
            answer::refuse(error)
        }
    }

    /// Answers that nothing is there if the share is of another kind.
    pub(super) async fn require_kind(
        &self,
        state: &HttpState,
        kind: ShareKind,
    ) -> Result<(), Response> {
        if self.share.kind == kind { Ok(()) } else { Err(self.nothing(state).await) }
    }

    /// Adds the new cookies to an answer.
    pub(super) fn finish(&self, mut response: Response) -> Response {
        self.visitor.set_cookies(&mut response);
        response
    }
}

/// Returns what surrounds a page of a share, or the page that says that it has ended.
fn shell(visitor: &Visitor) -> Shell {
    Shell { root: visitor.root.clone(), is_shared: true, ..Shell::default() }
}

/// Answers that a link leads nowhere. `forget` is where a visitor can have everything erased.
async fn gone(state: &HttpState, visitor: &Visitor, forget: String) -> Response {
    if visitor.accepts_html {
        let view = GonePage { shell: shell(visitor), forget };
        return answer::page_with_status(state, &view, StatusCode::NOT_FOUND).await;
    }
    let detail = "This link leads nowhere: its time is over, it was taken back, or it was not copied as a whole.";
    Problem::new(StatusCode::NOT_FOUND, detail).into_response()
}

/// Returns whether a program opens a link by itself, without a person who looks.
fn is_robot(headers: &HeaderMap) -> bool {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_ascii_lowercase()
    };
    let agent = text("user-agent");
    let is_fetched_ahead =
        text("sec-purpose").contains("prefetch") || text("purpose") == "prefetch";
    // A module of a page that is open reads the page again.
    let is_read_again = !matches!(&*text("sec-fetch-mode"), "" | "navigate");
    is_fetched_ahead || is_read_again || ROBOTS.iter().any(|name| agent.contains(name))
}

/// The names in the address of a share's page.
#[derive(Deserialize)]
pub(super) struct ShareAddress {
    token: String,
    /// The name of a story in a list; `None` for the one story of a share.
    #[serde(rename = "page")]
    story: Option<String>,
}

/// The method and the headers of a request.
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for Head {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self { method: parts.method.clone(), headers: parts.headers.clone() })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn programs_that_open_links_by_themselves_are_known() {
        let of = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            is_robot(&headers)
        };
        assert!(of("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)"));
        assert!(of("user-agent", "WhatsApp/2.23") && of("sec-purpose", "prefetch;prerender"));
        assert!(of("sec-fetch-mode", "cors") && !of("sec-fetch-mode", "navigate"));
        assert!(!of("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0"));
    }
}
