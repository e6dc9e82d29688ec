//! Several processes on one PostgreSQL database: what one process changes or tells, the others see, also if each has a
//! disk of its own.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says why and ends"
)]

#[path = "instances/disks.rs"]
mod disks;
#[path = "instances/limits.rs"]
mod limits;
#[path = "instances/photographs.rs"]
mod photographs;
#[path = "instances/signals.rs"]
mod signals;
mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::process::Process;
use support::sse::{SseEvent, SseStream};
use support::{TestDatabase, pause, with_timeout};

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
            pause().await;
        }
    }
    drop((here, there));
    database.remove().await;
}

/// Orders a frame from a process with an idempotency key, and repeats the request until it is answered.
async fn tell(process: &Process, number: usize) -> String {
    let body = json!({"client_id": "s", "strategy": "literal", "input_text": format!("{number}.")});
    let until_answered = async {
        loop {
            let request = client().post(format!("{}/v1/frames", process.url));
            let request = request.header("idempotency-key", number.to_string()).json(&body);
            if let Ok(response) = request.send().await
                && response.status() == 200
                && let Ok(created) = response.json::<Value>().await
            {
                assert_eq!(created["story_frame_count"], number + 1);
                return created["story_id"].as_str().expect("an id").to_owned();
            }
            pause().await;
        }
    };
    with_timeout(until_answered).await
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

fn number(received: &SseEvent) -> Option<u64> {
    received.data["number"].as_u64().filter(|_| received.event == "frame")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_on_one_hears_every_frame_told_on_the_other_once() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let mut subscriber = Process::start(&database, 0).await;
    let mut publisher = Process::start(&database, 0).await;
    let story = tell(&publisher, 0).await;
    let mut stream = listen(&subscriber, &story, Some(0)).await;
    let mut received = Vec::new();
    let mut next = 1;
    for round in 0..4 {
        for _ in 0..3 {
            tell(&publisher, next).await;
            next += 1;
        }
        // Some events arrive before the restart, and some are read from the log afterwards.
        if round % 2 == 0 {
            let last = next as u64 - 2;
            received.extend(stream.read_until(|event| number(event) == Some(last)).await);
            publisher.kill();
            publisher = Process::start(&database, 0).await;
        } else {
            subscriber.kill();
            while let Some(event) = stream.next().await {
                received.push(event);
            }
            tell(&publisher, next).await;
            next += 1;
            subscriber = Process::start(&database, 0).await;
            stream = listen(&subscriber, &story, stream.last_id).await;
        }
    }
    let last = next as u64 - 1;
    received.extend(stream.read_until(|event| number(event) == Some(last)).await);
    let frames: Vec<u64> = received.iter().filter_map(number).collect();
    assert_eq!(frames, (0..=last).collect::<Vec<_>>(), "each frame once, in order");
    assert!(received.is_sorted_by(|one, two| one.id < two.id), "no event twice");
    drop((subscriber, publisher));
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_reaches_a_device_once_and_a_blackout_is_on_everywhere_at_once() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let (here, there) = (Process::start(&database, 0).await, Process::start(&database, 0).await);
    tell(&here, 0).await;
    let next = async |process: &Process, query: &str| {
        let url = format!("{}/v2/clients/s/next{query}", process.url);
        let answer = client().get(url).send().await.expect("an answer");
        let header = |name: &str| {
            let value = answer.headers().get(name);
            value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (etag, command) = (header("etag"), header("x-command"));
        (etag.trim_matches('"').to_owned(), command, answer.json().await.unwrap_or(Value::Null))
    };
    let send = async |command: &str| {
        let url = format!("{}/admin/api/flock-configs/default/commands", here.url);
        let sent = call("POST", url, json!({"command": command})).await.expect("an answer");
        assert_eq!(sent.0, 200, "{}", sent.1);
    };
    let (etag, ..) = next(&there, "").await;
    // A device that waits at another instance is told within a second, and again when the blackout ends.
    let (mut known, mut lit) = (etag.clone(), true);
    for command in ["blackout", "resume", "blackout"] {
        let query = format!("?wait=60&etag={known}");
        let sending = async {
            send(command).await;
            Instant::now()
        };
        let ((_, got, frame), sent) = tokio::join!(next(&there, &query), sending);
        assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
        assert_eq!(got, command);
        lit = !lit;
        // The command may arrive a moment before its instance knows that the screen is black.
        let text = if lit { "0.\n" } else { "\n" };
        assert_eq!(frame["text"], text, "after {command}");
        known = next(&there, "").await.0;
        assert_eq!(known == etag, lit);
    }
    // Of polls at both at the same time, one gets the command.
    for _ in 0..5 {
        send("identify").await;
        let polls =
            tokio::join!(next(&here, ""), next(&there, ""), next(&here, ""), next(&there, ""));
        let mut got = vec![polls.0.1, polls.1.1, polls.2.1, polls.3.1];
        let asked = Instant::now();
        // The other instance may learn of it a quarter of a second later.
        while !got.contains(&"identify".to_owned()) && asked.elapsed() < Duration::from_secs(1) {
            got.push(next(&there, "").await.1);
        }
        assert_eq!(got.iter().filter(|command| *command == "identify").count(), 1, "{got:?}");
    }
    drop((here, there));
    let again = Process::start(&database, 0).await;
    let (_, command, frame) = next(&again, "").await;
    assert_eq!((&*command, &frame["text"]), ("", &json!("\n")), "it outlasts a restart");
    drop(again);
    database.remove().await;
}
