//! The contract for machines at `/openapi.json`, and for people at `/docs`, without anything from elsewhere.

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use super::Door;

pub(super) fn router(contract: OpenApi) -> Router<Door> {
    SwaggerUi::new("/docs").url("/openapi.json", contract).into()
}
