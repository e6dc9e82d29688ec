//! Budgets: the cost that is reserved before a call and settled after it, under concurrent calls.

use std::sync::Arc;
use std::time::Duration;

use calliope::app::SpendLedger;
use calliope::compute::Compute;
use calliope::domain::{Clock, SystemClock};
use calliope::inference::{
    ApiKeys, Budget, Model, ModelChains, ModelSession, ModelSessionParts, Prices, Registry,
    SpendAccount, Timeouts,
};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::{Map, json};
use tokio::time::Instant;

use super::failures::good_answer;
use super::support::provider::{FakeProvider, Reply};
use super::support::{TestDatabase, pause, with_timeout};
use super::{Capability, ask, registry};
use crate::on_both;

on_both! {
    a_thousand_at_once_never_spend_more_than_there_is;
    what_is_set_aside_is_settled;
    a_call_without_usage_costs_what_was_set_aside;
    a_call_that_nobody_waits_for_any_more_is_written_down;
    one_reservation_pays_for_all_calls_of_a_session;
    what_a_kill_leaves_unsettled_stays_spent;
}

const SCOPE: &str = "the installation";

fn priced(prices: Prices) -> ModelChains {
    ModelChains {
        text: vec![Model { prices, ..Model::new("openai", "m") }],
        ..ModelChains::default()
    }
}

fn model_session(
    registry: Registry,
    chains: ModelChains,
    budgets: Vec<Budget>,
    timeout: Duration,
) -> ModelSession {
    ModelSession::new(ModelSessionParts {
        registry,
        compute: Compute::new(),
        chains,
        keys: ApiKeys::default(),
        account: SpendAccount {
            client_id: Some("s".to_owned()),
            budgets,
            ..SpendAccount::default()
        },
        timeouts: Timeouts { text: timeout, ..Timeouts::default() },
        deadline: Instant::now() + Duration::from_mins(5),
        memories: Map::new(),
    })
}

fn budget(scope: &str, micro_usd: Option<i64>) -> Budget {
    Budget { scope: scope.to_owned(), micro_usd }
}

fn text_answer() -> Reply {
    Reply::ok(json!({"choices": [{"message": {"content": "The fox ran."}}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 10}}))
}

async fn a_thousand_at_once_never_spend_more_than_there_is(database: TestDatabase) {
    let store = database.store().await;
    let provider = FakeProvider::start(|_, _| text_answer()).await;
    let book = SpendLedger::new(store.clone(), Arc::new(SystemClock));
    let registry = registry(&provider.url).with_ledger(Arc::new(book));
    let prices = Prices { call: 0.01, ..Prices::default() };
    let day = SystemClock.now().date_naive();
    let mut asking: FuturesUnordered<_> = (0..1000)
        .map(|_| {
            let session = model_session(
                registry.clone(),
                priced(prices),
                vec![budget(SCOPE, Some(1_000_000))],
                Duration::from_mins(4),
            );
            tokio::spawn(async move {
                let answer = ask(&session, Capability::Text).await.expect("someone always tells");
                session.pending_spend().settle().await;
                (answer == "The fox ran.", session.into_notes_and_memories().0)
            })
        })
        .collect();
    let (mut paid, mut offline) = (0, 0);
    while let Some(answer) = asking.next().await {
        let (was_paid, notes) = answer.expect("no panic");
        if was_paid {
            paid += 1;
        } else {
            offline += 1;
            assert!(notes[0].contains("because the OpenAI-compatible server was not asked, because today's budget of the installation is used up"), "{notes:?}");
        }
    }
    assert_eq!((paid, offline), (100, 900));
    assert_eq!(provider.received().len(), 100);
    assert_eq!(store.spent_on(SCOPE, day).await.expect("read"), 1_000_000);
    let since = SystemClock.now() - chrono::TimeDelta::hours(1);
    let calls = store.call_counts_since(since).await.expect("counted");
    let calls: Vec<_> = calls.iter().map(|c| (c.outcome.as_str(), c.calls, c.micro_usd)).collect();
    assert_eq!(calls, [("done", 100, 1_000_000), ("over_budget", 900, 0)]);
    store.close().await;
    database.remove().await;
}

async fn what_is_set_aside_is_settled(database: TestDatabase) {
    let store = database.store().await;
    let provider = FakeProvider::start(|number, _| match number {
        0 => text_answer(),
        1 => Reply::status(401, json!({})),
        _ => Reply::Stall,
    })
    .await;
    let book = SpendLedger::new(store.clone(), Arc::new(SystemClock));
    let registry = registry(&provider.url).with_ledger(Arc::new(book));
    // A thousand input tokens cost a cent. The reservation also includes the price of a call and of all tokens that it
    // may write.
    let prices =
        Prices { input_tokens: 10.0, output_tokens: 100.0, call: 0.001, ..Prices::default() };
    let day = SystemClock.now().date_naive();
    let tell = async |timeout: Duration| {
        let flock = budget("the flock f", Some(10_000_000));
        let budgets = vec![budget(SCOPE, None), flock];
        let session = model_session(registry.clone(), priced(prices), budgets, timeout);
        ask(&session, Capability::Text).await.expect("someone always tells");
        session.pending_spend().settle().await;
        (
            store.spent_on(SCOPE, day).await.expect("read"),
            store.spent_on("the flock f", day).await.expect("read"),
        )
    };
    let cost = 10_000 + 1_000 + 1_000;
    assert_eq!(tell(Duration::from_secs(20)).await, (cost, cost), "what it did cost");
    assert_eq!(tell(Duration::from_secs(20)).await, (cost, cost), "what failed costs nothing");
    let (after, _) = tell(Duration::from_millis(200)).await;
    assert!(after > cost + 60_000, "what may have been done is paid for in full: {after}");
    store.close().await;
    database.remove().await;
}

async fn a_call_without_usage_costs_what_was_set_aside(database: TestDatabase) {
    let store = database.store().await;
    let usages = [
        json!({"prompt_tokens": 1000, "completion_tokens": 10}),
        json!({"input_tokens": "1000", "output_tokens": 10.0}),
        json!({"total_tokens": 1010, "prompt_tokens": 1000}),
        json!(null),
        json!({}),
        json!({"prompt_tokens": 0, "completion_tokens": 0}),
        json!({"prompt_tokens": -5, "completion_tokens": "many"}),
        json!({"prompt_tokens": 1000}),
    ];
    let answers = usages.clone();
    let provider = FakeProvider::start(move |number, _| {
        Reply::ok(
            json!({"choices": [{"message": {"content": "The fox ran."}, "finish_reason": "stop"}],
            "usage": answers[number]}),
        )
    })
    .await;
    let book = SpendLedger::new(store.clone(), Arc::new(SystemClock));
    let registry = registry(&provider.url).with_ledger(Arc::new(book));
    let prices = Prices { input_tokens: 10.0, output_tokens: 100.0, ..Prices::default() };
    let day = SystemClock.now().date_naive();
    let mut costs = Vec::new();
    let mut before = 0;
    for _ in &usages {
        let budgets = vec![budget(SCOPE, None)];
        let session =
            model_session(registry.clone(), priced(prices), budgets, Duration::from_secs(20));
        assert_eq!(ask(&session, Capability::Text).await.as_deref(), Some("The fox ran."));
        session.pending_spend().settle().await;
        let spent = store.spent_on(SCOPE, day).await.expect("read");
        costs.push(spent - before);
        before = spent;
    }
    let reported = 10_000 + 1_000;
    // The prompt "Tell." counts as 52 tokens, and the model may write 600.
    let reserved = 520 + 60_000;
    assert_eq!(costs[..3], [reported; 3]);
    assert_eq!(costs[3..7], [reserved; 4]);
    assert_eq!(costs[7], 10_000 + 60_000);
    store.close().await;
    database.remove().await;
}

async fn a_call_that_nobody_waits_for_any_more_is_written_down(database: TestDatabase) {
    let store = database.store().await;
    let provider = FakeProvider::start(|_, _| Reply::Stall).await;
    let book = SpendLedger::new(store.clone(), Arc::new(SystemClock));
    let registry = registry(&provider.url).with_ledger(Arc::new(book));
    let prices = Prices { call: 0.01, ..Prices::default() };
    let budgets = vec![budget(SCOPE, None)];
    let session = model_session(registry, priced(prices), budgets, Duration::from_mins(1));
    let until_called = async {
        while provider.received().is_empty() {
            pause().await;
        }
    };
    tokio::select! {
        _ = ask(&session, Capability::Text) => panic!("nobody answers"),
        () = with_timeout(until_called) => {}
    }
    drop(session);
    let since = SystemClock.now() - chrono::TimeDelta::hours(1);
    let written = async {
        loop {
            let calls = store.call_counts_since(since).await.expect("counted");
            if let Some(call) = calls.first() {
                return (call.outcome.clone(), call.calls, call.micro_usd);
            }
            pause().await;
        }
    };
    assert_eq!(with_timeout(written).await, ("abandoned".to_owned(), 1, 10_000));
    store.close().await;
    database.remove().await;
}

/// A text and an image model with prices, of which a picture costs a dollar.
fn priced_frame() -> ModelChains {
    let text = Prices { call: 0.01, ..Prices::default() };
    let image = Prices { image: 1.0, ..Prices::default() };
    ModelChains {
        text: vec![Model { prices: text, ..Model::new("openai", "m") }],
        image: vec![Model { prices: image, ..Model::new("openai", "gpt-image-1") }],
        ..ModelChains::default()
    }
}

async fn one_reservation_pays_for_all_calls_of_a_session(database: TestDatabase) {
    let store = database.store().await;
    let provider = FakeProvider::start(|_, request| match request.path.as_str() {
        "/images/generations" => Reply::ok(good_answer(Capability::Image)),
        _ => text_answer(),
    })
    .await;
    let book = SpendLedger::new(store.clone(), Arc::new(SystemClock));
    let registry = registry(&provider.url).with_ledger(Arc::new(book));
    let day = SystemClock.now().date_naive();
    let session = |scope: &str, limit: i64| {
        let budgets = vec![budget(scope, Some(limit)), budget(SCOPE, None)];
        model_session(registry.clone(), priced_frame(), budgets, Duration::from_secs(20))
    };
    let spent = async |scope: &str| store.spent_on(scope, day).await.expect("read");

    // The first call reserves for the second one too.
    let rich = session("rich", 5_000_000);
    let before = store.activity();
    ask(&rich, Capability::Text).await.expect("told");
    assert_eq!(spent("rich").await, 1_010_000);
    assert_eq!(ask(&rich, Capability::Image).await.as_deref(), Some("451x300"));
    assert_eq!(store.activity().saved - before.saved, 1, "one reservation");
    assert_eq!(spent(SCOPE).await, 0, "what has no limit is not reserved");
    rich.pending_spend().settle().await;
    assert_eq!(store.activity().saved - before.saved, 2, "and one settlement");
    assert_eq!((spent("rich").await, spent(SCOPE).await), (1_010_000, 1_010_000));

    // If there is not enough for both, each call reserves what it needs itself.
    let poor = session("poor", 500_000);
    assert_eq!(ask(&poor, Capability::Text).await.as_deref(), Some("The fox ran."));
    assert_eq!(spent("poor").await, 10_000);
    ask(&poor, Capability::Image).await.expect("the offline painter paints");
    poor.pending_spend().settle().await;
    assert_eq!(spent("poor").await, 10_000);
    let notes = poor.into_notes_and_memories().0.join(" ");
    assert!(notes.contains("today's budget of poor is used up"), "{notes}");

    // What was reserved and is not needed is given back.
    let thrifty = session("thrifty", 5_000_000);
    ask(&thrifty, Capability::Text).await.expect("told");
    assert_eq!(spent("thrifty").await, 1_010_000);
    thrifty.pending_spend().settle().await;
    assert_eq!(spent("thrifty").await, 10_000);
    store.close().await;
    database.remove().await;
}

async fn what_a_kill_leaves_unsettled_stays_spent(database: TestDatabase) {
    let store = database.store().await;
    let provider = FakeProvider::start(|_, _| text_answer()).await;
    let book = SpendLedger::new(store.clone(), Arc::new(SystemClock));
    let registry = registry(&provider.url).with_ledger(Arc::new(book));
    let budgets = vec![budget("limited", Some(1_500_000))];
    let session = |registry: Registry| {
        model_session(registry, priced_frame(), budgets.clone(), Duration::from_secs(20))
    };
    let killed = session(registry.clone());
    ask(&killed, Capability::Text).await.expect("told");
    // Nothing of a killed process runs any more, not even what happens when a value is dropped.
    std::mem::forget(killed);
    let day = SystemClock.now().date_naive();
    assert_eq!(store.spent_on("limited", day).await.expect("read"), 1_010_000);
    let next = session(registry);
    ask(&next, Capability::Text).await.expect("told");
    next.pending_spend().settle().await;
    let spent = store.spent_on("limited", day).await.expect("read");
    assert_eq!(spent, 1_020_000, "the budget may run out early, and is never exceeded");
    store.close().await;
    database.remove().await;
}
