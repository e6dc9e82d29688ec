//! `GET /v2/clients/{client_id}/voice-profiles`: a client's voice profiles.

use axum::Json;
use axum::extract::State;

use crate::app::VoiceProfileView;
use crate::http::page::{List, PageQuery};
use crate::http::path_client::PathClient;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::Asked;
use crate::http::{Door, cursor};

/// A client's voice profiles, by name.
#[utoipa::path(get, path = "/v2/clients/{client_id}/voice-profiles", tag = "voices",
    params(("client_id" = String, Path, description = "The Sparrow."), PageQuery),
    responses((status = 200, body = List<VoiceProfileView>), (status = 422, body = ProblemBody)))]
pub(in crate::http) async fn get(
    State(door): State<Door>,
    PathClient(client_id): PathClient,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<List<VoiceProfileView>>, Problem> {
    let after: Option<String> = cursor::place(query.cursor.as_ref())?;
    let profiles = door.app.clients().voice_profiles(&client_id, after, query.limit.0).await;
    profiles.map(|page| Json(List::of(page))).map_err(|error| Problem::of(error, "query"))
}
