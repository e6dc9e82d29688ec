//! Every route, in groups. [`routes()`] declares next to each group who may call it.

use axum::http::Method;
use axum::routing::{any, get};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::{Access, RouteGroups};
use super::{HttpState, admin, docs, health, media, metrics, pages, site_files, v1, v2};

#[derive(OpenApi)]
#[openapi(info(
    title = "Calliope",
    description = "A story backend for small devices: a photo in, the next frame of a story out."
))]
struct ApiDoc;

/// Returns the OpenAPI 3.1 document of the API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().into_parts().openapi
}

/// Returns every route with its access. The OpenAPI document lists them in this order.
pub(super) fn routes() -> RouteGroups {
    let mut documented = RouteGroups::new(ApiDoc::openapi())
        .add_group(Access::Device, frames())
        .add_group(Access::Device, v1())
        .add_group(Access::Device, stories())
        .add_group(Access::Device, bookmark_lists())
        .add_group(Access::Device, shares())
        .add_group(Access::Device, search())
        // Pairing and login limit attempts themselves.
        .add_group(Access::Public, pairing())
        .add_group(Access::Device, devices())
        .add_group(Access::Device, tasks())
        .add_group(Access::Device, memory())
        .add_group(Access::Device, voices())
        .add_group(Access::Client, media_uploads())
        .add_group(Access::Public, media_files())
        .add_group(Access::Public, health())
        .add_group(Access::Admin, metrics())
        .add_group(Access::Public, login())
        .add_group(Access::Admin, admin())
        .add_group(Access::Admin, configurations())
        // A HEAD request would use up the token, which is returned only once, without showing it.
        .restrict_method(Access::Admin, Method::HEAD, "/v2/pairing");
    documented.complete_document();
    let openapi_json = docs::openapi_json(documented.openapi());
    let documented = site_files::routes().fold(documented, |groups, (path, endpoint)| {
        groups.add_undocumented(Access::Public, path, endpoint)
    });
    // Pages check themselves who may see what.
    let documented = pages::routes().into_iter().fold(documented, |groups, (path, endpoint)| {
        groups.add_undocumented(Access::Public, path, endpoint)
    });
    let documented = pages::forms()
        .into_iter()
        .fold(documented, |groups, (path, endpoint)| groups.add_form(path, endpoint));
    documented
        .add_undocumented(Access::Public, "/openapi.json", openapi_json)
        .add_undocumented(Access::Public, "/docs", get(docs::page))
        .add_undocumented(Access::Public, "/docs/start.js", get(docs::init_script))
        .add_undocumented(Access::Public, "/docs/docs.css", get(docs::style))
        .add_undocumented(Access::Public, "/docs/{file}", get(docs::asset))
        .add_undocumented(Access::Public, "/media/{name}/{*rest}", any(media::serve::not_found))
}

fn frames() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(v1::frames::post, v1::frames::get))
        .routes(routes!(v2::stories::frames::list::get, v2::stories::frames::add::post))
        .routes(routes!(
            v2::stories::frames::read::get,
            v2::stories::frames::change::patch,
            v2::stories::frames::remove::delete
        ))
        .routes(routes!(v2::stories::frames::illustrate::post))
        .routes(routes!(v2::clients::next::get))
}

fn v1() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(v1::story::get))
        .routes(routes!(v1::story_by_slug::get))
        .routes(routes!(v1::reset::put))
        .routes(routes!(v1::stories::get))
        .routes(routes!(v1::strategies::get))
        .routes(routes!(v1::bookmarks::create::post, v1::bookmarks::list::get))
        .routes(routes!(v1::bookmarks::read::get))
        .routes(routes!(v1::bookmarks::remove::delete))
}

fn stories() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(v2::stories::list::get, v2::stories::create::post))
        .routes(routes!(
            v2::stories::read::get,
            v2::stories::change::patch,
            v2::stories::remove::delete
        ))
        .routes(routes!(v2::stories::branch::post))
        .routes(routes!(v2::stories::events::get))
        .routes(routes!(v2::events::get))
}

fn tasks() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(v2::tasks::list::get))
        .routes(routes!(v2::tasks::read::get))
        .routes(routes!(v2::tasks::status::get))
        .routes(routes!(v2::tasks::cancel::post))
        .routes(routes!(v2::tasks::retry::post))
}

fn bookmark_lists() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(v2::bookmark_lists::list::get, v2::bookmark_lists::create::post))
        .routes(routes!(v2::bookmark_lists::list_public::get))
        .routes(routes!(
            v2::bookmark_lists::read::get,
            v2::bookmark_lists::change::patch,
            v2::bookmark_lists::remove::delete
        ))
        .routes(routes!(
            v2::bookmark_lists::put_story::put,
            v2::bookmark_lists::remove_story::delete
        ))
}

fn shares() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(v2::shares::list::get, v2::shares::create::post))
        .routes(routes!(v2::shares::revoke::delete))
}

fn devices() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(v2::clients::config::get))
        .routes(routes!(v2::clients::telemetry::get, v2::clients::telemetry::post))
}

fn pairing() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(v2::pairing::post, v2::pairing::get))
}

fn search() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(v2::search::get))
        .routes(routes!(v2::stories::frames::similar::get))
}

fn memory() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(v2::clients::client::delete))
        .routes(routes!(v2::clients::client::export))
        .routes(routes!(v2::clients::patterns::get, v2::clients::patterns::delete))
        .routes(routes!(v2::clients::patterns::batch))
        .routes(routes!(v2::clients::pattern::delete_type))
        .routes(routes!(
            v2::clients::pattern::get,
            v2::clients::pattern::put,
            v2::clients::pattern::delete
        ))
        .routes(routes!(v2::clients::context::get, v2::clients::context::delete))
        .routes(routes!(
            v2::clients::context_value::get,
            v2::clients::context_value::put,
            v2::clients::context_value::delete
        ))
        .routes(routes!(
            v2::clients::insights::get,
            v2::clients::insights::post,
            v2::clients::insights::delete
        ))
}

fn voices() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(v2::clients::voice_profiles::get))
        .routes(routes!(
            v2::clients::voice_profile::get,
            v2::clients::voice_profile::put,
            v2::clients::voice_profile::delete
        ))
        .routes(routes!(v2::clients::recordings::get, v2::clients::recordings::post))
        .routes(routes!(v2::clients::recording::get, v2::clients::recording::delete))
        .routes(routes!(v2::signed_urls::post))
}

fn login() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(admin::login::post))
}

fn admin() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
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
        .routes(routes!(
            admin::token::get,
            admin::token::put,
            admin::token::patch,
            admin::token::delete
        ))
        .routes(routes!(admin::sparrow_states::list::get))
        .routes(routes!(admin::sparrow_states::read::get))
        .routes(routes!(admin::commands::to_sparrow))
        .routes(routes!(admin::commands::to_flock))
        .routes(routes!(admin::audit::get))
        .routes(routes!(admin::stats::get))
        .routes(routes!(admin::tasks::get))
        .routes(routes!(admin::index::get, admin::index::post))
        .routes(routes!(admin::media::sync))
        .routes(routes!(admin::media::cleanup))
        .routes(routes!(admin::stories::list::get))
        .routes(routes!(
            admin::stories::read::get,
            admin::stories::change::patch,
            admin::stories::remove::delete
        ))
        .routes(routes!(admin::pairing::get))
        .routes(routes!(admin::pairing_code::approve))
        .routes(routes!(admin::pairing_code::delete))
        .routes(routes!(admin::bookmark_lists::list::get, admin::bookmark_lists::create::post))
        .routes(routes!(
            admin::bookmark_lists::read::get,
            admin::bookmark_lists::replace::put,
            admin::bookmark_lists::change::patch,
            admin::bookmark_lists::remove::delete
        ))
}

/// Adds the six operations that every kind of configuration has.
macro_rules! configuration {
    ($router:expr, $($kind:ident),*) => {
        $router$(
            .routes(routes!(admin::resources::$kind::list, admin::resources::$kind::create))
            .routes(routes!(
                admin::resources::$kind::read,
                admin::resources::$kind::replace,
                admin::resources::$kind::change,
                admin::resources::$kind::remove
            ))
        )*
    };
}

fn configurations() -> OpenApiRouter<HttpState> {
    configuration!(
        OpenApiRouter::new(),
        inference_models,
        prompt_templates,
        model_configs,
        strategy_configs,
        sparrow_configs,
        flock_configs,
        client_type_configs
    )
}

fn media_uploads() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(media::put::put))
}

/// These routes need no key. `media::signed` itself checks the signature of its URL.
fn media_files() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(media::get::get)).routes(routes!(media::signed::get))
}

fn health() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(health::livez)).routes(routes!(health::readyz))
}

fn metrics() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(metrics::get))
}
