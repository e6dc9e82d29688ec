//! Helpers for all test binaries: a database and a running service for each test.
#![allow(dead_code, unused_imports, reason = "each test binary uses its own part")]

pub mod app;
pub mod bucket;
pub mod clock;
pub mod database;
pub mod embedder;
pub mod emulators;
pub mod fixtures;
pub mod gated_image_model;
pub mod liveness;
pub mod pooler;
pub mod postgres_server;
pub mod process;
pub mod provider;
pub mod rng;
pub mod sse;
pub mod stalling_proxy;
pub mod tls_server;

pub use app::{TestApp, TestOptions, build_app};
pub use database::{POSTGRES, TestDatabase};
pub use fixtures::{base64, fixture, fixture_path, photo};
pub use liveness::stays_live;

use std::time::Duration;

use serde_json::Value;

/// Declares a test for each database.
#[macro_export]
macro_rules! on_both {
    ($($(#[$attribute:meta])* $name:ident;)*) => { $(
        mod $name {
            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                $crate::support::with_timeout(super::$name($crate::support::TestDatabase::sqlite())).await;
            }
            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(database) = $crate::support::TestDatabase::postgres().await {
                    $crate::support::with_timeout(super::$name(database)).await;
                }
            }
        }
    )* };
}

/// Returns a builder of clients for tests, which speak plain HTTP. The service chooses its own cryptography provider.
pub fn client() -> reqwest::ClientBuilder {
    // Fails after the first test of a process, when a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// Awaits a future and panics if it takes longer than 15 minutes, so that a test does not hang.
pub async fn with_timeout<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(15), future).await.expect("finished in time")
}

/// Waits a moment between two looks at something that changes without the test, so that the test leaves the processor to
/// what it waits for.
pub async fn pause() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

/// Returns the names of the files in a directory, sorted, without the marks of instances.
pub fn files(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the directory exists");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("listed").file_name().to_string_lossy().into_owned())
        .collect();
    names.retain(|name| !name.starts_with(".instance-"));
    names.sort();
    names
}

/// Sends a request and returns the status and the JSON of the response; text that is not JSON becomes a string.
pub async fn send_json(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("a response");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, value)
}
