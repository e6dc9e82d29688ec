//! `POST /`: the browser Sparrow asks for its next frame, by a form or by a module of the page.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::{self, PageResult};
use super::home;
use super::visitor::Visitor;
use crate::app::{AcceptedOrder, FrameOrder, FrameWait, StorySelector};
use crate::domain::{ClientId, TraceParent};
use crate::http::form::{self, Field};
use crate::http::problem::Problem;
use crate::http::v1::fields;
use crate::http::{HttpState, body};
use crate::store::IdempotencyKey;

/// How long the answer to a form waits for the frame. A frame that takes longer has a page that refreshes itself.
const FORM_WAIT: Duration = Duration::from_millis(2500);

/// The longest idempotency key of a form, in bytes.
const MAX_KEY: usize = 100;

/// The fields of the form, by the names that they have in `POST /v1/frames`.
const NAMES: [(&str, &str); 4] = [
    ("photo", "input_image"),
    ("sound", "input_audio"),
    ("words", "input_text"),
    ("storyteller", "strategy"),
];

/// Orders a frame. A form is answered by the page; a module of the page by the task, as JSON.
pub(super) async fn post(
    State(state): State<HttpState>,
    mut visitor: Visitor,
    request: Request,
) -> PageResult {
    let (parts, content) = request.into_parts();
    let client_id = visitor.require_browser(&state, &parts.headers).await?;
    let (ordered, wait) = send(&state, &visitor, parts, content, &client_id, Choices::All).await?;
    let mut response = if visitor.accepts_html {
        answer_form(&state, &visitor, ordered, wait).await?
    } else {
        answer_module(&home::events_address(&visitor, &client_id), ordered)
    };
    visitor.set_cookies(&mut response);
    Ok(response)
}

/// What the sender of a form may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choices {
    /// Everything that the form has.
    All,
    /// What goes into the frame, but neither the storyteller nor a new story.
    Input,
}

/// Reads the form and orders the frame for a client.
pub(super) async fn send(
    state: &HttpState,
    visitor: &Visitor,
    parts: Parts,
    content: Body,
    client_id: &ClientId,
    choices: Choices,
) -> Result<(Result<AcceptedOrder, Problem>, FrameWait), Response> {
    let address = Some(visitor.ip);
    let trace = parts.extensions.get::<TraceParent>().copied();
    let (content, reservation) =
        state.body_budget.read(&parts, content).await.map_err(IntoResponse::into_response)?;
    let ordering = {
        let (state, headers) = (state.clone(), parts.headers);
        let (client_id, request_id) = (client_id.clone(), visitor.request_id.clone());
        async move {
            let mut form = read_form(&state, &headers, content).await?;
            if choices == Choices::Input {
                form.retain(|field| field.name != "storyteller" && field.name != "new");
            }
            let order = parse_order(&client_id, form, request_id)?;
            let order = FrameOrder { ip_address: address, trace, ..order };
            let ordered = state.app.frames().order(order).await;
            drop(reservation);
            ordered.map_err(|error| Problem::from_error(error, "body"))
        }
    };
    let wait = state.app.frames().start_waiting();
    Ok((body::run_to_completion(ordering).await, wait))
}

/// Waits until an ordered frame is told, or for a moment. A failure is on the page too, so the outcome does not matter.
pub(super) async fn wait_a_moment(state: &HttpState, ordered: AcceptedOrder, wait: FrameWait) {
    let told = state.app.frames().wait_for(ordered, wait);
    let _ = tokio::time::timeout(FORM_WAIT, told).await;
}

/// Reads the form. Fields that were left empty are omitted.
pub(super) async fn read_form(
    state: &HttpState,
    headers: &HeaderMap,
    content: Bytes,
) -> Result<Vec<Field>, Problem> {
    let fields = if form::is_form(headers) {
        form::read_fields(state, headers, content).await?
    } else {
        let pairs = form_urlencoded::parse(&content);
        let field = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| Field {
            name: name.into_owned(),
            file_name: None,
            content_type: None,
            bytes: Bytes::from(value.into_owned()),
        };
        pairs.map(field).collect()
    };
    Ok(fields.into_iter().filter(|field| !field.bytes.is_empty()).collect())
}

pub(super) fn parse_order(
    client_id: &ClientId,
    form: Vec<Field>,
    request_id: String,
) -> Result<FrameOrder, Problem> {
    let key = idempotency_key(client_id, &form);
    let is_new = form.iter().any(|field| field.name == "new");
    let known = form.into_iter().filter_map(|mut field| {
        let (_, name) = NAMES.iter().find(|(own, _)| *own == field.name)?;
        (*name).clone_into(&mut field.name);
        Some(field)
    });
    let mut raw = fields::from_form(known.collect())?;
    raw.fields.insert("client_id".to_owned(), Value::from(client_id.as_str()));
    raw.fields.insert("client_type".to_owned(), Value::from("browser"));
    let order = fields::parse_order(raw, request_id, "body")?;
    let story = if is_new { StorySelector::New { title: None } } else { order.story };
    Ok(FrameOrder { story, idempotency_key: key, ..order })
}

/// Returns the key that makes a form that is sent twice one order. It contains a fingerprint of what was sent: a person
/// who goes back and writes other words wants another frame.
fn idempotency_key(client_id: &ClientId, form: &[Field]) -> Option<IdempotencyKey> {
    let given = form.iter().find(|field| field.name == "key")?;
    let given = std::str::from_utf8(&given.bytes).ok()?;
    if given.len() > MAX_KEY || !given.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let mut hash = Sha256::new();
    for field in form {
        for part in [field.name.as_bytes(), &field.bytes[..]] {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
    }
    let fingerprint: [u8; 32] = hash.finalize().into();
    let start = fingerprint.first_chunk::<8>().copied().unwrap_or_default();
    let short = u64::from_be_bytes(start);
    let scope = format!("POST / {client_id}");
    Some(IdempotencyKey { scope, key: format!("{given}-{short:016x}"), fingerprint })
}

/// Answers a form: with the page that shows the frame, or with the form and what was wrong.
async fn answer_form(
    state: &HttpState,
    visitor: &Visitor,
    ordered: Result<AcceptedOrder, Problem>,
    wait: FrameWait,
) -> PageResult {
    let problem = match ordered {
        Ok(ordered) => {
            wait_a_moment(state, ordered, wait).await;
            return Ok(answer::see_other("/"));
        }
        Err(problem) if problem.status().is_server_error() => return Err(problem.into_response()),
        Err(problem) => problem,
    };
    let mut view = home::view(state, visitor).await.map_err(answer::refuse)?;
    view.problem = Some(problem.detail().to_owned());
    Ok(answer::page_with_status(state, &view, problem.status()).await)
}

/// Answers a module of the page: with the task, and where to follow it.
pub(super) fn answer_module(events: &str, ordered: Result<AcceptedOrder, Problem>) -> Response {
    match ordered {
        Ok(ordered) => {
            let body = Json(json!({"task_id": ordered.task_id, "events": events}));
            (StatusCode::ACCEPTED, body).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}
