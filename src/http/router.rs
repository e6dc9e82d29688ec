//! The layers that surround every route.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::{Router, middleware};
use tower::Layer;
use tower::util::{MapRequest, MapRequestLayer};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::access::RouteParts;
use super::{HttpState, address, auth, docs, idempotency, limits, request_id, routes};

/// How long a client may pause while it sends a body.
const BODY_IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The complete service.
type Service = MapRequest<NormalizePath<Router>, fn(Request) -> Request>;

/// Builds the complete service: every route with its layers. Every path works with and without a trailing slash.
pub fn router(state: HttpState) -> Service {
    let RouteParts { router, rules, .. } = routes::routes().into_parts();
    let auth = auth::AuthState { state: state.clone(), rules: Arc::new(rules) };
    let router = router
        .layer(middleware::from_fn_with_state(state.clone(), idempotency::layer::layer))
        .layer(middleware::from_fn_with_state(state.clone(), limits::limit_by_token))
        .layer(middleware::from_fn_with_state(auth, auth::layer))
        .layer(RequestBodyTimeoutLayer::new(BODY_IDLE_TIMEOUT))
        .layer(middleware::from_fn_with_state(state.clone(), limits::limit_by_address))
        .layer(cors(&state))
        .layer(middleware::from_fn(request_id::layer))
        .layer(middleware::from_fn_with_state(state.clone(), address::layer))
        .with_state(state);
    let router = NormalizePathLayer::trim_trailing_slash().layer(router);
    MapRequestLayer::new(docs::note_trailing_slash as fn(Request) -> Request).layer(router)
}

/// Allows pages of the configured origins to call the API with a key in a header. Without configured origins, no page
/// may call it. Any request header is allowed, because libraries add their own, such as `Cache-Control` and
/// `X-Requested-With`, and the origin decides.
fn cors(state: &HttpState) -> CorsLayer {
    let origins = state.access_policy.allowed_origins.iter();
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
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(
            [
                "accept-ranges",
                "content-range",
                "etag",
                "idempotent-replayed",
                "location",
                "next-wake-at",
                "retry-after",
                "x-command",
                "x-request-id",
            ]
            .map(HeaderName::from_static),
        )
}
