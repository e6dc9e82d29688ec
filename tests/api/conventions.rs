//! Conventions of every route: trailing slashes, request ids, problem details, documentation.

use serde_json::{Value, json};

use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_path_answers_with_and_without_its_slash() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    for path in [
        "/livez",
        "/readyz",
        "/v1/config/strategy",
        "/v1/stories",
        "/v1/story",
        "/openapi.json",
        "/docs",
    ] {
        for path in [path.to_owned(), format!("{path}/")] {
            let response = app.get(&format!("{path}?client_id=s")).send().await.expect("an answer");
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(response.url().path(), path, "no redirect");
        }
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_keeps_its_sane_id_and_gets_one_otherwise() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let mine = app.get("/livez").header("x-request-id", "mine-1").send().await.expect("an answer");
    assert_eq!(mine.headers()["x-request-id"], "mine-1");
    for path in ["/livez", "/no/such", "/media/none.png"] {
        let response =
            app.get(path).header("x-request-id", "not sane\t").send().await.expect("an answer");
        let id = response.headers()["x-request-id"].to_str().expect("text").to_owned();
        assert_eq!(id.parse::<uuid::Uuid>().map(|id| id.get_version_num()), Ok(7), "{id}");
        if response.status() == 404 {
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            let problem: Value = response.json().await.expect("JSON");
            assert_eq!(problem["instance"], id.as_str());
        }
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let response = app.put("/v1/stories").send().await.expect("an answer");
    assert_eq!(response.status(), 405);
    assert!(response.headers()["allow"].to_str().expect("text").contains("GET"));
    let problem: Value = response.json().await.expect("JSON");
    assert_eq!(problem["status"], 405);
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documentation_is_complete_and_needs_nothing_from_elsewhere() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let contract = app.json("/openapi.json").await;
    assert!(contract["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let paths = contract["paths"].as_object().expect("paths");
    let calls = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    insta::assert_snapshot!(calls.collect::<Vec<_>>().join(
        "
"
    ));
    for path in ["/docs/", "/docs"] {
        check_docs_page(&app, path).await;
    }
    app.stop_and_remove().await;
}

/// Checks that the page at `path` has a strict policy, and that everything it loads is here, by relative addresses, so
/// that it also works below a path of a proxy.
async fn check_docs_page(app: &TestApp, path: &str) {
    let response = app.get(path).send().await.expect("an answer");
    let policy = response.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let address = response.url().clone();
    let page = response.text().await.expect("a page");
    let mut assets = 0;
    for link in page.split("src=\"").skip(1).chain(page.split("href=\"").skip(1)) {
        let target = link.split('"').next().unwrap_or_default();
        assert!(!target.starts_with('/') && !target.contains(':'), "{target} is not relative");
        let target = address.join(target).expect("an address");
        let asset = app.client.get(target.clone()).send().await.expect("an answer");
        assert_eq!(asset.status(), 200, "{target}");
        assert!(asset.bytes().await.expect("bytes").len() > 50, "{target}");
        assets += 1;
    }
    assert!(assets >= 4 && !page.contains("<style") && !page.contains("script>\n("), "{page}");
    let script = app.get("/docs/start.js").send().await.expect("an answer");
    let script = script.text().await.expect("a script");
    assert!(script.contains("\"../openapi.json\", document.currentScript.src"), "{script}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_every_site_is_asked_for_is_there_without_a_key() {
    let options = TestOptions { api_key: Some("a-shared-key-1234"), ..TestOptions::default() };
    let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
    for (path, media_type, start) in [
        ("/robots.txt", "text/plain; charset=utf-8", &b"User-agent: *\nDisallow: /"[..]),
        ("/favicon.ico", "image/x-icon", b"\0\0\x01\0"),
        ("/apple-touch-icon.png", "image/png", b"\x89PNG"),
        ("/apple-touch-icon-precomposed.png", "image/png", b"\x89PNG"),
        ("/apple-touch-icon-120x120.png", "image/png", b"\x89PNG"),
        ("/openapi.json", "application/json", b"{"),
        ("/docs", "text/html; charset=utf-8", b"<!doctype html>"),
    ] {
        let response = app.get(path).send().await.expect("an answer");
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &media_type.parse().expect("a value")),
            "{path}"
        );
        let head = app.client.head(format!("{}{path}", app.url)).send().await.expect("an answer");
        assert_eq!(head.status(), 200, "{path}");
        assert!(response.bytes().await.expect("bytes").starts_with(start), "{path}");
        assert_eq!(app.put(path).send().await.expect("an answer").status(), 401, "{path}");
    }
    let contract = app.json("/openapi.json").await;
    let schemes = contract["components"]["securitySchemes"].as_object().expect("schemes");
    let places: Vec<&Value> = schemes.values().map(|scheme| &scheme["in"]).collect();
    for place in ["header", "query", "cookie"] {
        assert!(places.contains(&&json!(place)), "{schemes:?}");
    }
    assert_eq!(contract["servers"][0]["url"], "./", "relative to the document");
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_cache_stores_what_admins_read() {
    let key = "a-shared-key-1234";
    let options = TestOptions { api_key: Some(key), ..TestOptions::default() };
    let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
    for path in [
        "/admin/api/stats",
        "/admin/api/tokens",
        "/admin/api/flock-configs",
        "/admin/api/flock-configs/none",
        "/admin/api/no-such",
        "/admin/api/stats?limit=x",
        "/metrics",
    ] {
        for request in [app.get(path).header("x-api-key", key), app.get(path)] {
            let response = request.send().await.expect("an answer");
            let status = response.status();
            let cache = response.headers().get("cache-control");
            assert_eq!(
                cache.map(axum::http::HeaderValue::as_bytes),
                Some(&b"no-store"[..]),
                "{path}: {status}"
            );
        }
    }
    let login = json!({"username": "ada", "password": "not hers at all"});
    let login = app.client.post(format!("{}/admin/api/login", app.url)).json(&login);
    assert_eq!(login.send().await.expect("an answer").headers()["cache-control"], "no-store");
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_tells_what_works() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    assert_eq!(send_json(app.get("/livez")).await, (200, Value::String("ok".into())));
    let ready = app.json("/readyz").await;
    assert_eq!((&ready["status"], &ready["database"]["status"]), (&"ok".into(), &"ok".into()));
    app.store.close().await;
    let (status, ready) = send_json(app.get("/readyz")).await;
    assert_eq!(
        (status, &ready["status"], &ready["object_store"]["status"]),
        (503, &"down".into(), &"ok".into())
    );
    app.stop_and_remove().await;
}
