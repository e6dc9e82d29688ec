//! What a frame costs in statements and transactions, which does not depend on the machine.

use calliope::settings::MemorySettings;
use calliope::store::TaskFilter;
use serde_json::{Value, json};

use super::Capability;
use super::failures::good_answer;
use super::frames::{capability_of, fern_answer, options};
use super::support::provider::{FakeProvider, Reply};
use super::support::{TestApp, TestDatabase, TestOptions, photo};
use crate::on_both;

on_both! {
    a_frame_takes_few_statements;
    learning_from_a_frame_takes_few_more;
    a_frame_within_a_budget_makes_one_reservation;
    a_frame_of_the_offline_provider_takes_few_statements;
}

/// The number of frames of which the usual one counts.
const FRAMES: i64 = 9;

/// What a frame cost.
#[derive(Debug, Clone, Copy)]
struct Cost {
    statements: u64,
    saved: u64,
    synced: u64,
}

/// Returns what a frame costs, with the tasks that follow from it. Work that has nothing to do with it happens once in a
/// while, and a transaction that is open at the start or the end counts for another frame. So the usual number of
/// transactions of several frames counts, and the fewest statements with it. On a slow machine, a step that lasts long is
/// recorded; that is not counted.
async fn frame_cost(app: &TestApp) -> Cost {
    let per_step = if app.store.is_sqlite() { 2 } else { 4 };
    let mut costs = Vec::new();
    for _ in 0..FRAMES {
        let last_event = app.store.last_event_id().await.expect("read");
        let before = app.store.activity();
        app.create_frame(frame_body()).await;
        let mut own_reads = 0;
        loop {
            own_reads += 1;
            let tasks = app.store.tasks(TaskFilter::default(), 10).await.expect("listed");
            // PostgreSQL shows what was saved to others before it answers the one that saved it.
            let is_saved = app.store.activity().dropped == before.dropped || own_reads > 1000;
            if is_saved && tasks.iter().all(|task| task.date_completed.is_some()) {
                break;
            }
            tokio::task::yield_now().await;
        }
        let after = app.store.activity();
        let events = app.store.events_after(last_event, 1000).await.expect("read");
        let steps = events.iter().filter(|event| event.payload["step"].is_string()).count() as u64;
        costs.push(Cost {
            statements: (after.statements - before.statements)
                .saturating_sub(own_reads + per_step * steps),
            saved: (after.saved - before.saved).saturating_sub(steps),
            synced: (after.synced - before.synced).saturating_sub(steps),
        });
    }
    let frequency = |cost: &Cost| costs.iter().filter(|other| other.saved == cost.saved).count();
    let usual = costs.iter().max_by_key(|cost| frequency(cost)).expect("a frame").saved;
    let usual = costs.iter().filter(|cost| cost.saved == usual);
    *usual.min_by_key(|cost| cost.statements).expect("a frame")
}

fn frame_body() -> Value {
    json!({
        "client_id": "s", "strategy": "fern", "input_image": photo(), "output_image_format": "rgb565",
        "output_image_width": 320, "output_image_height": 320,
    })
}

async fn provider() -> FakeProvider {
    FakeProvider::start(|number, request| match capability_of(request) {
        Capability::Structured => Reply::ok(fern_answer(number)),
        other => Reply::ok(good_answer(other)),
    })
    .await
}

/// Without learning, so that no task follows from a frame.
fn without_learning(options: TestOptions) -> TestOptions {
    let memory = MemorySettings { learning: false, ..MemorySettings::default() };
    TestOptions { memory, ..options }
}

async fn a_frame_takes_few_statements(database: TestDatabase) {
    // On PostgreSQL, a transaction with events takes two more: a lock, so that events become readable in their order, and
    // the notice to other instances.
    let more = if database.postgres.is_some() { 4 } else { 0 };
    let provider = provider().await;
    let app = TestApp::start_with(database, without_learning(options(&provider.url))).await;
    let cost = frame_cost(&app).await;
    assert!(cost.statements <= 21 + more, "{cost:?}");
    // One accepts the order, one claims the task, and one saves the frame with its model calls.
    assert_eq!((cost.saved, cost.synced), (3, 2), "{cost:?}");
    app.stop_and_remove().await;
}

async fn learning_from_a_frame_takes_few_more(database: TestDatabase) {
    let more = if database.postgres.is_some() { 6 } else { 0 };
    let provider = provider().await;
    let app = TestApp::start_with(database, options(&provider.url)).await;
    let cost = frame_cost(&app).await;
    assert!(cost.statements <= 29 + more, "{cost:?}");
    // What is learned of a frame can be learned again, so it does not wait for the disk.
    assert_eq!((cost.saved, cost.synced), (5, 2), "{cost:?}");
    app.stop_and_remove().await;
}

async fn a_frame_within_a_budget_makes_one_reservation(database: TestDatabase) {
    let provider = provider().await;
    let app = TestApp::start_with(database, without_learning(options(&provider.url))).await;
    for (path, body) in [
        ("/admin/api/flock-configs", json!({"flock_id": "rich", "budget_per_day": 500.0})),
        ("/admin/api/sparrow-configs", json!({"client_id": "s", "parent_flock_id": "rich"})),
    ] {
        let (status, answer) = app.call("POST", path, body).await;
        assert_eq!(status, 201, "{answer}");
    }
    let cost = frame_cost(&app).await;
    assert_eq!((cost.saved, cost.synced), (4, 3), "{cost:?}");
    // All calls are recorded, and the budgets have what they cost.
    let day = app.clock.now().date_naive();
    let since = app.app.started_at() - chrono::TimeDelta::hours(1);
    let calls = app.store.call_counts_since(since).await.expect("counted");
    let total: i64 = calls.iter().map(|call| call.micro_usd).sum();
    for scope in ["the flock rich", "the installation"] {
        assert_eq!(app.store.spent_on(scope, day).await.expect("read"), total, "{scope}");
    }
    assert!(total > 0 && calls.iter().all(|call| call.calls == FRAMES), "{calls:?}");
    app.stop_and_remove().await;
}

async fn a_frame_of_the_offline_provider_takes_few_statements(database: TestDatabase) {
    let more = if database.postgres.is_some() { 4 } else { 0 };
    let app = TestApp::start_with(database, without_learning(TestOptions::default())).await;
    let cost = frame_cost(&app).await;
    assert!(cost.statements <= 19 + more, "{cost:?}");
    assert_eq!((cost.saved, cost.synced), (3, 2), "{cost:?}");
    app.stop_and_remove().await;
}
