//! What strangers must not achieve with logins and cookies.

use calliope::domain::ScopeName;
use serde_json::json;

use crate::identity::{create_user, session, token};
use crate::on_both;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json, stays_live};

on_both! {
    a_stranger_does_not_lock_the_owner_out;
    a_get_that_tells_a_frame_needs_a_page_of_its_own_host;
}

async fn a_stranger_does_not_lock_the_owner_out(database: TestDatabase) {
    let options = TestOptions {
        api_key: Some("a-shared-key-1234"),
        trusted_proxies: &["127.0.0.1/32"],
        ..TestOptions::default()
    };
    let app = TestApp::start_with(database, options).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    create_user(&app, &admin, "anna", "correct horse battery").await;
    let login_from = |address: String, password: &'static str| {
        let body = json!({"username": "anna", "password": password});
        let post = app.client.post(format!("{}/admin/api/login", app.url));
        let request = post.header("x-forwarded-for", address).json(&body).send();
        async move { request.await.expect("an answer").status().as_u16() }
    };
    let attack = async {
        let mut statuses = Vec::new();
        for _ in 0..8 {
            statuses.push(login_from("192.0.2.66".to_owned(), "a stranger's guess").await);
        }
        assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
        // Each guess takes a core for a while, so many at once come from many networks.
        let strangers = (0..12).map(|network| {
            let address = format!("2001:db8:{network:x}::1");
            login_from(address, "a stranger's guess")
        });
        let statuses = futures_util::future::join_all(strangers).await;
        assert!(statuses.iter().all(|status| matches!(status, 401 | 429)), "{statuses:?}");
        assert_eq!(login_from("198.51.100.7".to_owned(), "correct horse battery").await, 200);
    };
    stays_live(&app, attack).await;
    app.stop_and_remove().await;
}

async fn a_get_that_tells_a_frame_needs_a_page_of_its_own_host(database: TestDatabase) {
    let key = "a-shared-key-1234";
    let options = TestOptions { api_key: Some(key), ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    create_user(&app, &admin, "anna", "correct horse battery").await;
    let session = session(&app, "anna", "correct horse battery").await;
    let order = "/v1/frames?client_id=s&strategy=literal&input_text=Told.";
    let ask = |path: &str, cookie: &str, (name, value): (&'static str, &'static str)| {
        send_json(app.get(path).header("cookie", cookie.to_owned()).header(name, value))
    };
    let foreign = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/page"),
        ("origin", "null"),
    ];
    let key_cookie = format!("api_key={key}");
    let attack = async {
        for header in foreign {
            for path in [order, "/v1/frames/?client_id=s&strategy=literal&input_text=Told."] {
                assert_eq!(ask(path, &session, header).await.0, 403, "{header:?}");
                assert_eq!(ask(path, &key_cookie, header).await.0, 403, "{header:?}");
            }
            let read = ask("/v1/stories?client_id=s", &session, header).await;
            assert_eq!(read.0, 200, "it only reads");
        }
    };
    stays_live(&app, attack).await;
    assert_eq!(ask(order, &session, ("x-plain", "1")).await.0, 403, "where does it come from?");
    assert!(app.store.current_story("s").await.expect("read").is_none(), "no frame was told");
    assert_eq!(ask(order, &session, ("sec-fetch-site", "same-origin")).await.0, 200);
    assert_eq!(ask(order, &key_cookie, ("sec-fetch-site", "same-origin")).await.0, 200);
    assert_eq!(ask(order, &key_cookie, ("x-plain", "1")).await.0, 200, "a device, not a browser");
    // A key that a page sends itself is no cookie: the page has it.
    let with_key = app.get(order).header("x-api-key", key).header("sec-fetch-site", "cross-site");
    assert_eq!(send_json(with_key).await.0, 200);
    let post =
        app.post_frame(&json!({"client_id": "s", "strategy": "literal", "input_text": "T."}));
    let post = post.header("cookie", key_cookie).header("origin", "https://evil.example");
    assert_eq!(send_json(post).await.0, 403);
    app.stop_and_remove().await;
}
