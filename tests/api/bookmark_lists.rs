//! `/v2/bookmark-lists`, and the same lists in the admin API.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::on_both;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json};

on_both! {
    a_list_is_made_changed_filled_and_removed;
    a_list_is_its_owners_and_others_read_it_if_it_is_public;
    lists_are_read_in_parts;
    what_cannot_be_used_is_named;
    a_body_is_small_json_and_comments_may_be_long;
    a_client_has_no_endless_lists;
    an_admin_acts_on_any_list;
}

const KEY: &str = "a-shared-key-1234";

/// Starts a service whose clients are not admins.
async fn shared(database: TestDatabase) -> TestApp {
    TestApp::start_with(database, TestOptions { api_key: Some(KEY), ..TestOptions::default() })
        .await
}

fn request(app: &TestApp, method: Method, path: &str) -> reqwest::RequestBuilder {
    app.client.request(method, format!("{}{path}", app.url)).header("x-api-key", KEY)
}

async fn call(app: &TestApp, method: Method, path: &str, body: Value) -> (u16, Value) {
    let request = request(app, method, path);
    send_json(if body.is_null() { request } else { request.json(&body) }).await
}

async fn get(app: &TestApp, path: &str) -> Value {
    let (status, body) = call(app, Method::GET, path, Value::Null).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// Creates a list. Returns its path.
async fn create_list(app: &TestApp, client_id: &str, body: Value) -> String {
    let path = format!("/v2/bookmark-lists?client_id={client_id}");
    let (status, list) = call(app, Method::POST, &path, body).await;
    assert_eq!(status, 201, "{list}");
    format!("/v2/bookmark-lists/{}", list["id"])
}

async fn create_story(app: &TestApp, client_id: &str, text: &str) -> String {
    let body = json!({"client_id": client_id, "strategy": "literal", "input_text": text});
    let (status, story) = call(app, Method::POST, "/v1/frames", body).await;
    assert_eq!(status, 200, "{story}");
    story["story_id"].as_str().expect("an id").to_owned()
}

async fn a_list_is_made_changed_filled_and_removed(database: TestDatabase) {
    let app = shared(database).await;
    let story = create_story(&app, "s", "A kite|It flies").await;
    let new = json!({"name": " Kites ", "description": "In the wind"});
    let made = request(&app, Method::POST, "/v2/bookmark-lists/?client_id=s").json(&new);
    let made = made.send().await.expect("an answer");
    assert_eq!(made.status(), 201);
    let location = made.headers()["location"].to_str().expect("text").to_owned();
    let list: Value = made.json().await.expect("JSON");
    assert_eq!(location, format!("/v2/bookmark-lists/{}", list["id"]));
    assert_eq!((&list["name"], &list["is_public"]), (&json!("Kites"), &json!(false)));
    assert_eq!((&list["client_id"], &list["description"]), (&json!("s"), &json!("In the wind")));
    let mine = format!("{location}?client_id=s");
    let stories = format!("{location}/stories/{story}?client_id=s");
    let listed = async || get(&app, "/v1/stories?client_id=s").await["stories"][0].clone();
    assert_eq!(listed().await["is_bookmarked"], false);
    for (comments, status) in [(json!("why"), 201), (Value::Null, 200)] {
        let body = json!({"comments": comments});
        let (got, created) = call(&app, Method::PUT, &stories, body).await;
        assert_eq!(
            (got, &created["comments"], &created["slug"]),
            (status, &comments, &json!("a-kite"))
        );
        let full = get(&app, &mine).await;
        assert_eq!((&full["items"], &full["next_cursor"]), (&json!([created]), &Value::Null));
        assert_eq!((&full["name"], &full["id"]), (&json!("Kites"), &list["id"]));
    }
    assert_eq!(listed().await["is_bookmarked"], true);
    let edit = json!({"is_public": true, "name": "Wind"});
    let (status, edited) = call(&app, Method::PATCH, &mine, edit).await;
    assert_eq!(
        (status, &edited["is_public"], &edited["name"]),
        (200, &json!(true), &json!("Wind"))
    );
    assert_eq!(edited["description"], "In the wind", "what is absent stays");
    assert_eq!(call(&app, Method::DELETE, &stories, Value::Null).await, (204, json!("")));
    assert_eq!(call(&app, Method::DELETE, &stories, Value::Null).await.0, 404);
    assert_eq!(listed().await["is_bookmarked"], false);
    assert_eq!(call(&app, Method::PUT, &stories, json!({})).await.0, 201);
    assert_eq!(call(&app, Method::DELETE, &mine, Value::Null).await.0, 204);
    assert_eq!(call(&app, Method::DELETE, &mine, Value::Null).await.0, 404);
    assert_eq!(listed().await["is_bookmarked"], false);
    assert_eq!(get(&app, "/v2/bookmark-lists?client_id=s").await["items"], json!([]));
    app.stop_and_remove().await;
}

async fn a_list_is_its_owners_and_others_read_it_if_it_is_public(database: TestDatabase) {
    let app = shared(database).await;
    let story = create_story(&app, "s", "A kite").await;
    let private = create_list(&app, "s", json!({"name": "private"})).await;
    let public = create_list(&app, "s", json!({"name": "public", "is_public": true})).await;
    for list in [&private, &public] {
        let path = format!("{list}/stories/{story}?client_id=s");
        assert_eq!(call(&app, Method::PUT, &path, json!({})).await.0, 201);
    }
    let (before, lists) = (get(&app, &format!("{private}?client_id=s")).await, [&private, &public]);
    assert_eq!(get(&app, &format!("{public}?client_id=t")).await["items"][0]["story_id"], story);
    let none = "/v2/bookmark-lists/none".to_owned();
    for (list, read, change) in [(lists[0], 404, 404), (lists[1], 200, 403), (&none, 404, 404)] {
        let (list, stories) =
            (format!("{list}?client_id=t"), format!("{list}/stories/{story}?client_id=t"));
        assert_eq!(call(&app, Method::GET, &list, Value::Null).await.0, read);
        for (method, path, body) in [
            (Method::PATCH, &list, json!({"name": "taken over"})),
            (Method::DELETE, &list, Value::Null),
            (Method::PUT, &stories, json!({})),
            (Method::DELETE, &stories, Value::Null),
        ] {
            let (status, problem) = call(&app, method.clone(), path, body).await;
            assert_eq!(status, change, "{method} {path}: {problem}");
        }
    }
    assert_eq!(get(&app, &format!("{private}?client_id=s")).await, before, "nothing changed");
    assert_eq!(get(&app, &format!("{public}?client_id=s")).await["name"], "public");
    for path in ["/admin/api/bookmark-lists", "/admin/api/bookmark-lists/1"] {
        assert_eq!(call(&app, Method::GET, path, Value::Null).await.0, 403, "{path}");
    }
    app.stop_and_remove().await;
}

/// Reads a list in pages of two items. Returns a field of every item.
async fn read_pages(app: &TestApp, path: &str, field: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let part = get(app, &format!("{path}{joint}limit=2{cursor}")).await;
        let items = part["items"].as_array().expect("items");
        assert!(items.len() <= 2);
        all.extend(items.iter().map(|item| item[field].clone()));
        match part["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

async fn lists_are_read_in_parts(database: TestDatabase) {
    let app = shared(database).await;
    for (name, is_public) in
        [("c", true), ("a", true), ("\"ü\\", false), ("B", true), ("b", true), ("d", false)]
    {
        create_list(&app, "s", json!({"name": name, "is_public": is_public})).await;
    }
    create_list(&app, "t", json!({"name": "theirs", "is_public": true})).await;
    let own = read_pages(&app, "/v2/bookmark-lists?client_id=s", "name").await;
    assert_eq!(own, ["\"ü\\", "B", "a", "b", "c", "d"]);
    let public = read_pages(&app, "/v2/bookmark-lists/public", "name").await;
    assert_eq!(public, ["theirs", "b", "B", "a", "c"]);
    let list = create_list(&app, "s", json!({"name": "stories"})).await;
    let mut created = Vec::new();
    for number in 0..4 {
        let story = create_story(&app, &format!("s{number}"), "A kite").await;
        let path = format!("{list}/stories/{story}?client_id=s");
        assert_eq!(call(&app, Method::PUT, &path, json!({})).await.0, 201);
        created.insert(0, Value::String(story));
    }
    let stories = read_pages(&app, &format!("{list}?client_id=s"), "story_id").await;
    assert_eq!(stories, created, "the last kept first");
    app.stop_and_remove().await;
}

async fn what_cannot_be_used_is_named(database: TestDatabase) {
    let app = shared(database).await;
    let list = create_list(&app, "s", json!({"name": "one"})).await;
    create_list(&app, "s", json!({"name": "two"})).await;
    let (lists, mine) = ("/v2/bookmark-lists?client_id=s", format!("{list}?client_id=s"));
    let story = create_story(&app, "s", "A kite").await;
    let stories = format!("{list}/stories/{story}?client_id=s");
    let unknown = format!("{list}/stories/{}?client_id=s", Uuid::now_v7());
    let long = |length| "ü".repeat(length);
    for (method, path, body, status, place) in [
        (Method::POST, lists, json!({}), 422, "body name"),
        (Method::POST, lists, json!({"name": " "}), 422, "body name"),
        (Method::POST, lists, json!({"name": 7}), 422, "body name"),
        (Method::POST, lists, json!({"name": long(256)}), 422, "body name"),
        (Method::POST, lists, json!({"name": "a\0b"}), 422, "body name"),
        (Method::POST, lists, json!({"name": "n", "is_public": 1}), 422, "body is_public"),
        (Method::POST, lists, json!({"name": "n", "colour": 1}), 422, "body colour"),
        (
            Method::POST,
            lists,
            json!({"name": "n", "description": long(2001)}),
            422,
            "body description",
        ),
        (Method::POST, lists, json!({"name": " two"}), 409, ""),
        (Method::POST, "/v2/bookmark-lists", json!({"name": "n"}), 422, "query client_id"),
        (Method::PATCH, &mine, json!({"name": "two"}), 409, ""),
        (Method::PATCH, &mine, json!({"id": 7}), 422, "body id"),
        (Method::PUT, &stories, json!({"comments": long(10_001)}), 422, "body comments"),
        (Method::PUT, &stories, json!({"comments": ["a"]}), 422, "body comments"),
        (Method::PUT, &unknown, json!({}), 404, ""),
        (Method::DELETE, &unknown, Value::Null, 404, ""),
        (Method::GET, &format!("{lists}&limit=0"), Value::Null, 422, "query limit"),
        (Method::GET, &format!("{lists}&limit=many"), Value::Null, 422, "query limit"),
        (Method::GET, &format!("{lists}&cursor=bWFkZQ"), Value::Null, 422, "query cursor"),
        // Cursors of a list by number and of a list by name, and a cursor with a NUL.
        (Method::GET, &format!("{lists}&cursor=Nw"), Value::Null, 422, "query cursor"),
        (Method::GET, &format!("{mine}&cursor=ImEi"), Value::Null, 422, "query cursor"),
        (Method::GET, &format!("{lists}&cursor=Ilx1MDAwMCI"), Value::Null, 422, "query cursor"),
        (Method::GET, &format!("{lists}&offset=1"), Value::Null, 422, "query offset"),
    ] {
        let (got, problem) = call(&app, method.clone(), path, body).await;
        assert_eq!(got, status, "{method} {path}: {problem}");
        let loc = problem["errors"][0]["loc"].as_array().cloned().unwrap_or_default();
        let loc: Vec<&str> = loc.iter().filter_map(Value::as_str).collect();
        assert_eq!(loc.join(" "), place, "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
    assert_eq!(read_pages(&app, lists, "name").await, ["one", "two"], "nothing changed");
    app.stop_and_remove().await;
}

async fn a_body_is_small_json_and_comments_may_be_long(database: TestDatabase) {
    let app = shared(database).await;
    let list = create_list(&app, "s", json!({"name": "one"})).await;
    let story = create_story(&app, "s", "A kite").await;
    let (lists, stories) =
        ("/v2/bookmark-lists?client_id=s", format!("{list}/stories/{story}?client_id=s"));
    let raw = |kind: &'static str, body: String| {
        let request = request(&app, Method::POST, lists).header("content-type", kind);
        send_json(request.body(body))
    };
    assert_eq!(raw("application/json", r#"{"name": 7, "#.into()).await.0, 400);
    assert_eq!(raw("text/plain", r#"{"name": "n"}"#.into()).await.0, 415);
    assert_eq!(raw("application/json", " ".repeat(33 << 10)).await.0, 413);
    assert_eq!(read_pages(&app, lists, "name").await, ["one"], "nothing changed");
    let longest = json!({"comments": "\u{1F426}".repeat(10_000)});
    assert_eq!(call(&app, Method::PUT, &stories, longest).await.0, 201);
    app.stop_and_remove().await;
}

async fn a_client_has_no_endless_lists(database: TestDatabase) {
    let app = shared(database).await;
    let now = app.clock.now();
    let mut tx = app.store.begin().await.expect("begun");
    for number in 0..999 {
        let new = calliope::store::NewBookmarkList {
            client_id: "s",
            name: &format!("list {number}"),
            description: "",
            is_public: false,
            now,
        };
        tx.insert_bookmark_list(new).await.expect("added");
    }
    tx.save().await.expect("saved");
    let path = "/v2/bookmark-lists?client_id=s";
    let posts = (0..3).map(|n| {
        let new = json!({"name": format!("one more {n}")});
        tokio::spawn(send_json(request(&app, Method::POST, path).json(&new)))
    });
    let mut statuses = Vec::new();
    for post in posts.collect::<Vec<_>>() {
        statuses.push(post.await.expect("joined").0);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409], "the thousandth, and no other");
    create_list(&app, "t", json!({"name": "another client's"})).await;
    app.stop_and_remove().await;
}

async fn an_admin_acts_on_any_list(database: TestDatabase) {
    // Without a key, programs on this machine are admins.
    let app = TestApp::start(database).await;
    let story = create_story(&app, "s", "A kite").await;
    let lists = "/admin/api/bookmark-lists";
    let new = json!({"client_id": "Sparrow 1", "name": "Kites"});
    let (status, list) = call(&app, Method::POST, lists, new.clone()).await;
    assert_eq!((status, &list["client_id"]), (201, &json!("Sparrow 1")), "{list}");
    assert_eq!(call(&app, Method::POST, lists, new).await.0, 409);
    let (status, problem) =
        call(&app, Method::POST, lists, json!({"client_id": "", "name": "n"})).await;
    assert_eq!((status, &problem["errors"][0]["loc"]), (422, &json!(["body", "client_id"])));
    create_list(&app, "t", json!({"name": "Trees", "description": "Of all kinds"})).await;
    let path = format!("{lists}/{}", list["id"]);
    let stories = format!("/v2/bookmark-lists/{}/stories/{story}?client_id=admin", list["id"]);
    assert_eq!(call(&app, Method::PUT, &stories, json!({})).await.0, 201);
    let full = get(&app, &path).await;
    assert_eq!((&full["items"][0]["story_id"], &full["name"]), (&json!(story), &json!("Kites")));
    assert_eq!(read_pages(&app, lists, "name").await, ["Trees", "Kites"], "the newest first");
    for (q, found) in [("kite", json!(["Kites"])), ("sparrow", json!(["Kites"])), ("%", json!([]))]
    {
        let q = q.replace('%', "%25");
        let found_by = read_pages(&app, &format!("{lists}?q={q}"), "name").await;
        assert_eq!(json!(found_by), found, "{q}");
    }
    assert_eq!(call(&app, Method::GET, &format!("{lists}?q=a%00"), Value::Null).await.0, 422);
    let (status, edited) =
        call(&app, Method::PATCH, &path, json!({"description": "d", "is_public": true})).await;
    assert_eq!(
        (status, &edited["name"], &edited["description"]),
        (200, &json!("Kites"), &json!("d"))
    );
    let (status, replaced) = call(&app, Method::PUT, &path, json!({"name": "New"})).await;
    assert_eq!(
        (status, &replaced["name"], &replaced["description"]),
        (200, &json!("New"), &json!(""))
    );
    assert_eq!(replaced["is_public"], false, "what is absent is as in a new list");
    assert_eq!(call(&app, Method::DELETE, &path, Value::Null).await.0, 204);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(call(&app, method, &path, Value::Null).await.0, 404);
    }
    app.stop_and_remove().await;
}
