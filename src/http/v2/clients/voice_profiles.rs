//! `GET /v2/clients/{client_id}/voice-profiles`: a client's voice profiles.

use axum::Json;
use axum::extract::State;

use crate::app::VoiceProfileView;
use crate::http::page::{List, PageQuery};
use crate::http::path_client::PathClientId;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// List a client's voice profiles
///
/// Lists the profiles by name. Each sample has a URL that downloads it without a key for an hour.
#[utoipa::path(get, path = "/v2/clients/{client_id}/voice-profiles", tag = "voices",
    params(
        ("client_id" = String, Path, description = "The client: 1-255 printable characters.", example = "kitchen"),
        PageQuery,
    ),
    responses(
        (status = 200, description = "One page of the voice profiles.", body = List<VoiceProfileView>),
        (status = 422, description = "A parameter is missing or invalid; `errors` names each.", body = ProblemBody),
    ))]
pub(in crate::http) async fn get(
    State(state): State<HttpState>,
    PathClientId(client_id): PathClientId,
    ValidQuery(query): ValidQuery<PageQuery>,
) -> Result<Json<List<VoiceProfileView>>, Problem> {
    let after: Option<String> = cursor::parse(query.cursor.as_ref())?;
    let profiles = state.app.clients().voice_profiles(&client_id, after, query.limit.0).await;
    profiles
        .map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}
