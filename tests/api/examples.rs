//! The examples of the OpenAPI document: a newcomer can send each of them as it is.

use std::collections::BTreeMap;

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value};

use crate::support::{TestApp, TestDatabase, fixture, with_timeout};

/// The tags whose operations need no key on a new installation.
const TAGS: [&str; 9] =
    ["frames", "stories", "v1", "bookmark lists", "search", "devices", "tasks", "memory", "voices"];

/// Operations without an id in their path whose example names something that does not exist on a new installation.
const NAMES_SOMETHING: [&str; 2] = ["POST /v1/bookmarks/frame", "GET /v2/pairing"];

/// The minimum number of operations that succeed on a new installation.
const MIN_SUCCESSES: usize = 30;

#[allow(clippy::print_stdout, reason = "shows which operations need more than their example")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_of_the_documentation_can_be_sent() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let document = app.json("/openapi.json").await;
    let (mut successes, mut others, mut failures) = (0, Vec::new(), Vec::new());
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("operations") {
            if !TAGS.iter().any(|tag| operation["tags"][0] == *tag) {
                continue;
            }
            let name = format!("{} {path}", method.to_uppercase());
            let request = match example_request(&app, &document, method, path, operation) {
                Ok(request) => request,
                Err(reason) => {
                    failures.push(format!("{name}: {reason}"));
                    continue;
                }
            };
            // The body is not read, because an event stream does not end.
            let response = with_timeout(request.send()).await.expect("a response");
            let status = response.status();
            if status.is_success() {
                successes += 1;
                if status == 202 {
                    app.wait_until_idle().await;
                }
                continue;
            }
            let detail = response.text().await.expect("a body");
            others.push(format!("{name}: {status} {detail}"));
            let names_something = path.contains('{') || NAMES_SOMETHING.contains(&name.as_str());
            if status != 404 || !names_something {
                failures.push(format!("{name}: {status} {detail}"));
            }
        }
    }
    println!("{successes} operations succeed; these do not:\n{}", others.join("\n"));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(successes >= MIN_SUCCESSES, "only {successes} operations succeed");
    app.stop_and_remove().await;
}

/// Builds the request of an operation from the document's examples, or says which example is missing.
fn example_request(
    app: &TestApp,
    document: &Value,
    method: &str,
    path: &str,
    operation: &Value,
) -> Result<RequestBuilder, String> {
    let mut path = path.to_owned();
    let mut query = form_urlencoded::Serializer::new(String::new());
    let mut headers = BTreeMap::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().expect("a name");
        let Some(example) = example_of(document, parameter) else {
            if parameter["required"] == true {
                return Err(format!("the required parameter {name} has no example"));
            }
            continue;
        };
        let text = to_text(&example);
        match parameter["in"].as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &text),
            Some("query") => {
                query.append_pair(name, &text);
            }
            _ => {
                headers.insert(name, text);
            }
        }
    }
    let url = format!("{}{path}?{}", app.url, query.finish());
    let method: Method = method.to_uppercase().parse().expect("a method");
    let mut request = app.client.request(method, url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    with_body(request, document, &operation["requestBody"]["content"])
}

/// Adds the example of the body. JSON is preferred; a recording is a sound from the fixtures.
fn with_body(
    request: RequestBuilder,
    document: &Value,
    content: &Value,
) -> Result<RequestBuilder, String> {
    if let Some(json) = content.get("application/json") {
        let body = example_of(document, json).ok_or("the body has no example")?;
        return Ok(request.json(&body));
    }
    let sound = || fixture("speech_16k_mono.wav");
    if let Some(form) = content.get("multipart/form-data") {
        let schema = resolve(document, &form["schema"]);
        let mut form = Form::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_required = schema["required"]
                .as_array()
                .is_some_and(|required| required.iter().any(|required| required == name));
            if let Some(example) = example_of(document, property) {
                form = form.text(name.clone(), to_text(&example));
            } else if is_required {
                form = form.part(name.clone(), Part::bytes(sound()).file_name("speech.wav"));
            }
        }
        return Ok(request.multipart(form));
    }
    if content.get("application/octet-stream").is_some() {
        return Ok(request.header("content-type", "application/octet-stream").body(sound()));
    }
    Ok(request)
}

/// Returns the example of a parameter, a body or a schema: its own, its schema's, or one made of its properties'.
fn example_of(document: &Value, node: &Value) -> Option<Value> {
    let node = resolve(document, node);
    if let Some(example) = node.get("example") {
        return Some(example.clone());
    }
    let examples = node.get("examples");
    let first = examples.and_then(|examples| examples.as_object()?.values().next());
    if let Some(first) = first {
        return first.get("value").cloned();
    }
    if let Some(schema) = node.get("schema") {
        return example_of(document, schema);
    }
    let mut built = Map::new();
    for (name, property) in node["properties"].as_object()? {
        if let Some(example) = example_of(document, property) {
            built.insert(name.clone(), example);
        }
    }
    Some(Value::Object(built))
}

/// Follows a reference to another part of the document.
fn resolve<'a>(document: &'a Value, node: &'a Value) -> &'a Value {
    let target = node["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    target.map_or(node, |pointer| document.pointer(pointer).expect("the reference leads somewhere"))
}

/// Returns a value as it is written in a URL or a form: a text without its quotes.
fn to_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
