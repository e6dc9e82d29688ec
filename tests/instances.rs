//! Several processes on one PostgreSQL database: what one process changes or tells, the others see.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says why and ends")]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::process::Process;
use support::sse::{SseEvent, SseStream};
use support::{TestDatabase, in_time};

fn client() -> reqwest::Client {
    support::client().connect_timeout(Duration::from_secs(10)).build().expect("a client")
}

async fn call(method: &str, url: String, body: Value) -> Result<(u16, Value), reqwest::Error> {
    let request = client().request(method.parse().expect("a method"), url);
    let request = if body.is_null() { request } else { request.json(&body) };
    let response = request.send().await?;
    let status = response.status().as_u16();
    Ok((status, response.json().await.unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_is_in_force_on_the_others_within_a_second() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let (here, there) = (Process::start(&database, 0).await, Process::start(&database, 0).await);
    let flock = json!({"flock_id": "f", "parameters": {"location": "nowhere"}});
    let sparrow = json!({"client_id": "s", "parent_flock_id": "f"});
    for (kind, body) in [("flock-configs", flock), ("sparrow-configs", sparrow)] {
        let made = call("POST", format!("{}/admin/api/{kind}", here.url), body).await;
        assert_eq!(made.expect("an answer").0, 201);
    }
    for place in ["Oslo", "Rome", "Lima"] {
        let url = format!("{}/admin/api/flock-configs/f", here.url);
        let patched = call("PATCH", url, json!({"parameters": {"location": place}})).await;
        assert_eq!(patched.expect("an answer").0, 200);
        let changed = Instant::now();
        loop {
            let url = format!("{}/v2/clients/s/config", there.url);
            let (_, config) = call("GET", url, Value::Null).await.expect("an answer");
            let waited = changed.elapsed();
            if config["parameters"]["location"]["value"] == place {
                break;
            }
            assert!(waited < Duration::from_secs(1), "{place} after {waited:?}: {config}");
        }
    }
    drop((here, there));
    database.remove().await;
}

/// Orders a frame from a process with an idempotency key, and repeats the request until it is answered.
async fn tell(process: &Process, number: usize) -> String {
    let body = json!({"client_id": "s", "strategy": "literal", "input_text": format!("{number}.")});
    let told = async {
        loop {
            let request = client().post(format!("{}/v1/frames", process.url));
            let request = request.header("idempotency-key", number.to_string()).json(&body);
            if let Ok(response) = request.send().await
                && response.status() == 200
                && let Ok(told) = response.json::<Value>().await
            {
                assert_eq!(told["story_frame_count"], number + 1);
                return told["story_id"].as_str().expect("an id").to_owned();
            }
        }
    };
    in_time(told).await
}

/// Opens an event stream on a process, after the event id `last`.
async fn listen(process: &Process, story: &str, last: Option<i64>) -> SseStream {
    let request = client().get(format!("{}/v2/stories/{story}/events", process.url));
    SseStream::open(match last {
        Some(last) => request.header("last-event-id", last),
        None => request,
    })
    .await
}

fn number(heard: &SseEvent) -> Option<u64> {
    heard.data["number"].as_u64().filter(|_| heard.event == "frame")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_on_one_hears_every_frame_told_on_the_other_once() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let mut ears = Process::start(&database, 0).await;
    let mut mouth = Process::start(&database, 0).await;
    let story = tell(&mouth, 0).await;
    let mut stream = listen(&ears, &story, Some(0)).await;
    let mut heard = Vec::new();
    let mut next = 1;
    for round in 0..4 {
        for _ in 0..3 {
            tell(&mouth, next).await;
            next += 1;
        }
        // Some events arrive before the restart, and some are read from the log afterwards.
        if round % 2 == 0 {
            let last = next as u64 - 2;
            heard.extend(stream.read_until(|event| number(event) == Some(last)).await);
            mouth.kill();
            mouth = Process::start(&database, 0).await;
        } else {
            ears.kill();
            while let Some(event) = stream.next().await {
                heard.push(event);
            }
            tell(&mouth, next).await;
            next += 1;
            ears = Process::start(&database, 0).await;
            stream = listen(&ears, &story, stream.last_id).await;
        }
    }
    let last = next as u64 - 1;
    heard.extend(stream.read_until(|event| number(event) == Some(last)).await);
    let frames: Vec<u64> = heard.iter().filter_map(number).collect();
    assert_eq!(frames, (0..=last).collect::<Vec<_>>(), "each frame once, in order");
    assert!(heard.is_sorted_by(|one, two| one.id < two.id), "no event twice");
    drop((ears, mouth));
    database.remove().await;
}
