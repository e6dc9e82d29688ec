//! Records who may call each route. `routes.rs` declares the access of each group of routes; the authentication layer
//! looks it up here.

use std::collections::HashMap;

use axum::Router;
use axum::http::Method;
use axum::routing::MethodRouter;
use utoipa::openapi::{OpenApi, PathItem};
use utoipa_axum::router::OpenApiRouter;

use super::{HttpState, openapi};

/// Who may call a route. Each variant admits fewer callers than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Access {
    /// Every caller, with or without a key.
    Public,
    /// Every authenticated caller. A device may call the route for itself: a `client_id` in the path, the query or the
    /// body must be the device's own.
    Device,
    /// Every authenticated caller except devices.
    Client,
    /// Admins.
    Admin,
}

/// Who may call each method of each route, by the route's template (`/v1/story/slug/{slug}`).
#[derive(Debug, Default)]
pub(super) struct AccessRules(HashMap<String, Vec<(Method, Access)>>);

impl AccessRules {
    /// Returns who may call a route. A `route` of `None` is a path that matches no route.
    ///
    /// A route outside every group requires an admin, so that a new route is safe until its access is declared. A
    /// method that the path does not have requires the strictest access of the path's other methods, and then gets a
    /// 405; if those are all public, it requires an admin, because a public group opens only the methods that it lists.
    pub(super) fn required_access(&self, method: &Method, route: Option<&str>) -> Access {
        let Some(route) = route else { return Access::Client };
        let Some(methods) = self.0.get(route) else { return Access::Admin };
        let listed = methods.iter().find(|(listed, _)| listed == method);
        listed.map_or_else(|| strictest(methods), |(_, access)| *access)
    }

    /// Adds a rule. If a method has several rules, the strictest one applies.
    fn add(&mut self, access: Access, method: Method, route: &str) {
        let methods = self.0.entry(route.to_owned()).or_default();
        match methods.iter_mut().find(|(listed, _)| *listed == method) {
            Some((_, earlier)) => *earlier = access.max(*earlier),
            None => methods.push((method, access)),
        }
    }
}

/// Returns the strictest access of a route's methods other than [`Access::Public`].
fn strictest(methods: &[(Method, Access)]) -> Access {
    let accesses = methods.iter().map(|(_, access)| *access);
    accesses.filter(|access| *access != Access::Public).max().unwrap_or(Access::Admin)
}

/// Collects groups of routes and records who may call each group.
pub(super) struct RouteGroups {
    router: OpenApiRouter<HttpState>,
    rules: AccessRules,
}

/// What [`RouteGroups`] collected.
pub(super) struct RouteParts {
    pub(super) router: Router<HttpState>,
    pub(super) openapi: OpenApi,
    pub(super) rules: AccessRules,
}

impl RouteGroups {
    pub(super) fn new(openapi: OpenApi) -> Self {
        Self { router: OpenApiRouter::with_openapi(openapi), rules: AccessRules::default() }
    }

    /// Adds a group of routes. `access` applies to every operation in the group's OpenAPI document, and to HEAD
    /// wherever the group has GET.
    pub(super) fn add_group(mut self, access: Access, group: OpenApiRouter<HttpState>) -> Self {
        for (route, item) in &group.get_openapi().paths.paths {
            for method in methods(item) {
                self.rules.add(access, method, route);
            }
        }
        Self { router: self.router.merge(group), ..self }
    }

    /// Adds a route that is not in the OpenAPI document. `access` applies to GET and HEAD.
    pub(super) fn add_undocumented(
        self,
        access: Access,
        route: &str,
        endpoint: MethodRouter<HttpState>,
    ) -> Self {
        let mut this = self.restrict_method(access, Method::GET, route).restrict_method(
            access,
            Method::HEAD,
            route,
        );
        this.router = this.router.route(route, endpoint);
        this
    }

    /// Adds a page that takes a form. Everyone may open it and send the form; the page itself decides what it shows to
    /// whom, and refuses forms of other sites.
    pub(super) fn add_form(self, route: &str, endpoint: MethodRouter<HttpState>) -> Self {
        self.restrict_method(Access::Public, Method::POST, route).add_undocumented(
            Access::Public,
            route,
            endpoint,
        )
    }

    /// Restricts one method of a route further than its group does.
    pub(super) fn restrict_method(mut self, access: Access, method: Method, route: &str) -> Self {
        self.rules.add(access, method, route);
        self
    }

    /// Completes the OpenAPI document of the groups added so far; see [`openapi::complete`].
    pub(super) fn complete_document(&mut self) {
        openapi::complete(self.router.get_openapi_mut(), &self.rules);
    }

    /// Returns the OpenAPI document of the groups added so far.
    pub(super) fn openapi(&self) -> &OpenApi {
        self.router.get_openapi()
    }

    pub(super) fn into_parts(self) -> RouteParts {
        let (router, openapi) = self.router.split_for_parts();
        RouteParts { router, openapi, rules: self.rules }
    }
}

/// Returns the methods of a path, including HEAD wherever there is GET, as axum routes them.
fn methods(item: &PathItem) -> impl Iterator<Item = Method> {
    let methods = [
        (Method::GET, item.get.is_some()),
        (Method::HEAD, item.get.is_some() || item.head.is_some()),
        (Method::POST, item.post.is_some()),
        (Method::PUT, item.put.is_some()),
        (Method::PATCH, item.patch.is_some()),
        (Method::DELETE, item.delete.is_some()),
        (Method::OPTIONS, item.options.is_some()),
        (Method::TRACE, item.trace.is_some()),
    ];
    methods.into_iter().filter_map(|(method, exists)| exists.then_some(method))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Write;

    use utoipa::OpenApi as _;
    use utoipa_axum::routes;

    use super::*;
    use crate::http::routes::routes as all_routes;

    const METHODS: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];

    /// The complete list is a snapshot, so that a review shows every change to it.
    #[test]
    fn every_route_states_who_may_call_it() {
        let RouteParts { openapi, rules, .. } = all_routes().into_parts();
        for (route, item) in &openapi.paths.paths {
            for method in methods(item) {
                // The document has no mark for a parameter that takes the rest of a path.
                let with_mark = route.replace('{', "{*");
                let is_listed = rules
                    .0
                    .get(route)
                    .or_else(|| rules.0.get(&with_mark))
                    .is_some_and(|listed| listed.iter().any(|(other, _)| *other == method));
                assert!(is_listed, "{method} {route} is in no group");
            }
        }
        let mut list = String::new();
        let mut routes: Vec<&str> = rules.0.keys().map(String::as_str).collect();
        routes.sort_unstable();
        for route in routes {
            let mut by_access = BTreeMap::<Access, Vec<&str>>::new();
            for method in &METHODS {
                let access = rules.required_access(method, Some(route));
                by_access.entry(access).or_default().push(method.as_str());
            }
            let is_uniform = by_access.len() == 1;
            for (access, methods) in by_access {
                let methods =
                    if is_uniform { "every method".to_owned() } else { methods.join(" ") };
                writeln!(list, "{route}: {access:?}: {methods}")
                    .expect("writing to a String succeeds");
            }
        }
        insta::assert_snapshot!("access", list);
    }

    #[derive(utoipa::OpenApi)]
    struct ApiDoc;

    #[utoipa::path(get, path = "/a/{id}")]
    async fn a() {}

    #[utoipa::path(put, path = "/a/{id}")]
    async fn a_put() {}

    #[utoipa::path(get, path = "/b")]
    async fn b() {}

    #[test]
    fn a_route_outside_every_group_is_for_admins() {
        let groups = RouteGroups::new(ApiDoc::openapi())
            .add_group(Access::Public, OpenApiRouter::new().routes(routes!(a)));
        let ungrouped = groups.router.merge(OpenApiRouter::new().routes(routes!(b)));
        let groups = RouteGroups { router: ungrouped, ..groups };
        let RouteParts { openapi, rules, .. } = groups.into_parts();
        assert!(openapi.paths.paths.contains_key("/b"));
        assert_eq!(rules.required_access(&Method::GET, Some("/b")), Access::Admin);
        assert_eq!(rules.required_access(&Method::GET, Some("/a/{id}")), Access::Public);
        assert_eq!(rules.required_access(&Method::GET, None), Access::Client, "no such path");
    }

    #[test]
    fn a_method_outside_the_group_is_as_strict_as_its_path_and_never_public() {
        let groups = RouteGroups::new(ApiDoc::openapi())
            .add_group(Access::Public, OpenApiRouter::new().routes(routes!(a)));
        let open = groups.rules.required_access(&Method::PUT, Some("/a/{id}"));
        assert_eq!(open, Access::Admin);
        let groups = groups.add_group(Access::Client, OpenApiRouter::new().routes(routes!(a_put)));
        let access = |method| groups.rules.required_access(&method, Some("/a/{id}"));
        assert_eq!([Method::GET, Method::HEAD].map(access), [Access::Public; 2]);
        assert_eq!([Method::PUT, Method::POST].map(access), [Access::Client; 2]);
    }

    #[test]
    fn the_strictest_of_two_rules_counts() {
        for order in [[Access::Public, Access::Admin], [Access::Admin, Access::Public]] {
            let groups = RouteGroups::new(ApiDoc::openapi());
            let groups = order
                .into_iter()
                .fold(groups, |groups, access| groups.restrict_method(access, Method::HEAD, "/b"));
            assert_eq!(groups.rules.required_access(&Method::HEAD, Some("/b")), Access::Admin);
        }
    }
}
