//! Authentication: tokens, users and their sessions.

use std::sync::Arc;

use calliope::app::identity::{AuditContext, CreateTokenRequest};
use calliope::domain::{Principal, ScopeName};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::on_both;
use crate::support::clock::ManualClock;
use crate::support::{TestApp, TestDatabase, TestOptions, pause, send_json, with_timeout};

on_both! {
    a_token_is_good_until_it_expires_or_is_revoked;
    a_token_opens_what_its_scope_says;
    tokens_are_made_renamed_and_revoked_by_admins;
    a_person_logs_in_and_out;
    a_session_ends_by_time_by_password_and_by_leave;
    people_are_looked_after_by_people;
}

const KEY: &str = "a-shared-key-1234";

pub async fn start(database: TestDatabase) -> (TestApp, Arc<ManualClock>) {
    let clock = ManualClock::new();
    let options =
        TestOptions { api_key: Some(KEY), clock: clock.clone(), ..TestOptions::default() };
    (TestApp::start_with(database, options).await, clock)
}

/// Creates a token as the command line does.
pub async fn token(
    app: &TestApp,
    scope: ScopeName,
    client_id: Option<&str>,
    expires_in: Option<&str>,
) -> String {
    let order = CreateTokenRequest {
        name: "test".to_owned(),
        scope,
        client_id: client_id.map(str::to_owned),
        expires_in: expires_in.map(str::to_owned),
        date_expires: None,
    };
    let act = AuditContext::new(&Principal::LOCAL, None);
    app.app.identities().create_token(order, &act).await.expect("made").token
}

pub fn with_token(app: &TestApp, token: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
    let method = method.parse().expect("a method");
    app.client.request(method, format!("{}{path}", app.url)).bearer_auth(token)
}

pub async fn status(app: &TestApp, token: &str, path: &str) -> u16 {
    send_json(with_token(app, token, "GET", path)).await.0
}

#[expect(clippy::too_many_lines, reason = "one token from its creation to its end")]
async fn a_token_is_good_until_it_expires_or_is_revoked(database: TestDatabase) {
    let (app, clock) = start(database).await;
    let path = "/v2/clients/s/config";
    let short = token(&app, ScopeName::Device, Some("s"), Some("12h")).await;
    let long = token(&app, ScopeName::Client, None, None).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    for token in [&short, &long, &admin] {
        assert_eq!(status(&app, token, path).await, 200);
    }
    for broken in [
        &short[..short.len() - 1],
        &format!("{short}x"),
        &short.to_uppercase(),
        &short[..10],
        &format!("{}A{}", &short[..20], &short[21..]).replace("AA", "BA"),
    ] {
        let (refused, problem) = send_json(with_token(&app, broken, "GET", path)).await;
        assert_eq!(refused, 401, "{broken}: {problem}");
        assert!(!problem.to_string().contains(&short[12..]), "the problem repeats no token");
        assert_eq!(status(&app, broken, "/v1/stories?client_id=s").await, 403);
    }
    clock.advance(TimeDelta::hours(12));
    let (expired, problem) = send_json(with_token(&app, &short, "GET", path)).await;
    assert_eq!(expired, 401);
    assert!(
        problem["detail"].as_str().is_some_and(|detail| detail.contains("expired")),
        "{problem}"
    );
    clock.advance(TimeDelta::hours(-1));
    assert_eq!(status(&app, &short, path).await, 200, "the clock was set back");
    clock.advance(TimeDelta::days(4000));
    assert_eq!(status(&app, &long, path).await, 200, "it does not expire");

    let tokens = send_json(with_token(&app, &admin, "GET", "/admin/api/tokens?q=test")).await.1;
    let id = tokens["items"].as_array().expect("a list").iter().find(|t| t["scope"] == "client");
    let id = id.expect("listed")["id"].to_string();
    let revoke = |id: &str| {
        send_json(with_token(&app, &admin, "DELETE", &format!("/admin/api/tokens/{id}")))
    };
    assert_eq!(revoke(&id).await.0, 204);
    let (status, problem) = send_json(with_token(&app, &long, "GET", path)).await;
    assert!(
        status == 401 && problem["detail"].as_str().is_some_and(|d| d.contains("revoked")),
        "{problem}"
    );
    assert_eq!(revoke(&id).await.0, 204, "twice is as good");
    assert_eq!(revoke("999").await.0, 404);
    let used = async {
        loop {
            let list = send_json(with_token(&app, &admin, "GET", "/admin/api/tokens")).await.1;
            if list["items"]
                .as_array()
                .is_some_and(|all| all.iter().all(|t| t["last_used"].is_string()))
            {
                break;
            }
            pause().await;
        }
    };
    with_timeout(used).await;
    app.stop_and_remove().await;
}

async fn a_token_opens_what_its_scope_says(database: TestDatabase) {
    let (app, _) = start(database).await;
    let device = token(&app, ScopeName::Device, Some("s"), None).await;
    let client = token(&app, ScopeName::Client, None, None).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    for (path, of_device, of_client, of_admin) in [
        ("/v1/stories?client_id=s", 200, 200, 200),
        ("/v1/stories?client_id=t", 403, 200, 200),
        ("/v2/clients/s/config", 200, 200, 200),
        ("/v2/clients/t/config", 403, 200, 200),
        ("/v2/stories", 200, 422, 422),
        ("/openapi.json", 200, 200, 200),
        ("/admin/api/flock-configs", 403, 403, 200),
        ("/metrics", 403, 403, 200),
        ("/no/such", 403, 404, 404),
    ] {
        for (token, expected) in [(&device, of_device), (&client, of_client), (&admin, of_admin)] {
            assert_eq!(status(&app, token, path).await, expected, "{path} {token}");
        }
    }
    app.stop_and_remove().await;
}

async fn tokens_are_made_renamed_and_revoked_by_admins(database: TestDatabase) {
    let (app, _) = start(database).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let send = |method: &str, path: &str, body: Value| {
        let request = with_token(&app, &admin, method, &format!("/admin/api/{path}"));
        send_json(if body.is_null() { request } else { request.json(&body) })
    };
    let order =
        json!({"name": "Küche", "scope": "device", "client_id": "AA:BB", "expires_in": "4w"});
    let (status, made) = send("POST", "tokens", order).await;
    assert_eq!(status, 201, "{made}");
    let secret = made["token"].as_str().expect("a token").to_owned();
    assert!(secret.len() > 40);
    let path = format!("tokens/{}", made["id"]);
    let (_, read) = send("GET", &path, Value::Null).await;
    assert_eq!(read.get("token"), None, "it is shown once");
    assert_eq!(read["hint"], format!("•••{}", &secret[secret.len() - 4..]));
    assert_eq!(send("PATCH", &path, json!({"name": "Kitchen"})).await.1["name"], "Kitchen");
    assert_eq!(send("PUT", &path, json!({"name": "Pantry"})).await.1["name"], "Pantry");
    assert_eq!(send("DELETE", &path, Value::Null).await.0, 204);
    assert!(send("GET", &path, Value::Null).await.1["date_revoked"].is_string(), "its row stays");
    for (body, field) in [
        (json!({"scope": "client"}), "name"),
        (json!({"name": "", "scope": "client"}), "name"),
        (json!({"name": "x".repeat(101), "scope": "client"}), "name"),
        (json!({"name": "a\u{1}", "scope": "client"}), "name"),
        (json!({"name": "x", "scope": "root"}), "scope"),
        (json!({"name": "x", "scope": "device"}), "client_id"),
        (json!({"name": "x", "scope": "device", "client_id": " "}), "client_id"),
        (json!({"name": "x", "scope": "admin", "client_id": "s"}), "client_id"),
        (json!({"name": "x", "scope": "client", "expires_in": "soon"}), "expires_in"),
        (json!({"name": "x", "scope": "client", "expires_in": "99999999w"}), "expires_in"),
        (
            json!({"name": "x", "scope": "client", "date_expires": "2001-01-01T00:00:00Z"}),
            "date_expires",
        ),
        (json!({"name": "x", "scope": "client", "color": 1}), "color"),
    ] {
        let (status, problem) = send("POST", "tokens", body).await;
        assert_eq!((status, &problem["errors"][0]["loc"][1]), (422, &json!(field)), "{problem}");
    }
    let audit = send("GET", "audit?resource=tokens", Value::Null).await.1;
    let shown = audit.to_string();
    assert!(!shown.contains(&secret[8..20]), "no secret is noted: {shown}");
    let actions: Vec<&Value> =
        audit["items"].as_array().expect("a list").iter().map(|row| &row["action"]).collect();
    assert_eq!(
        actions,
        [&json!("revoke"), &json!("update"), &json!("update"), &json!("create"), &json!("create")]
    );
    app.stop_and_remove().await;
}

pub async fn create_user(app: &TestApp, admin: &str, name: &str, password: &str) {
    let body = json!({"username": name, "password": password});
    let (status, user) =
        send_json(with_token(app, admin, "POST", "/admin/api/users").json(&body)).await;
    assert_eq!(status, 201, "{user}");
    assert_eq!(user.get("password"), None);
}

async fn login(app: &TestApp, name: &str, password: &str) -> reqwest::Response {
    let body = json!({"username": name, "password": password});
    let request = app.client.post(format!("{}/admin/api/login", app.url)).json(&body);
    request.send().await.expect("an answer")
}

/// Logs in. Returns the session cookie.
pub async fn session(app: &TestApp, name: &str, password: &str) -> String {
    let response = login(app, name, password).await;
    assert_eq!(response.status(), 200);
    let cookie = response.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(cookie.contains("; HttpOnly; SameSite=Lax; Path=/"), "{cookie}");
    cookie.split(';').next().expect("a pair").to_owned()
}

async fn call_as(
    app: &TestApp,
    cookie: &str,
    method: &str,
    path: &str,
    body: Value,
) -> (u16, Value) {
    let method = method.parse().expect("a method");
    let request = app.client.request(method, format!("{}/admin/api/{path}", app.url));
    let request = request.header("cookie", cookie).header("sec-fetch-site", "same-origin");
    send_json(if body.is_null() { request } else { request.json(&body) }).await
}

async fn a_person_logs_in_and_out(database: TestDatabase) {
    let (app, _) = start(database).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    create_user(&app, &admin, "anna", "correct horse battery").await;
    for (name, password) in
        [("anna", "wrong horse battery"), ("nobody", "correct horse battery"), ("\u{0}", "x")]
    {
        let refused = login(&app, name, password).await;
        assert_eq!(refused.status(), 401, "{name}");
        assert!(refused.headers().get("set-cookie").is_none());
    }
    let cookie = session(&app, "anna", "correct horse battery").await;
    let (status, me) = call_as(&app, &cookie, "GET", "session", Value::Null).await;
    assert_eq!((status, &me["username"]), (200, &json!("anna")));
    assert_eq!(
        call_as(&app, &cookie, "POST", "flock-configs", json!({"flock_id": "f"})).await.0,
        201
    );
    let audit = call_as(&app, &cookie, "GET", "audit?resource=flock-configs", Value::Null).await.1;
    assert_eq!(audit["items"][0]["actor"], "user anna");
    let foreign = |name: &'static str, value: &'static str| {
        let request = app.client.delete(format!("{}/admin/api/flock-configs/f", app.url));
        send_json(request.header("cookie", cookie.clone()).header(name, value))
    };
    assert_eq!(foreign("sec-fetch-site", "cross-site").await.0, 403);
    assert_eq!(foreign("origin", "https://evil.example").await.0, 403);
    assert_eq!(foreign("x-plain", "1").await.0, 403, "where does it come from?");
    assert_eq!(call_as(&app, &cookie, "POST", "logout", Value::Null).await.0, 204);
    assert_eq!(call_as(&app, &cookie, "GET", "session", Value::Null).await.0, 401);
    // Five login attempts a minute are allowed, and the next one is the third.
    for _ in 0..3 {
        assert_eq!(login(&app, "anna", "wrong horse battery").await.status(), 401);
    }
    let refused = login(&app, "anna", "correct horse battery").await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    app.stop_and_remove().await;
}

async fn a_session_ends_by_time_by_password_and_by_leave(database: TestDatabase) {
    let (app, clock) = start(database).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    create_user(&app, &admin, "anna", "correct horse battery").await;
    create_user(&app, &admin, "bert", "another horse battery").await;
    let first = session(&app, "anna", "correct horse battery").await;
    let second = session(&app, "anna", "correct horse battery").await;
    let change = json!({"password": "a wholly new password"});
    assert_eq!(call_as(&app, &first, "PATCH", "users/anna", change).await.0, 200);
    for ended in [&first, &second] {
        assert_eq!(
            call_as(&app, ended, "GET", "session", Value::Null).await.0,
            401,
            "the password is another"
        );
    }
    let third = session(&app, "anna", "a wholly new password").await;
    clock.advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
    assert_eq!(call_as(&app, &third, "GET", "session", Value::Null).await.0, 200);
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(
        call_as(&app, &third, "GET", "session", Value::Null).await.0,
        401,
        "twelve hours are over"
    );
    let fourth = session(&app, "bert", "another horse battery").await;
    let leave = with_token(&app, &admin, "PATCH", "/admin/api/users/bert")
        .json(&json!({"is_active": false}));
    assert_eq!(send_json(leave).await.0, 200);
    assert_eq!(
        call_as(&app, &fourth, "GET", "session", Value::Null).await.0,
        401,
        "bert may not any more"
    );
    for cookie in ["calliope_session=", "calliope_session=x"] {
        assert_eq!(call_as(&app, cookie, "GET", "session", Value::Null).await.0, 401);
    }
    app.stop_and_remove().await;
}

async fn people_are_looked_after_by_people(database: TestDatabase) {
    let (app, _) = start(database).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    create_user(&app, &admin, "anna", "correct horse battery").await;
    let cookie = session(&app, "anna", "correct horse battery").await;
    assert_eq!(
        call_as(&app, &cookie, "DELETE", "users/anna", Value::Null).await.0,
        409,
        "the last one"
    );
    let off = json!({"is_active": false});
    assert_eq!(call_as(&app, &cookie, "PATCH", "users/anna", off).await.0, 409, "the last one");
    let again = json!({"username": "anna", "password": "correct horse battery"});
    assert_eq!(call_as(&app, &cookie, "POST", "users", again).await.0, 409, "the name is taken");
    for (body, field) in [
        (json!({"username": "ä", "password": "correct horse battery"}), "username"),
        (json!({"username": "", "password": "correct horse battery"}), "username"),
        (json!({"username": "b", "password": "short"}), "password"),
        (json!({"username": "b", "password": "x".repeat(257)}), "password"),
        (json!({"username": "b", "password": 7}), "password"),
        (
            json!({"username": "b", "password": "correct horse battery", "is_admin": true}),
            "is_admin",
        ),
    ] {
        let (status, problem) = call_as(&app, &cookie, "POST", "users", body).await;
        assert_eq!((status, &problem["errors"][0]["loc"][1]), (422, &json!(field)), "{problem}");
    }
    let change = json!({"description": "Night shift", "password": "another horse battery"});
    create_user(&app, &admin, "bert", "correct horse battery").await;
    assert_eq!(
        call_as(&app, &cookie, "PATCH", "users/bert", change).await.1["description"],
        "Night shift"
    );
    let full = call_as(&app, &cookie, "PUT", "users/bert", json!({})).await.1;
    assert_eq!((&full["description"], &full["is_active"]), (&json!(""), &json!(true)));
    assert_eq!(call_as(&app, &cookie, "DELETE", "users/bert", Value::Null).await.0, 204);
    assert_eq!(call_as(&app, &cookie, "GET", "users/bert", Value::Null).await.0, 404);
    let audit =
        call_as(&app, &cookie, "GET", "audit?resource=users", Value::Null).await.1.to_string();
    assert!(!audit.contains("horse") && !audit.contains("argon2"), "no secret is noted: {audit}");
    app.stop_and_remove().await;
}
