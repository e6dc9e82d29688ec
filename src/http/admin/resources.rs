//! What admins configure, each kind at `/admin/api/{kind}`: listed, read, made, replaced, patched and removed alike.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{AppendHeaders, IntoResponse};
use serde_json::Value;

use super::acting_admin::ActingAdmin;
use crate::app::{Resource, ResourceView};
use crate::http::json::ValidJson;
use crate::http::page::{List, SearchPageQuery};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::query::ValidQuery;
use crate::http::{HttpState, cursor};

/// The largest body, in bytes: a prompt of 64 KiB, every character escaped.
const MAX_BODY: usize = 512 << 10;

type ResourceResult<T> = Result<Json<ResourceView<T>>, Problem>;

async fn list<T: Resource>(
    state: &HttpState,
    query: SearchPageQuery,
) -> Result<Json<List<ResourceView<T>>>, Problem> {
    let after: Option<String> = cursor::parse(query.cursor.as_ref())?;
    let page = state.app.config().resources(&query.q.0, after.as_deref(), query.limit.0).await;
    page.map(|page| Json(List::from_page(page)))
        .map_err(|error| Problem::from_error(error, "query"))
}

async fn create<T: Resource>(
    state: &HttpState,
    ActingAdmin(act): ActingAdmin,
    item: T,
) -> Result<impl IntoResponse + use<T>, Problem> {
    let made = state.app.config().create_resource(item, &act).await;
    let made = made.map_err(|error| Problem::from_error(error, "body"))?;
    let name: String = form_urlencoded::byte_serialize(made.item.id().as_bytes()).collect();
    let location = format!("/admin/api/{}/{}", T::NAME, name.replace('+', "%20"));
    Ok((StatusCode::CREATED, AppendHeaders([(LOCATION, location)]), Json(made)))
}

macro_rules! resource_routes {
    ($module:ident, $type:ident, $path:literal, $one:literal, $what:literal) => {
        #[doc = concat!("`", $path, "`.")]
        pub(in crate::http) mod $module {
            use super::*;
            use crate::domain::$type;

            #[doc = concat!("List ", $what, " by name.")]
            #[utoipa::path(get, path = $path, tag = "admin", params(SearchPageQuery),
                responses((status = 200, body = List<ResourceView<$type>>), (status = 422, body = ProblemBody)))]
            pub(in crate::http) async fn list(
                State(door): State<HttpState>,
                ValidQuery(query): ValidQuery<SearchPageQuery>,
            ) -> Result<Json<List<ResourceView<$type>>>, Problem> {
                super::list(&door, query).await
            }

            #[doc = concat!("Make one of the ", $what, ".")]
            #[utoipa::path(post, path = $path, tag = "admin", request_body = $type, responses(
                (status = 201, description = "Made; `Location` says where it is.", body = ResourceView<$type>),
                (status = 409, description = "The name is taken, or flocks would go round in a loop.", body = ProblemBody),
                (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
            ))]
            pub(in crate::http) async fn create(
                State(door): State<HttpState>,
                by: ActingAdmin,
                ValidJson(item): ValidJson<$type, MAX_BODY>,
            ) -> Result<impl IntoResponse, Problem> {
                super::create(&door, by, item).await
            }

            #[doc = concat!("Read one of the ", $what, ".")]
            #[utoipa::path(get, path = $one, tag = "admin", params(("id" = String, Path)),
                responses((status = 200, body = ResourceView<$type>), (status = 404, body = ProblemBody)))]
            pub(in crate::http) async fn read(
                State(door): State<HttpState>,
                Path(id): Path<String>,
            ) -> ResourceResult<$type> {
                let found = door.app.config().resource(&id).await;
                found.map(Json).map_err(|error| Problem::from_error(error, "path"))
            }

            #[doc = concat!("Replace one of the ", $what, "; what is absent takes its default.")]
            #[utoipa::path(put, path = $one, tag = "admin", params(("id" = String, Path)), request_body = $type,
                responses(
                    (status = 200, body = ResourceView<$type>), (status = 404, body = ProblemBody),
                    (status = 409, description = "Flocks would go round in a loop.", body = ProblemBody),
                    (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
                ))]
            pub(in crate::http) async fn replace(
                State(door): State<HttpState>,
                Path(id): Path<String>,
                ActingAdmin(act): ActingAdmin,
                ValidJson(item): ValidJson<$type, MAX_BODY>,
            ) -> ResourceResult<$type> {
                let written = door.app.config().replace_resource(&id, item, &act).await;
                written.map(Json).map_err(|error| Problem::from_error(error, "body"))
            }

            #[doc = concat!("Change one of the ", $what, " by a merge patch (RFC 7396): null removes, what is absent stays.")]
            #[utoipa::path(patch, path = $one, tag = "admin", params(("id" = String, Path)), request_body = Object,
                responses(
                    (status = 200, body = ResourceView<$type>), (status = 404, body = ProblemBody),
                    (status = 409, description = "Flocks would go round in a loop.", body = ProblemBody),
                    (status = 422, description = "Something cannot be used; `errors` says what.", body = ProblemBody),
                ))]
            pub(in crate::http) async fn change(
                State(door): State<HttpState>,
                Path(id): Path<String>,
                ActingAdmin(act): ActingAdmin,
                ValidJson(patch): ValidJson<Value, MAX_BODY>,
            ) -> ResourceResult<$type> {
                let written = door.app.config().patch_resource(&id, patch, &act).await;
                written.map(Json).map_err(|error| Problem::from_error(error, "body"))
            }

            #[doc = concat!("Remove one of the ", $what, ".")]
            #[utoipa::path(delete, path = $one, tag = "admin", params(("id" = String, Path)), responses(
                (status = 204, description = "Gone."), (status = 404, body = ProblemBody),
                (status = 409, description = "In use; the problem says by what.", body = ProblemBody),
            ))]
            pub(in crate::http) async fn remove(
                State(door): State<HttpState>,
                Path(id): Path<String>,
                ActingAdmin(act): ActingAdmin,
            ) -> Result<StatusCode, Problem> {
                let removed = door.app.config().remove_resource::<$type>(&id, &act).await;
                removed.map(|()| StatusCode::NO_CONTENT).map_err(|error| Problem::from_error(error, "path"))
            }
        }
    };
}

resource_routes!(
    inference_models,
    InferenceModel,
    "/admin/api/inference-models",
    "/admin/api/inference-models/{id}",
    "inference models"
);
resource_routes!(
    prompt_templates,
    PromptTemplate,
    "/admin/api/prompt-templates",
    "/admin/api/prompt-templates/{id}",
    "prompt templates"
);
resource_routes!(
    model_configs,
    ModelConfig,
    "/admin/api/model-configs",
    "/admin/api/model-configs/{id}",
    "model configs"
);
resource_routes!(
    strategy_configs,
    StrategyConfig,
    "/admin/api/strategy-configs",
    "/admin/api/strategy-configs/{id}",
    "strategy configs"
);
resource_routes!(
    sparrow_configs,
    SparrowConfig,
    "/admin/api/sparrow-configs",
    "/admin/api/sparrow-configs/{id}",
    "Sparrow configs"
);
resource_routes!(
    flock_configs,
    FlockConfig,
    "/admin/api/flock-configs",
    "/admin/api/flock-configs/{id}",
    "flock configs"
);
resource_routes!(
    client_type_configs,
    ClientTypeConfig,
    "/admin/api/client-type-configs",
    "/admin/api/client-type-configs/{id}",
    "client type configs"
);
