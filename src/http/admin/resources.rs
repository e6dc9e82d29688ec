//! The configuration resources, each kind at `/admin/api/{kind}` with the same six operations: list, create, get,
//! replace, update and delete.

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

/// The largest body, in bytes: room for the longest prompt with every character escaped, in up to twelve bytes.
const MAX_BODY: usize = 1 << 20;

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
    ActingAdmin(audit): ActingAdmin,
    item: T,
) -> Result<impl IntoResponse + use<T>, Problem> {
    let created = state.app.config().create_resource(item, &audit).await;
    let created = created.map_err(|error| Problem::from_error(error, "body"))?;
    let name: String = form_urlencoded::byte_serialize(created.item.id().as_bytes()).collect();
    let location = format!("/admin/api/{}/{}", T::NAME, name.replace('+', "%20"));
    Ok((StatusCode::CREATED, AppendHeaders([(LOCATION, location)]), Json(created)))
}

/// Defines the module with the six operations of a kind of resource. `$collection` and `$item` are the paths; `$plural`
/// and `$singular` (with its article) name the kind in the summaries.
macro_rules! resource_routes {
    ($module:ident, $type:ident, $collection:literal, $item:literal, $plural:literal, $singular:literal) => {
        #[doc = concat!("`", $collection, "`: ", $plural, ".")]
        pub(in crate::http) mod $module {
            use super::*;
            use crate::domain::$type;

            #[utoipa::path(get, path = $collection, tag = "admin", params(SearchPageQuery),
                summary = concat!("List ", $plural),
                description = "The list is sorted by id. `q` searches ids and descriptions.",
                responses((status = 200, body = List<ResourceView<$type>>), (status = 422, body = ProblemBody)))]
            pub(in crate::http) async fn list(
                State(state): State<HttpState>,
                ValidQuery(query): ValidQuery<SearchPageQuery>,
            ) -> Result<Json<List<ResourceView<$type>>>, Problem> {
                super::list(&state, query).await
            }

            #[utoipa::path(post, path = $collection, tag = "admin", request_body = $type,
                summary = concat!("Create ", $singular),
                responses(
                    (status = 201, description = "Created; `Location` is its path.", body = ResourceView<$type>),
                    (status = 409, description = "The id is taken, or flocks would form a cycle.", body = ProblemBody),
                    (status = 422, description = "A field is invalid; see `errors`.", body = ProblemBody),
                ))]
            pub(in crate::http) async fn create(
                State(state): State<HttpState>,
                admin: ActingAdmin,
                ValidJson(item): ValidJson<$type, MAX_BODY>,
            ) -> Result<impl IntoResponse, Problem> {
                super::create(&state, admin, item).await
            }

            #[utoipa::path(get, path = $item, tag = "admin",
                params(("id" = String, Path,
                    description = "Id of the resource: its `slug`, `client_id`, `flock_id` or `client_type`.")),
                summary = concat!("Get ", $singular),
                responses((status = 200, body = ResourceView<$type>), (status = 404, body = ProblemBody)))]
            pub(in crate::http) async fn read(
                State(state): State<HttpState>,
                Path(id): Path<String>,
            ) -> ResourceResult<$type> {
                let resource = state.app.config().resource(&id).await;
                resource.map(Json).map_err(|error| Problem::from_error(error, "path"))
            }

            #[utoipa::path(put, path = $item, tag = "admin", request_body = $type,
                params(("id" = String, Path,
                    description = "Id of the resource: its `slug`, `client_id`, `flock_id` or `client_type`.")),
                summary = concat!("Replace ", $singular),
                description = "Omitted fields get their defaults.",
                responses(
                    (status = 200, body = ResourceView<$type>), (status = 404, body = ProblemBody),
                    (status = 409, description = "Flocks would form a cycle.", body = ProblemBody),
                    (status = 422, description = "A field is invalid; see `errors`.", body = ProblemBody),
                ))]
            pub(in crate::http) async fn replace(
                State(state): State<HttpState>,
                Path(id): Path<String>,
                ActingAdmin(audit): ActingAdmin,
                ValidJson(item): ValidJson<$type, MAX_BODY>,
            ) -> ResourceResult<$type> {
                let written = state.app.config().replace_resource(&id, item, &audit).await;
                written.map(Json).map_err(|error| Problem::from_error(error, "body"))
            }

            #[utoipa::path(patch, path = $item, tag = "admin", request_body = Object,
                params(("id" = String, Path,
                    description = "Id of the resource: its `slug`, `client_id`, `flock_id` or `client_type`.")),
                summary = concat!("Update ", $singular),
                description = "The body is a merge patch (RFC 7396): null removes a field; omitted fields stay.",
                responses(
                    (status = 200, body = ResourceView<$type>), (status = 404, body = ProblemBody),
                    (status = 409, description = "Flocks would form a cycle.", body = ProblemBody),
                    (status = 422, description = "A field is invalid; see `errors`.", body = ProblemBody),
                ))]
            pub(in crate::http) async fn change(
                State(state): State<HttpState>,
                Path(id): Path<String>,
                ActingAdmin(audit): ActingAdmin,
                ValidJson(patch): ValidJson<Value, MAX_BODY>,
            ) -> ResourceResult<$type> {
                let written = state.app.config().patch_resource(&id, patch, &audit).await;
                written.map(Json).map_err(|error| Problem::from_error(error, "body"))
            }

            #[utoipa::path(delete, path = $item, tag = "admin",
                params(("id" = String, Path,
                    description = "Id of the resource: its `slug`, `client_id`, `flock_id` or `client_type`.")),
                summary = concat!("Delete ", $singular),
                responses(
                    (status = 204, description = "Deleted."), (status = 404, body = ProblemBody),
                    (status = 409, description = "In use; `detail` says by what.", body = ProblemBody),
                ))]
            pub(in crate::http) async fn remove(
                State(state): State<HttpState>,
                Path(id): Path<String>,
                ActingAdmin(audit): ActingAdmin,
            ) -> Result<StatusCode, Problem> {
                let removed = state.app.config().delete_resource::<$type>(&id, &audit).await;
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
    "inference models",
    "an inference model"
);
resource_routes!(
    prompt_templates,
    PromptTemplate,
    "/admin/api/prompt-templates",
    "/admin/api/prompt-templates/{id}",
    "prompt templates",
    "a prompt template"
);
resource_routes!(
    model_configs,
    ModelConfig,
    "/admin/api/model-configs",
    "/admin/api/model-configs/{id}",
    "model configurations",
    "a model configuration"
);
resource_routes!(
    strategy_configs,
    StrategyConfig,
    "/admin/api/strategy-configs",
    "/admin/api/strategy-configs/{id}",
    "strategy configurations",
    "a strategy configuration"
);
resource_routes!(
    sparrow_configs,
    SparrowConfig,
    "/admin/api/sparrow-configs",
    "/admin/api/sparrow-configs/{id}",
    "Sparrow configurations",
    "a Sparrow configuration"
);
resource_routes!(
    flock_configs,
    FlockConfig,
    "/admin/api/flock-configs",
    "/admin/api/flock-configs/{id}",
    "flock configurations",
    "a flock configuration"
);
resource_routes!(
    client_type_configs,
    ClientTypeConfig,
    "/admin/api/client-type-configs",
    "/admin/api/client-type-configs/{id}",
    "client type configurations",
    "a client type configuration"
);
