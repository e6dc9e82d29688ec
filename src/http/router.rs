//! Every route, in one list, and the layers around them.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method};
use axum::routing::any;
use axum::{Router, middleware};
use tower::Layer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Door, address, admin, auth, docs, health, limits, media, metrics, request_id, v1, v2};

/// How long a body may pause while it comes in.
const BODY_PAUSE: Duration = Duration::from_secs(30);

#[derive(OpenApi)]
#[openapi(info(
    title = "Calliope",
    description = "A story backend for small devices: a photo in, the next frame of a story out."
))]
struct Contract;

fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::with_openapi(Contract::openapi())
        .routes(routes!(v1::frames::post, v1::frames::get))
        .routes(routes!(v1::story::get))
        .routes(routes!(v1::story_by_slug::get))
        .routes(routes!(v1::reset::put))
        .routes(routes!(v1::stories::get))
        .routes(routes!(v1::strategies::get))
        .routes(routes!(v1::bookmarks::keep::post, v1::bookmarks::list::get))
        .routes(routes!(v1::bookmarks::read::get))
        .routes(routes!(v1::bookmarks::remove::delete))
        .routes(routes!(v2::bookmark_lists::own::get, v2::bookmark_lists::create::post))
        .routes(routes!(v2::bookmark_lists::public::get))
        .routes(routes!(
            v2::bookmark_lists::read::get,
            v2::bookmark_lists::change::patch,
            v2::bookmark_lists::remove::delete
        ))
        .routes(routes!(
            v2::bookmark_lists::keep_story::put,
            v2::bookmark_lists::drop_story::delete
        ))
        .routes(routes!(admin::bookmark_lists::list::get, admin::bookmark_lists::create::post))
        .routes(routes!(
            admin::bookmark_lists::read::get,
            admin::bookmark_lists::replace::put,
            admin::bookmark_lists::change::patch,
            admin::bookmark_lists::remove::delete
        ))
        .routes(routes!(v2::clients::config::get))
        .routes(routes!(v2::pairing::post, v2::pairing::get))
        .routes(routes!(admin::login::post))
        .routes(routes!(admin::logout::post))
        .routes(routes!(admin::session::get))
        .routes(routes!(admin::users::get, admin::users::post))
        .routes(routes!(
            admin::user::get,
            admin::user::put,
            admin::user::patch,
            admin::user::delete
        ))
        .routes(routes!(admin::tokens::get, admin::tokens::post))
        .routes(routes!(admin::token::get, admin::token::patch, admin::token::delete))
        .routes(routes!(admin::pairing::get))
        .routes(routes!(admin::pairing_code::approve))
        .routes(routes!(admin::pairing_code::delete))
        .routes(routes!(media::get::get, media::put::put))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::get))
}

/// The contract, as OpenAPI 3.1.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().split_for_parts().1
}

/// The whole service. Every path answers with and without its trailing slash.
pub fn router(door: Door) -> NormalizePath<Router> {
    let (router, contract) = routes().split_for_parts();
    let router = router
        .merge(docs::router(&contract))
        .route("/media/{name}/{*rest}", any(media::get::nothing))
        .layer(middleware::from_fn_with_state(door.clone(), limits::by_token))
        .layer(middleware::from_fn_with_state(door.clone(), auth::layer))
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
        .layer(middleware::from_fn_with_state(door.clone(), limits::by_address))
        .layer(cors(&door))
        .layer(middleware::from_fn(request_id::layer))
        .layer(middleware::from_fn_with_state(door.clone(), address::layer))
        .with_state(door);
    NormalizePathLayer::trim_trailing_slash().layer(router)
}

/// Pages of the allowed origins may call with a key in a header; without any, no page may.
fn cors(door: &Door) -> CorsLayer {
    let origins = door.entry.allowed_origins.iter();
    let origins = origins.filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers(
            [
                "authorization",
                "content-type",
                "idempotency-key",
                "if-none-match",
                "last-event-id",
                "traceparent",
                "x-api-key",
                "x-request-id",
            ]
            .map(HeaderName::from_static),
        )
        .expose_headers(
            [
                "etag",
                "idempotent-replayed",
                "location",
                "next-wake-at",
                "retry-after",
                "x-request-id",
            ]
            .map(HeaderName::from_static),
        )
}
