//! `POST /v2/bookmark-lists`: a new list.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{AppendHeaders, IntoResponse};

use super::{Acting, ClientQuery};
use crate::app::{BookmarkList, ListOrder};
use crate::http::Door;
use crate::http::json::Sent;
use crate::http::problem::{Problem, ProblemBody};

/// Make a list.
#[utoipa::path(post, path = "/v2/bookmark-lists", tag = "bookmark lists", params(ClientQuery),
    request_body = ListOrder,
    responses(
        (status = 201, description = "Made; `Location` says where it is.", body = BookmarkList),
        (status = 409, description = "The client has one of this name, or too many.", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(in crate::http) async fn post(
    State(door): State<Door>,
    acting: Acting,
    Sent(order): Sent<ListOrder>,
) -> Result<impl IntoResponse, Problem> {
    let made = door.app.stories().create_list(acting.actor(), &acting.client_id, order).await;
    let made = made.map_err(|error| Problem::of(error, "body"))?;
    let location = format!("/v2/bookmark-lists/{}", made.id);
    Ok((StatusCode::CREATED, AppendHeaders([(LOCATION, location)]), Json(made)))
}
