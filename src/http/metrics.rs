//! `GET /metrics`: the process's metrics, in Prometheus's text format.

use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;

use super::HttpState;
use crate::app::{DatabaseActivity, SystemLoad};
use crate::telemetry::{write_counter, write_gauge};

/// The content type of Prometheus's text format.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Get the metrics
///
/// The response is in Prometheus's text format.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, body = str, content_type = "text/plain")))]
pub(super) async fn get(
    State(state): State<HttpState>,
) -> ([(HeaderName, &'static str); 1], String) {
    let mut text = state.meters.render();
    let version = concat!("version=\"", env!("CARGO_PKG_VERSION"), "\"");
    write_gauge(
        &mut text,
        "calliope_build_info",
        "The version that runs; the value is always 1.",
        &[(version, 1.0)],
    );
    let started = state.app.started_at().timestamp_millis() as f64 / 1000.0;
    let meaning = "When this process started, in seconds since 1970.";
    write_gauge(&mut text, "process_start_time_seconds", meaning, &[("", started)]);
    write_load(&mut text, &state.app.ops().system_load().await);
    ([(CONTENT_TYPE, FORMAT)], text)
}

/// Writes the gauges that are measured when they are asked for. A part that cannot be measured is left out.
fn write_load(text: &mut String, load: &SystemLoad) {
    if let Some(waiting) = load.queue {
        let meaning = "Tasks that wait for a worker, an earlier task or their next attempt.";
        write_gauge(text, "calliope_tasks_waiting", meaning, &[("", waiting.tasks as f64)]);
        let meaning = "Seconds for which the task that has been due longest has waited.";
        let oldest = waiting.oldest_wait.to_std().unwrap_or_default().as_secs_f64();
        write_gauge(text, "calliope_oldest_waiting_task_age_seconds", meaning, &[("", oldest)]);
    }
    if let Some(unsynced) = load.sync_backlog {
        let meaning = "Files that are on a local disk only and wait to be uploaded to the bucket.";
        write_gauge(text, "calliope_media_unsynced_files", meaning, &[("", unsynced.files as f64)]);
        let meaning = "Bytes in files that wait to be uploaded to the bucket.";
        write_gauge(text, "calliope_media_unsynced_bytes", meaning, &[("", unsynced.bytes as f64)]);
        let oldest =
            unsynced.oldest.map(|oldest| (load.measured_at - oldest).to_std().unwrap_or_default());
        let meaning = "Seconds for which the oldest file has waited to be uploaded.";
        let seconds = oldest.unwrap_or_default().as_secs_f64();
        write_gauge(text, "calliope_media_oldest_unsynced_age_seconds", meaning, &[("", seconds)]);
    }
    if let Some(is_up) = load.is_bucket_up {
        let meaning = "Whether the bucket works: 1 if it does, else 0.";
        write_gauge(text, "calliope_bucket_up", meaning, &[("", f64::from(u8::from(is_up)))]);
    }
    let (mut open, mut max) = (Vec::new(), Vec::new());
    for pool in &load.connections {
        let busy = pool.open.saturating_sub(pool.idle);
        open.push((format!("pool=\"{}\",state=\"busy\"", pool.pool), f64::from(busy)));
        open.push((format!("pool=\"{}\",state=\"idle\"", pool.pool), f64::from(pool.idle)));
        max.push((format!("pool=\"{}\"", pool.pool), f64::from(pool.max)));
    }
    write_gauge(text, "calliope_database_connections", "Open connections to the database.", &open);
    let meaning = "The most connections to the database that may be open at once.";
    write_gauge(text, "calliope_database_connections_max", meaning, &max);
    let meaning = "Statements sent to the database, without those that begin and end transactions.";
    let statements = load.database.statements as f64;
    write_counter(text, "calliope_database_statements_total", meaning, &[("", statements)]);
    let meaning = "Transactions that write. Only those that are synced wait for the disk.";
    let DatabaseActivity { saved, synced, dropped, .. } = load.database;
    let transactions = [
        ("outcome=\"synced\"", synced as f64),
        ("outcome=\"saved\"", saved.saturating_sub(synced) as f64),
        ("outcome=\"dropped\"", dropped as f64),
    ];
    write_counter(text, "calliope_database_transactions_total", meaning, &transactions);
}
