//! Conventions of every route: trailing slashes, request ids, problem details, documentation.

use serde_json::Value;

use crate::support::{TestApp, TestDatabase, send_json};

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
    let page = app.get("/docs/").send().await.expect("an answer").text().await.expect("a page");
    let mut assets = 0;
    for link in page.split("src=\"").skip(1).chain(page.split("href=\"").skip(1)) {
        let target = link.split('"').next().unwrap_or_default();
        assert!(target.starts_with("/docs/"), "{target} comes from elsewhere");
        let asset = app.get(target).send().await.expect("an answer");
        assert_eq!(asset.status(), 200, "{target}");
        assert!(asset.bytes().await.expect("bytes").len() > 50, "{target}");
        assets += 1;
    }
    assert!(assets >= 3, "{page}");
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
