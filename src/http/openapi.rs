//! Completes the OpenAPI document: what belongs to all operations together and to none of their handlers.

mod responses;
mod schemas;

use axum::http::Method;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, OpenApi, PathItem, SecurityRequirement, Server};

use super::access::{Access, AccessRules};

/// Every tag, in the order in which a newcomer meets the tasks, with what its operations are for.
const TAGS: [(&str, &str); 13] = [
    ("frames", "Post what a Sparrow sees and hears, and get the next frame of its story."),
    ("stories", "List, read, change and follow stories."),
    ("v1", "Version 1, as existing devices call it. It stays as it is."),
    ("bookmark lists", "Collect stories in lists, and share lists by link."),
    ("shares", "Show a story, a list or a wall by link, and open a camera for visitors."),
    ("search", "Find frames by their words and by their meaning."),
    (
        "devices",
        "Pair a device, read its configuration, wait for its next frame, and report its telemetry.",
    ),
    ("tasks", "Follow, cancel and retry the work behind a request."),
    ("memory", "Read and change what is remembered about a client, export it, or erase it."),
    ("voices", "Keep voice profiles and recordings of a client."),
    ("media", "Upload files, read them, and presign URLs for them."),
    ("operations", "Check the health of the service and read its metrics."),
    (
        "admin",
        "Configure the installation: strategies, flocks, Sparrows, models, users and tokens.",
    ),
];

/// Sets the tags, the ways to authenticate, and an id for each operation.
pub(super) fn complete(document: &mut OpenApi, rules: &AccessRules) {
    let tags = TAGS.iter().map(|(name, description)| {
        TagBuilder::new().name(*name).description(Some(*description)).build()
    });
    document.tags = Some(tags.collect());
    let components = document.components.get_or_insert_with(Components::new);
    for (name, scheme) in security_schemes() {
        components.add_security_scheme(name, scheme);
    }
    responses::add_components(components);
    schemas::complete_components(components);
    let any_of = ["api_key", "bearer", "query", "cookie"];
    let key_needed =
        any_of.map(|name| SecurityRequirement::new::<_, [String; 0], String>(name, []));
    document.security = Some(key_needed.to_vec());
    // Relative to the document, so that the calls of `/docs` also work below a path of a proxy.
    document.servers = Some(vec![Server::new("./")]);
    let paths = std::mem::take(&mut document.paths.paths);
    for (route, mut item) in paths {
        for (method, operation) in operations(&mut item) {
            let access = rules.required_access(&method, Some(&route));
            operation.operation_id = Some(operation_id(&method, &route));
            if access == Access::Public {
                operation.security = Some(Vec::new());
            }
            let takes_key = method == Method::POST && access != Access::Public;
            schemas::complete_parameters(operation, takes_key);
            responses::complete(&method, &route, access, operation);
        }
        // The router marks a parameter that takes the rest of a path; OpenAPI has no such mark.
        document.paths.paths.insert(route.replace("{*", "{"), item);
    }
}

fn security_schemes() -> [(&'static str, SecurityScheme); 4] {
    let key = |name: &str, description: &str| ApiKeyValue::with_description(name, description);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The installation's API key, or a token."))
        .build();
    [
        (
            "api_key",
            SecurityScheme::ApiKey(ApiKey::Header(key(
                "X-Api-Key",
                "The installation's API key, or a token.",
            ))),
        ),
        ("bearer", SecurityScheme::Http(bearer)),
        (
            "query",
            SecurityScheme::ApiKey(ApiKey::Query(key(
                "api_key",
                "The same, for clients that cannot set headers.",
            ))),
        ),
        ("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(key("api_key", "The same, for pages.")))),
    ]
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
        (Method::HEAD, &mut item.head),
        (Method::OPTIONS, &mut item.options),
        (Method::TRACE, &mut item.trace),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Makes an id that no other operation has: `get_v2_stories_story_id` for `GET /v2/stories/{story_id}`.
fn operation_id(method: &Method, route: &str) -> String {
    let words = route.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let method = method.as_str().to_ascii_lowercase();
    std::iter::once(&*method).chain(words).collect::<Vec<&str>>().join("_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::openapi::RefOr;

    use super::*;

    fn document() -> OpenApi {
        crate::http::openapi()
    }

    #[test]
    fn every_operation_has_an_id_of_its_own_a_summary_and_a_known_tag() {
        let mut ids = BTreeSet::new();
        let mut document = document();
        for (route, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                let id = operation.operation_id.clone().expect("an id");
                assert!(ids.insert(id), "{method} {route}");
                let summary = operation.summary.clone().unwrap_or_default();
                let words = summary.split_whitespace().count();
                assert!((2..=12).contains(&words), "{method} {route}: {summary:?}");
                assert!(!summary.ends_with('.'), "{method} {route}: {summary:?}");
                let tags = operation.tags.clone().unwrap_or_default();
                let is_known = |tag: &String| TAGS.iter().any(|(name, _)| name == tag);
                assert!(tags.len() == 1 && tags.iter().all(is_known), "{method} {route}: {tags:?}");
            }
        }
        assert!(ids.len() > 100, "{}", ids.len());
    }

    #[test]
    fn every_parameter_is_described_and_is_in_its_path() {
        let mut document = document();
        for (route, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                for parameter in operation.parameters.iter().flatten() {
                    let RefOr::T(parameter) = parameter else { panic!("{route}: a reference") };
                    let name = &parameter.name;
                    let description = parameter.description.as_deref().unwrap_or_default();
                    assert!(description.len() > 3, "{method} {route}: {name} is not described");
                    if parameter.parameter_in == utoipa::openapi::path::ParameterIn::Path {
                        assert!(route.contains(&format!("{{{name}}}")), "{method} {route}: {name}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_part_of_a_path_is_a_declared_parameter() {
        let mut document = document();
        for (route, item) in &mut document.paths.paths {
            let in_route: BTreeSet<&str> = route
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .collect();
            assert!(!route.contains("{*"), "{route}: OpenAPI knows no such mark");
            for (method, operation) in operations(item) {
                let declared = operation.parameters.iter().flatten().filter_map(|parameter| {
                    let RefOr::T(parameter) = parameter else { return None };
                    let is_in_path =
                        parameter.parameter_in == utoipa::openapi::path::ParameterIn::Path;
                    is_in_path.then_some(parameter.name.as_str())
                });
                assert_eq!(declared.collect::<BTreeSet<&str>>(), in_route, "{method} {route}");
            }
        }
    }

    #[test]
    fn every_refusal_is_declared_as_a_problem() {
        let mut document = document();
        let shared = document.components.clone().expect("components").responses;
        for (route, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                let responses = &operation.responses.responses;
                let is_public = operation.security.as_ref().is_some_and(Vec::is_empty);
                let mut expected = vec!["500"];
                if !is_public {
                    expected.push(if route.starts_with("/v1/") { "403" } else { "401" });
                }
                if operation.request_body.is_some() {
                    expected.extend(["400", "413", "415", "422"]);
                }
                if !matches!(route.as_str(), "/livez" | "/readyz") {
                    expected.extend(["429", "503"]);
                }
                for status in expected {
                    assert!(responses.contains_key(status), "{method} {route}: {status}");
                }
                for (status, response) in
                    responses.iter().filter(|(status, _)| status.as_str() >= "400")
                {
                    let response = match response {
                        RefOr::T(response) => response,
                        RefOr::Ref(reference) => {
                            let name =
                                reference.ref_location.rsplit('/').next().unwrap_or_default();
                            let Some(RefOr::T(response)) = shared.get(name) else {
                                panic!("{name}")
                            };
                            response
                        }
                    };
                    let types: Vec<&str> = response.content.keys().map(String::as_str).collect();
                    // Probes answer with the state, and a URL that is too long is refused before it is read.
                    let is_other = route == "/readyz" || status == "414";
                    assert!(
                        is_other || types == ["application/problem+json"],
                        "{method} {route}: {status} {types:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_part_of_a_flattened_answer_forbids_the_others() {
        let document = serde_json::to_value(document()).expect("JSON");
        let view = &document["components"]["schemas"]["ResourceView_FlockConfig"];
        assert!(
            view["properties"]["flock_id"].is_object()
                && view["properties"]["date_created"].is_object()
        );
        assert!(
            view.get("additionalProperties").is_none() && view.get("allOf").is_none(),
            "{view}"
        );
        let list = &document["components"]["schemas"]["List_ResourceView_FlockConfig"];
        let item = &list["properties"]["items"]["items"];
        assert!(item["properties"]["flock_id"].is_object() || item.get("$ref").is_some(), "{list}");
    }

    #[test]
    fn frames_come_first_and_administration_last() {
        let document = document();
        let first = document.paths.paths.keys().next().map(String::as_str);
        let last = document.paths.paths.keys().last().map(String::as_str);
        assert_eq!(first, Some("/v1/frames"));
        assert!(last.is_some_and(|route| route.starts_with("/admin/")), "{last:?}");
    }
}
