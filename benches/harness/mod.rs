//! What the benches of the whole service share: a provider and instances of the program, each in a process of its own, and
//! the meters that read what those processes use. The bench itself is the client.
#![allow(dead_code, reason = "each bench uses its own part")]

pub mod instance;
pub mod meter;
pub mod provider;
pub mod readings;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support;
use instance::Instance;

/// Returns the body of a request for a v1 frame with a photo of 640×480 pixels and a picture of 320×320 pixels.
pub fn frame_request(client_id: &str) -> Value {
    json!({
        "client_id": client_id, "input_image": support::photo(), "output_image_format": "rgb565",
        "output_image_width": 320, "output_image_height": 320,
    })
}

/// Does something `count` times, one after another. Prints the latency, and the processor time that each of them took of the
/// service.
pub async fn measure_each(service: &Instance, what: &str, count: u32, work: impl AsyncFn()) {
    let before = service.processor_time();
    let mut times = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        work().await;
        times.push(started.elapsed());
    }
    let processor = service.processor_time().saturating_sub(before) / count;
    let (median, p99) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
    for (name, time) in
        [("median latency", median), ("p99 latency", p99), ("processor time", processor)]
    {
        show(&format!("{what}: {name}"), &format!("{:.2} ms", milliseconds(time)));
    }
}

pub fn show(what: &str, figure: &str) {
    println!("{what:<58} {figure}");
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Returns the time below which `share` of the times lie; zero if there are none. Sorts the times.
pub fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    times.get((last as f64 * share) as usize).copied().unwrap_or_default()
}

/// Returns the program to measure: the one that cargo built for this bench, or another build that
/// `CALLIOPE_BENCH_PROGRAM` names, such as that of an image.
pub fn program() -> String {
    let other = std::env::var("CALLIOPE_BENCH_PROGRAM");
    other.unwrap_or_else(|_| env!("CARGO_BIN_EXE_calliope").to_owned())
}
