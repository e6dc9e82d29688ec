//! The responses that many operations share: refusals by the layers around every route, and failures of the server.

use axum::http::Method;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{
    Components, Content, ContentBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder,
};

use crate::http::access::Access;

/// The media type of every problem.
const PROBLEM_TYPE: &str = "application/problem+json";

/// A response that many operations share.
struct SharedResponse {
    status: &'static str,
    name: &'static str,
    description: &'static str,
    /// A header of the response, with its description.
    header: Option<(&'static str, &'static str)>,
}

const fn shared(
    status: &'static str,
    name: &'static str,
    description: &'static str,
) -> SharedResponse {
    SharedResponse { status, name, description, header: None }
}

/// Every shared response.
const SHARED: [SharedResponse; 11] = [
    shared(
        "400",
        "BadRequest",
        "The body or the path cannot be read: it is not JSON, not a form, or not UTF-8.",
    ),
    SharedResponse {
        header: Some(("WWW-Authenticate", "How to authenticate: `Bearer`.")),
        ..shared(
            "401",
            "Unauthorized",
            "The key is missing or wrong, or the token has expired or was revoked.",
        )
    },
    shared(
        "403",
        "Forbidden",
        "The key does not allow this. Below `/v1/`, also: the key is missing or wrong.",
    ),
    shared("408", "RequestTimeout", "The body arrived too slowly."),
    shared(
        "409",
        "Conflict",
        "The request conflicts with what is stored, or nobody knows whether an earlier one with the same \
         `Idempotency-Key` was carried out.",
    ),
    shared("413", "ContentTooLarge", "The body is too large."),
    shared(
        "415",
        "UnsupportedMediaType",
        "The content type or the content encoding is not supported.",
    ),
    shared("422", "InvalidInput", "A value is missing or invalid; `errors` names each."),
    SharedResponse {
        header: Some(("Retry-After", "After how many seconds to try again.")),
        ..shared(
            "429",
            "TooManyRequests",
            "Too many requests, or too much work is waiting; see `Retry-After`.",
        )
    },
    shared("500", "InternalError", "Something went wrong; the log has the details."),
    SharedResponse {
        header: Some(("Retry-After", "After how many seconds to try again.")),
        ..shared(
            "503",
            "Unavailable",
            "The database cannot be reached, or the service is stopping.",
        )
    },
];

/// Adds the shared responses to the components that operations refer to.
pub(super) fn add_components(components: &mut Components) {
    for shared in &SHARED {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemBody")));
        let mut response = ResponseBuilder::new()
            .description(shared.description)
            .content(PROBLEM_TYPE, problem.build());
        if let Some((name, description)) = shared.header {
            let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).build();
            let header = HeaderBuilder::new().schema(Some(text)).description(Some(description));
            response = response.header(name, header.build());
        }
        components.responses.insert(shared.name.to_owned(), response.build().into());
    }
}

/// Completes an operation's responses: problems get their media type, and the responses that the operation may give
/// without declaring them are added.
pub(super) fn complete(method: &Method, route: &str, access: Access, operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            set_problem_type(response);
        }
    }
    for shared in &SHARED {
        if !applies(shared.status, method, route, access, operation) {
            continue;
        }
        let reference = || RefOr::Ref(Ref::from_response_name(shared.name));
        operation.responses.responses.entry(shared.status.to_owned()).or_insert_with(reference);
    }
}

/// Declares a problem as `application/problem+json`; derived schemas are `application/json` by default.
fn set_problem_type(response: &mut Response) {
    let is_problem = |content: &RefOr<Content>| {
        matches!(content, RefOr::T(content)
            if matches!(&content.schema, Some(RefOr::Ref(schema)) if schema.ref_location.ends_with("/ProblemBody")))
    };
    if response.content.get("application/json").is_some_and(is_problem)
        && let Some(content) = response.content.shift_remove("application/json")
    {
        response.content.insert(PROBLEM_TYPE.to_owned(), content);
    }
}

/// Returns whether an operation may give a shared response.
fn applies(
    status: &str,
    method: &Method,
    route: &str,
    access: Access,
    operation: &Operation,
) -> bool {
    let parameters = || {
        let parameters = operation.parameters.iter().flatten();
        parameters.filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some((&parameter.parameter_in, &*parameter.name)),
            RefOr::Ref(_) => None,
        })
    };
    let is_in_path = parameters().any(|(place, _)| *place == ParameterIn::Path);
    let is_checked =
        parameters().any(|(place, name)| *place == ParameterIn::Query || name == "client_id");
    let has_body = operation.request_body.is_some();
    let is_probe = matches!(route, "/livez" | "/readyz");
    match status {
        "401" => access != Access::Public && !route.starts_with("/v1/"),
        "403" => access != Access::Public,
        "400" => has_body || is_in_path,
        "408" | "413" | "415" => has_body,
        "422" => has_body || is_checked || *method == Method::POST,
        "409" => *method == Method::POST && access != Access::Public,
        "429" | "503" => !is_probe,
        "500" => true,
        _ => false,
    }
}
