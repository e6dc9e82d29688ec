//! What platforms do to processes: they stop them by a signal, freeze them between requests, and start them for a request.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::process::Process;
use super::support::provider::{FakeProvider, Reply};
use super::support::{TestDatabase, client, with_timeout};
use crate::on_both;

on_both! {
    a_stopping_process_answers_the_open_request_within_ten_seconds;
    a_frame_survives_that_its_process_is_frozen;
    a_process_that_is_up_to_date_starts_quickly;
}

fn signal(process: &Process, name: &str) {
    let pid = process.child.id().to_string();
    let sent = Command::new("kill").args([name, &pid]).status().expect("kill runs");
    assert!(sent.success(), "{name}");
}

/// Starts the program with a painter that takes this long.
async fn start(database: &TestDatabase, provider: &FakeProvider) -> Process {
    let mut variables = database.environment();
    variables.extend([
        ("OPENAI_BASE_URL", format!("{}/v1", provider.url)),
        ("CALLIOPE_TEXT_MODEL", "openai/hand".to_owned()),
        ("CALLIOPE_VISION_MODEL", "openai/eyes".to_owned()),
    ]);
    std::fs::create_dir_all(database.folder.path().join("config")).expect("created");
    let settings = "[tasks]\nlease_seconds = 1\n";
    std::fs::write(database.folder.path().join("config/calliope.toml"), settings).expect("written");
    let command = Command::new(env!("CARGO_BIN_EXE_calliope"));
    Process::start_command(command, &variables, database.folder.path(), 0).await
}

/// Starts a provider that takes this long to look at a photograph.
async fn slow_eyes(time: Duration) -> FakeProvider {
    FakeProvider::start(move |_, request| {
        if !request.path.ends_with("/chat/completions") {
            return Reply::status(404, json!({"error": {"message": "There is no such model."}}));
        }
        tokio::task::block_in_place(|| std::thread::sleep(time));
        let content = json!({"description": "A boat."}).to_string();
        Reply::ok(json!({"choices": [{"message": {"role": "assistant", "content": content},
            "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}))
    })
    .await
}

fn order(process: &Process) -> reqwest::RequestBuilder {
    let body = json!({"client_id": "s", "strategy": "show-this-frame", "input_text": "On.",
        "input_image": super::support::photo(), "debug": true});
    client().build().expect("a client").post(format!("{}/v1/frames/", process.url)).json(&body)
}

/// Returns the number of times that the provider was asked to look.
fn looks(provider: &FakeProvider) -> usize {
    provider.received().iter().filter(|request| request.path.ends_with("completions")).count()
}

async fn wait_for_look(provider: &FakeProvider) {
    with_timeout(async {
        while looks(provider) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

async fn a_stopping_process_answers_the_open_request_within_ten_seconds(database: TestDatabase) {
    let provider = slow_eyes(Duration::from_secs(2)).await;
    let mut process = start(&database, &provider).await;
    // A connection that is idle must not keep the process.
    let idle = tokio::net::TcpStream::connect(process.url.trim_start_matches("http://")).await;
    let answer = tokio::spawn(order(&process).send());
    wait_for_look(&provider).await;
    let stopped = Instant::now();
    signal(&process, "-TERM");
    let answer = answer.await.expect("sent").expect("an answer");
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!(answer["debug_data"]["i_see"], "A boat.", "{answer}");
    let status = tokio::task::spawn_blocking(move || process.child.wait()).await.expect("waited");
    assert!(status.expect("it ends").success());
    assert!(stopped.elapsed() < Duration::from_secs(10), "{:?}", stopped.elapsed());
    drop(idle);
    database.remove().await;
}

async fn a_frame_survives_that_its_process_is_frozen(database: TestDatabase) {
    let provider = slow_eyes(Duration::from_millis(500)).await;
    let process = start(&database, &provider).await;
    let answer = tokio::spawn(order(&process).send());
    wait_for_look(&provider).await;
    signal(&process, "-STOP");
    // Longer than the lease of one second.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    signal(&process, "-CONT");
    let answer = answer.await.expect("sent").expect("an answer");
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!(answer["debug_data"]["i_see"], "A boat.", "{answer}");
    assert_eq!(answer["story_frame_count"], 1);
    assert_eq!(looks(&provider), 1, "the frame was told once, by the run that was frozen");
    drop(process);
    database.remove().await;
}

async fn a_process_that_is_up_to_date_starts_quickly(database: TestDatabase) {
    let provider = slow_eyes(Duration::ZERO).await;
    drop(start(&database, &provider).await);
    let mut times = Vec::new();
    for _ in 0..3 {
        let start_time = Instant::now();
        let process = start(&database, &provider).await;
        let ready = client().build().expect("a client").get(format!("{}/livez", process.url));
        assert_eq!(ready.send().await.expect("an answer").status(), 200);
        times.push(start_time.elapsed());
    }
    let best = times.iter().min().expect("some");
    println!("from exec to the first answer: {best:?}");
    // An optimised build takes a fraction of this; what would be slow on any machine is a statement for each seed.
    assert!(*best < Duration::from_secs(3), "{times:?}");
    database.remove().await;
}
