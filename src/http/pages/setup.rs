//! `/setup`: the first user, while there is none. `/setup/ready`: the first frame, and how to add a Sparrow.
//!
//! Nothing depends on this page: without a key, this machine is served without any user, and `calliope user create` makes
//! users too.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use calliope_web::{SetupPage, SetupReadyPage};
use serde_json::json;
use uuid::Uuid;

use super::answer::{self, PageResult};
use super::fields::Fields;
use super::frame_view::{frame_part, story_name};
use super::home;
use super::order;
use super::visitor::Visitor;
use super::wording::in_words;
use crate::app::identity::{FirstUserRequest, LoginSession};
use crate::app::{AppError, AuditContext, ErrorKind, FrameOrder, Identities};
use crate::domain::{FlockConfig, Identity, Principal};
use crate::http::form::Field;
use crate::http::problem::Problem;
use crate::http::{HttpState, session_cookie};

/// A photograph of a rocket in the public domain, for the first frame.
const SAMPLE: &[u8] = include_bytes!("../assets/sample.jpg");

/// The most characters of a place.
const MAX_PLACE: usize = 200;

/// The flock whose parameters hold for all Sparrows.
const EVERY_SPARROW: &str = "default";

/// Shows the form while there is no user.
pub(super) async fn get(State(state): State<HttpState>, visitor: Visitor, uri: Uri) -> PageResult {
    if state.app.identities().has_user().await.map_err(answer::refuse)? {
        return Ok(answer::see_other("/login"));
    }
    let code = Fields::of_query(&uri).get("code").unwrap_or_default().to_owned();
    let view = SetupPage { code, ..empty_view(&state, &visitor) };
    Ok(answer::page(&state, &view).await)
}

fn empty_view(state: &HttpState, visitor: &Visitor) -> SetupPage {
    let providers = in_words(&state.app.ops().provider_names());
    SetupPage { shell: visitor.shell(), providers, ..SetupPage::default() }
}

/// Creates the first user, sets the place, and orders the first frame.
pub(super) async fn post(
    State(state): State<HttpState>,
    mut visitor: Visitor,
    request: Request,
) -> PageResult {
    if state.app.identities().has_user().await.map_err(answer::refuse)? {
        return Ok(answer::see_other("/login"));
    }
    let (parts, content) = request.into_parts();
    let (content, reservation) =
        state.body_budget.read(&parts, content).await.map_err(IntoResponse::into_response)?;
    let form = order::read_form(&state, &parts.headers, content).await;
    let form = form.map_err(IntoResponse::into_response)?;
    drop(reservation);
    let session = match create_user(&state, &visitor, &form).await {
        Ok(session) => session,
        Err(error) if error.kind == ErrorKind::Conflict => return Ok(answer::see_other("/login")),
        Err(error) => return refuse(&state, &visitor, &form, error).await,
    };
    visitor.cookies.push(session_cookie::set(&session.cookie, visitor.is_secure));
    let begun = begin(&state, &mut visitor, &parts.headers, &session, form).await;
    if let Err(problem) = begun {
        // The user exists now; the page that follows says how to go on.
        tracing::warn!(detail = problem.detail(), "the first frame could not be ordered");
    }
    let mut response = answer::see_other("/setup/ready");
    visitor.set_cookies(&mut response);
    Ok(response)
}

async fn create_user(
    state: &HttpState,
    visitor: &Visitor,
    form: &[Field],
) -> Result<LoginSession, AppError> {
    let place = text(form, "place");
    if place.chars().count() > MAX_PLACE || place.chars().any(char::is_control) {
        let reason = format!("must be printable text of at most {MAX_PLACE} characters");
        return Err(AppError::invalid("place", reason));
    }
    let request = FirstUserRequest {
        code: text(form, "code"),
        username: text(form, "username").trim().to_owned(),
        password: text(form, "password"),
    };
    state.app.identities().create_first_user(request, visitor.ip).await
}

/// Shows the form again with what was wrong. The password is not repeated.
async fn refuse(
    state: &HttpState,
    visitor: &Visitor,
    form: &[Field],
    error: AppError,
) -> PageResult {
    let problem = Problem::from_error(error, "body");
    if problem.status().is_server_error() {
        return Err(problem.into_response());
    }
    let view = SetupPage {
        code: text(form, "code"),
        username: text(form, "username"),
        place: text(form, "place"),
        problem: Some(problem.detail().to_owned()),
        ..empty_view(state, visitor)
    };
    let mut response = answer::page_with_status(state, &view, problem.status()).await;
    visitor.set_cookies(&mut response);
    Ok(response)
}

/// Sets the place, makes a Sparrow of the user's browser, and orders its first frame.
async fn begin(
    state: &HttpState,
    visitor: &mut Visitor,
    headers: &HeaderMap,
    session: &LoginSession,
    form: Vec<Field>,
) -> Result<(), Problem> {
    let failed = |error| Problem::from_error(error, "body");
    let found = state.app.identities().session(&session.cookie).await.map_err(failed)?;
    let Some(found) = found else { return Ok(()) };
    let principal = Identities::session_principal(found);
    set_place(state, &principal, text(&form, "place").trim()).await.map_err(failed)?;
    visitor.browser = None;
    let client_id = visitor.create_browser(state, headers, &principal).await?;
    let photo = form.into_iter().find(|field| field.name == "photo");
    let photo = photo.map_or(Bytes::from_static(SAMPLE), |field| field.bytes);
    let field = |name: &str, bytes: Bytes| Field {
        name: name.to_owned(),
        file_name: Some("photo.jpg".to_owned()).filter(|_| name == "photo"),
        content_type: None,
        bytes,
    };
    let key = Bytes::from(Uuid::now_v7().to_string());
    let form = vec![field("photo", photo), field("key", key)];
    let order = order::parse_order(&client_id, form, visitor.request_id.clone())?;
    let order = FrameOrder { ip_address: Some(visitor.ip), ..order };
    let wait = state.app.frames().start_waiting();
    let ordered = state.app.frames().order(order).await.map_err(failed)?;
    order::wait_a_moment(state, ordered, wait).await;
    Ok(())
}

/// Sets the place of all Sparrows that have none of their own.
async fn set_place(state: &HttpState, principal: &Principal, place: &str) -> Result<(), AppError> {
    if place.is_empty() {
        return Ok(());
    }
    let audit = AuditContext::new(principal, None);
    let patch = json!({"parameters": {"location": place}});
    let config = state.app.config();
    match config.patch_resource::<FlockConfig>(EVERY_SPARROW, patch.clone(), &audit).await {
        Err(error) if error.kind == ErrorKind::NotFound => {
            let mut fields = patch;
            fields["flock_id"] = json!(EVERY_SPARROW);
            let flock: FlockConfig = serde_json::from_value(fields)
                .map_err(|error| AppError::new(ErrorKind::Internal, error.to_string()))?;
            config.create_resource(flock, &audit).await.map(drop)
        }
        patched => patched.map(drop),
    }
}

fn text(form: &[Field], name: &str) -> String {
    let field = form.iter().find(|field| field.name == name && !field.is_file());
    field.map(|field| String::from_utf8_lossy(&field.bytes).into_owned()).unwrap_or_default()
}

/// Shows the first frame to the user who was just created.
pub(super) async fn ready(State(state): State<HttpState>, visitor: Visitor) -> PageResult {
    require_user(&visitor)?;
    let view = ready_view(&state, &visitor).await?;
    Ok(answer::page(&state, &view).await)
}

/// Approves a device that shows a code.
pub(super) async fn approve(
    State(state): State<HttpState>,
    visitor: Visitor,
    request: Request,
) -> PageResult {
    let principal = require_user(&visitor)?.clone();
    let (parts, content) = request.into_parts();
    let form = Fields::of_form(&parts.headers, content).await;
    let form = form.map_err(IntoResponse::into_response)?;
    let audit = AuditContext::new(&principal, Some(visitor.request_id.clone()));
    let code = form.get("device_code").unwrap_or_default();
    let approved = state.app.identities().approve_pairing(code, &audit).await;
    let mut view = ready_view(&state, &visitor).await?;
    match approved {
        Ok(pairing) => {
            let notice = format!("{} may come in; it gets its key in a moment.", pairing.client_id);
            view.notice = Some(notice);
            Ok(answer::page(&state, &view).await)
        }
        Err(error) => {
            let problem = Problem::from_error(error, "body");
            view.notice = Some(problem.detail().to_owned());
            Ok(answer::page_with_status(&state, &view, problem.status()).await)
        }
    }
}

/// Returns the user who is logged in, or the way to log in.
fn require_user(visitor: &Visitor) -> Result<&Principal, Response> {
    let user = visitor.principal.as_ref();
    let user = user.filter(|principal| matches!(principal.identity, Identity::User { .. }));
    user.ok_or_else(|| answer::see_other("/login?next=%2Fsetup%2Fready"))
}

async fn ready_view(state: &HttpState, visitor: &Visitor) -> Result<SetupReadyPage, Response> {
    let mut view = SetupReadyPage { shell: visitor.shell(), ..SetupReadyPage::default() };
    let Some(client_id) = &visitor.browser else { return Ok(view) };
    let current = state.app.stories().current_story(client_id).await.map_err(answer::refuse)?;
    let Some(current) = current else { return Ok(view) };
    view.slug = story_name(&current.story);
    view.frame = current.frame.as_ref().map(frame_part);
    let (pending, problem) = home::progress(current.status);
    view.is_pending = view.frame.is_none() && pending.is_some();
    view.notice = problem;
    Ok(view)
}
