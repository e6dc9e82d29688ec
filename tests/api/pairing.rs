//! Pairing of devices by a code on their screen.

use calliope::domain::ScopeName;
use calliope::store::NewPairing;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::identity::{start, status, token, with_token};
use crate::on_both;
use crate::support::{TestApp, TestDatabase, TestOptions, send_json, stays_live};

on_both! {
    a_device_is_paired_once;
    a_code_is_approved_in_time_or_not_at_all;
    a_stranger_does_not_end_the_code_of_a_device;
    strangers_do_not_take_all_places;
}

async fn start_pairing(app: &TestApp, client_id: &str) -> (String, String) {
    let body = json!({"client_id": client_id, "model": "badge", "firmware": "2.1 ü"});
    let (status, begun) = app.call("POST", "/v2/pairing", body).await;
    assert_eq!(status, 201, "{begun}");
    let text = |name: &str| begun[name].as_str().expect("text").to_owned();
    (text("code"), text("poll_token"))
}

async fn poll(app: &TestApp, poll_token: &str) -> (u16, Value) {
    send_json(app.get("/v2/pairing").bearer_auth(poll_token)).await
}

async fn a_device_is_paired_once(database: TestDatabase) {
    let (app, _) = start(database).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let approve = |code: &str| {
        let path = format!("/admin/api/pairing/{code}/approve");
        send_json(with_token(&app, &admin, "POST", &path))
    };
    let (code, poll_token) = start_pairing(&app, "AA:BB").await;
    assert_eq!(code.len(), 9, "{code}: it must be read off a small screen");
    let (status, waiting) = poll(&app, &poll_token).await;
    assert_eq!((status, &waiting["status"]), (202, &json!("waiting")));
    let listed = send_json(with_token(&app, &admin, "GET", "/admin/api/pairing")).await.1;
    assert_eq!(
        (&listed["items"][0]["code"], &listed["items"][0]["client_id"]),
        (&json!(code), &json!("AA:BB"))
    );
    let typed = code.replace('-', "").to_lowercase();
    let (status, approved) = approve(&typed).await;
    assert_eq!((status, &approved["client_id"]), (200, &json!("AA:BB")));
    assert_eq!(approve(&code).await.0, 409, "twice");
    let (status, paired) = poll(&app, &poll_token).await;
    assert_eq!((status, &paired["client_id"]), (200, &json!("AA:BB")));
    let device = paired["token"].as_str().expect("a token").to_owned();
    assert_eq!(poll(&app, &poll_token).await.0, 404, "once");
    assert_eq!(status_of(&app, &device, "AA:BB").await, 200);
    assert_eq!(status_of(&app, &device, "CC:DD").await, 403);
    for wrong in ["", "x", &poll_token[1..], &"x".repeat(5000)] {
        assert!(matches!(poll(&app, wrong).await.0, 404 | 422), "{wrong}");
    }
    // The device is paired again: its earlier token no longer works.
    let (code, poll_token) = start_pairing(&app, "AA:BB").await;
    approve(&code).await;
    let again = poll(&app, &poll_token).await.1["token"].as_str().expect("a token").to_owned();
    assert_eq!(status_of(&app, &device, "AA:BB").await, 403, "as v1 says it");
    assert_eq!(status_of(&app, &again, "AA:BB").await, 200);
    let audit = send_json(with_token(&app, &admin, "GET", "/admin/api/audit")).await.1.to_string();
    for secret in [&device, &again, &poll_token] {
        assert!(!audit.contains(&secret[9..]), "no secret is noted");
    }
    app.stop_and_remove().await;
}

async fn status_of(app: &TestApp, token: &str, client_id: &str) -> u16 {
    status(app, token, &format!("/v1/stories?client_id={client_id}")).await
}

async fn a_code_is_approved_in_time_or_not_at_all(database: TestDatabase) {
    let (app, clock) = start(database).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let send = |method: &str, path: &str| {
        send_json(with_token(&app, &admin, method, &format!("/admin/api/pairing/{path}")))
    };
    let (late, poll_token) = start_pairing(&app, "late").await;
    clock.advance(TimeDelta::minutes(10));
    assert_eq!(send("POST", &format!("{late}/approve")).await.0, 404);
    assert_eq!(poll(&app, &poll_token).await.0, 404);
    let (refused, poll_token) = start_pairing(&app, "stranger").await;
    assert_eq!(send("DELETE", &refused).await.0, 204);
    assert_eq!(poll(&app, &poll_token).await.0, 404);
    assert_eq!(send("POST", &format!("{refused}/approve")).await.0, 404);
    // The pairing is approved but never collected; then the clock is set back.
    let (slow, poll_token) = start_pairing(&app, "slow").await;
    assert_eq!(send("POST", &format!("{slow}/approve")).await.0, 200);
    clock.advance(TimeDelta::hours(1));
    assert_eq!(poll(&app, &poll_token).await.0, 404);
    clock.advance(TimeDelta::hours(-2));
    assert_eq!(poll(&app, &poll_token).await.0, 200, "it is in time again");
    for wrong in ["none", "%00", "AAAA-AAAA", "é"] {
        assert_eq!(send("POST", &format!("{wrong}/approve")).await.0, 404, "{wrong}");
    }
    for (body, field) in [
        (json!({}), "client_id"),
        (json!({"client_id": ""}), "client_id"),
        (json!({"client_id": "a\nb"}), "client_id"),
        (json!({"client_id": "s", "model": "x".repeat(101)}), "model"),
        (json!({"client_id": "s", "secret": 1}), "secret"),
    ] {
        let (status, problem) = app.call("POST", "/v2/pairing", body).await;
        assert_eq!((status, &problem["errors"][0]["loc"][1]), (422, &json!(field)), "{problem}");
    }
    let request = app.client.post(format!("{}/v2/pairing", app.url)).body("x".repeat(40_000));
    assert_eq!(send_json(request).await.0, 413);
    app.stop_and_remove().await;
}

async fn a_stranger_does_not_end_the_code_of_a_device(database: TestDatabase) {
    let (app, _) = start(database).await;
    let admin = token(&app, ScopeName::Admin, None, None).await;
    let send = |method: &str, path: &str| {
        send_json(with_token(&app, &admin, method, &format!("/admin/api/pairing{path}")))
    };
    let attack = async {
        let (code, device_poll) = start_pairing(&app, "kitchen").await;
        let (strange_code, stranger_poll) = start_pairing(&app, "kitchen").await;
        assert_ne!(code, strange_code);
        assert_eq!(
            (poll(&app, &device_poll).await.0, poll(&app, &stranger_poll).await.0),
            (202, 202)
        );
        let listed = send("GET", "").await.1;
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(2), "the admin sees both");
        assert_eq!(send("POST", &format!("/{code}/approve")).await.0, 200);
        // A stranger who asks between approval and collection does not end it either.
        let (late_code, late_poll) = start_pairing(&app, "kitchen").await;
        let (status, paired) = poll(&app, &device_poll).await;
        assert_eq!((status, &paired["client_id"]), (200, &json!("kitchen")));
        let device = paired["token"].as_str().expect("a token").to_owned();
        assert_eq!(poll(&app, &stranger_poll).await.0, 404, "the device's other codes ended");
        assert_eq!(send("POST", &format!("/{strange_code}/approve")).await.0, 404);
        assert_eq!(poll(&app, &late_poll).await.0, 202);
        assert_eq!(send("DELETE", &format!("/{late_code}")).await.0, 204);
        assert_eq!(poll(&app, &late_poll).await.0, 404);
        assert_eq!(status_of(&app, &device, "kitchen").await, 200, "and nobody revoked its token");
        // A refused stranger leaves the device's code alone, and codes of other clients too.
        let (own, own_poll) = start_pairing(&app, "hall").await;
        let (strange, _) = start_pairing(&app, "hall").await;
        let (_, other_poll) = start_pairing(&app, "attic").await;
        assert_eq!(send("DELETE", &format!("/{strange}")).await.0, 204);
        assert_eq!(send("POST", &format!("/{own}/approve")).await.0, 200);
        assert_eq!((poll(&app, &own_poll).await.0, poll(&app, &other_poll).await.0), (200, 202));
    };
    stays_live(&app, attack).await;
    app.stop_and_remove().await;
}

/// Has `count` devices of an address wait, as if their requests had come over hours.
async fn fill(app: &TestApp, address: &str, count: usize) {
    let now = app.clock.now();
    let mut tx = app.store.begin().await.expect("begun");
    for n in 0..count {
        let name = format!("{address} {n}");
        let mut poll_sha256 = [0; 32];
        let bytes = &name.as_bytes()[..name.len().min(32)];
        poll_sha256[..bytes.len()].copy_from_slice(bytes);
        let new = NewPairing {
            code: &name,
            poll_sha256: &poll_sha256,
            client_id: "kitchen",
            model: None,
            firmware: None,
            address,
            until: now + TimeDelta::minutes(10),
            now,
        };
        tx.begin_pairing(new).await.expect("inserted");
    }
    tx.save().await.expect("saved");
}

async fn strangers_do_not_take_all_places(database: TestDatabase) {
    let options = TestOptions { trusted_proxies: &["127.0.0.1/32"], ..TestOptions::default() };
    let app = TestApp::start_with(database, options).await;
    let start_from = |address: &'static str, client_id: &'static str| {
        let post = app.client.post(format!("{}/v2/pairing", app.url));
        let post = post.header("x-forwarded-for", address).json(&json!({"client_id": client_id}));
        send_json(post)
    };
    let attack = async {
        // A stranger at one address, in the same network as a device.
        fill(&app, "192.0.2.66", 50).await;
        let (status, refused) = start_from("192.0.2.66", "stranger").await;
        assert_eq!(status, 429, "{refused}");
        assert_eq!(start_from("192.0.2.7", "hall").await.0, 201, "its neighbour");
        // Strangers with a whole network, who take all places.
        for (host, count) in (0..18).map(|host| (host, 50)).chain([(18, 49)]) {
            fill(&app, &format!("198.51.100.{host}"), count).await;
        }
        for client_id in ["attic", "cellar"] {
            let (status, begun) = start_from("203.0.113.7", client_id).await;
            assert_eq!(status, 201, "{begun}");
            let poll_token = begun["poll_token"].as_str().expect("a token");
            assert_eq!(poll(&app, poll_token).await.0, 202);
        }
        assert_eq!(start_from("198.51.100.99", "one more").await.0, 201, "a fair part");
    };
    stays_live(&app, attack).await;
    let mut tx = app.store.begin().await.expect("begun");
    let waiting = tx.waiting_pairings(app.clock.now()).await.expect("read");
    drop(tx);
    assert_eq!(waiting.len(), 1000);
    let of = |address: &str| waiting.iter().filter(|waits| waits.address == address).count();
    assert_eq!((of("192.0.2.7"), of("203.0.113.7")), (1, 2), "the devices still wait");
    app.stop_and_remove().await;
}
