//! Client memory: separate for each client, in a defined order, until it expires.

use calliope::store::{
    ContextEntry, Insight, InsightFilter, KnowledgeLimits, NewInsight, Pattern, Store,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::support::TestDatabase;
use crate::{at, on_both};

on_both! {
    patterns_are_kept_once_and_listed_by_type_and_strength;
    what_was_learned_least_is_forgotten_and_what_was_put_is_not;
    context_ends_at_the_moment_it_expires;
    insights_come_by_importance_and_old_ones_go;
    what_is_learned_at_once_is_known_at_once;
}

fn pattern(kind: &str, key: &str, confidence: f64, evidence: Option<f64>, now: i64) -> Pattern {
    Pattern {
        kind: kind.to_owned(),
        key: key.to_owned(),
        value: json!({"is": [key, confidence]}),
        confidence,
        evidence,
        date_created: at(now),
        date_updated: at(now),
    }
}

async fn save_patterns(store: &Store, client_id: &str, patterns: &[Pattern]) -> Vec<bool> {
    let mut tx = store.begin().await.expect("begun");
    let mut are_new = Vec::new();
    for pattern in patterns {
        are_new.push(tx.upsert_pattern(client_id, pattern).await.expect("saved"));
    }
    tx.save().await.expect("saved");
    are_new
}

fn keys(patterns: &[Pattern]) -> Vec<&str> {
    patterns.iter().map(|pattern| pattern.key.as_str()).collect()
}

async fn patterns_are_kept_once_and_listed_by_type_and_strength(database: TestDatabase) {
    let store = database.store().await;
    let (boat, cat) =
        (pattern("likes", "boat", 0.9, None, 1), pattern("likes", "cat", 0.2, None, 1));
    let noon = pattern("times", "noon", 0.5, Some(1.5), 1);
    let are_new = save_patterns(&store, "ada", &[noon.clone(), cat.clone(), boat.clone()]).await;
    assert_eq!(are_new, [true, true, true]);
    assert_eq!(
        save_patterns(&store, "ben", &[pattern("likes", "dog", 1.0, None, 1)]).await,
        [true]
    );
    let all =
        async |client, kind, after| store.patterns(client, kind, after, 2).await.expect("read");
    assert_eq!(all("ada", None, ("", "")).await, [boat.clone(), cat]);
    assert_eq!(all("ada", None, ("likes", "cat")).await, [noon]);
    assert_eq!(keys(&all("ada", Some("likes"), ("", "boat")).await), ["cat"]);
    assert_eq!(all("nobody", None, ("", "")).await, []);
    // A pattern that is set again is replaced, but keeps its creation date.
    let again = pattern("likes", "boat", 0.1, None, 9);
    assert_eq!(save_patterns(&store, "ada", std::slice::from_ref(&again)).await, [false]);
    let saved = store.pattern("ada", "likes", "boat").await.expect("read");
    assert_eq!(saved, Some(Pattern { date_created: at(1), ..again }));
    assert_eq!(store.pattern("ben", "likes", "boat").await.expect("read"), None);
    let limits = KnowledgeLimits { patterns: 2, context: 2, insights: 2 };
    let known = store.client_knowledge("ada", at(0), limits).await.expect("read");
    let strongest = known.patterns;
    assert_eq!(keys(&strongest), ["noon", "cat"]);
    let removed = async |kind, key| {
        let mut tx = store.begin().await.expect("begun");
        let removed = tx.delete_patterns("ada", kind, key).await.expect("removed");
        tx.save().await.expect("saved");
        removed
    };
    assert_eq!(removed(Some("likes"), Some("boat")).await, 1);
    assert_eq!(removed(Some("times"), None).await, 1);
    assert_eq!(removed(None, None).await, 1);
    assert_eq!(keys(&all("ben", None, ("", "")).await), ["dog"], "another client's patterns stay");
    store.close().await;
    database.remove().await;
}

async fn what_was_learned_least_is_forgotten_and_what_was_put_is_not(database: TestDatabase) {
    let store = database.store().await;
    let learned = (0..5).map(|n| {
        pattern("subjects", &format!("thing {n}"), f64::from(n) / 10.0, Some(f64::from(n)), 1)
    });
    let patterns: Vec<Pattern> = learned.chain([pattern("likes", "put", 0.0, None, 1)]).collect();
    save_patterns(&store, "ada", &patterns).await;
    save_patterns(&store, "ben", &patterns).await;
    let mut tx = store.begin().await.expect("begun");
    tx.delete_weakest_patterns("ada", 2).await.expect("deleted");
    tx.save().await.expect("saved");
    let left = store.patterns("ada", None, ("", ""), 10).await.expect("read");
    assert_eq!(keys(&left), ["put", "thing 3", "thing 4"]);
    assert_eq!(store.patterns("ben", None, ("", ""), 10).await.expect("read").len(), 6);
    store.close().await;
    database.remove().await;
}

fn context(session_id: &str, key: &str, expires: Option<i64>) -> ContextEntry {
    ContextEntry {
        session_id: session_id.to_owned(),
        key: key.to_owned(),
        value: json!([key, null]),
        date_created: at(0),
        date_updated: at(0),
        date_expires: expires.map(at),
    }
}

async fn context_ends_at_the_moment_it_expires(database: TestDatabase) {
    let store = database.store().await;
    let mut tx = store.begin().await.expect("begun");
    for (client, context) in [
        ("ada", context("", "mood", None)),
        ("ada", context("walk", "seen", Some(60))),
        ("ada", context("walk", "heard", Some(90))),
        ("ben", context("walk", "seen", Some(600))),
    ] {
        assert!(tx.upsert_context_entry(client, &context).await.expect("saved"));
    }
    tx.save().await.expect("saved");
    let listed = async |session, now: DateTime<Utc>| {
        let found = store.context_entries("ada", session, ("", ""), now, 10).await.expect("read");
        found.into_iter().map(|context| context.key).collect::<Vec<_>>()
    };
    let just_before = at(60) - chrono::TimeDelta::microseconds(1);
    assert_eq!(listed(None, just_before).await, ["mood", "heard", "seen"]);
    assert_eq!(listed(Some("walk"), at(60)).await, ["heard"]);
    assert_eq!(listed(None, at(90)).await, ["mood"]);
    let one = async |now| store.context_entry("ada", "walk", "seen", now).await.expect("read");
    assert_eq!(one(just_before).await, Some(context("walk", "seen", Some(60))));
    assert_eq!(one(at(60)).await, None);
    let mut tx = store.begin().await.expect("begun");
    assert_eq!(tx.purge_context(at(60)).await.expect("purged"), 1);
    // An expired entry that is set again is valid again.
    assert!(
        tx.upsert_context_entry("ada", &context("walk", "seen", Some(700))).await.expect("saved")
    );
    tx.save().await.expect("saved");
    assert_eq!(listed(Some("walk"), at(600)).await, ["seen"]);
    let mut tx = store.begin().await.expect("begun");
    assert_eq!(tx.delete_context("ada", Some("walk"), None).await.expect("removed"), 2);
    assert_eq!(tx.delete_context("ada", None, None).await.expect("removed"), 1);
    tx.save().await.expect("saved");
    let other = store.context_entries("ben", None, ("", ""), at(0), 10).await.expect("read");
    assert_eq!(other.len(), 1);
    store.close().await;
    database.remove().await;
}

async fn insights_come_by_importance_and_old_ones_go(database: TestDatabase) {
    let store = database.store().await;
    let mut tx = store.begin().await.expect("begun");
    for (n, (client, kind, importance)) in
        [("ada", "habit", 0.4), ("ada", "taste", 0.9), ("ada", "habit", 0.9), ("ben", "habit", 1.0)]
            .into_iter()
            .enumerate()
    {
        let now = at(i64::try_from(n).expect("a small number"));
        let data = json!({"n": n});
        let insight = NewInsight { client_id: client, kind, data: &data, importance, now };
        tx.insert_insight(insight).await.expect("added");
    }
    tx.save().await.expect("saved");
    let first = (f64::MAX, i64::MAX);
    let listed = async |kind, min_importance, after, limit| {
        let filter = InsightFilter { kind, min_importance, after };
        store.insights("ada", filter, limit).await.expect("read")
    };
    let numbers = |insights: &[Insight]| -> Vec<Value> {
        insights.iter().map(|insight| insight.data["n"].clone()).collect()
    };
    assert_eq!(numbers(&listed(None, 0.0, first, 10).await), [2, 1, 0], "newer before older");
    assert_eq!(numbers(&listed(None, 0.5, first, 10).await), [2, 1]);
    assert_eq!(numbers(&listed(Some("habit"), 0.0, first, 10).await), [2, 0]);
    let page = listed(None, 0.0, first, 1).await;
    let after = (page[0].importance, page[0].id);
    assert_eq!(numbers(&listed(None, 0.0, after, 10).await), [1, 0]);
    assert_eq!(store.last_insight_date("ada", "habit").await.expect("read"), Some(at(2)));
    assert_eq!(store.last_insight_date("ada", "nothing").await.expect("read"), None);
    let mut tx = store.begin().await.expect("begun");
    tx.delete_old_insights("ada", "habit", 1).await.expect("deleted");
    tx.save().await.expect("saved");
    assert_eq!(numbers(&listed(None, 0.0, first, 10).await), [2, 1]);
    let mut tx = store.begin().await.expect("begun");
    assert_eq!(tx.delete_insights("ada", Some("taste")).await.expect("removed"), 1);
    assert_eq!(tx.delete_insights("ada", None).await.expect("removed"), 1);
    tx.save().await.expect("saved");
    let filter = InsightFilter { kind: None, min_importance: 0.0, after: first };
    assert_eq!(store.insights("ben", filter, 10).await.expect("read").len(), 1);
    store.close().await;
    database.remove().await;
}

async fn what_is_learned_at_once_is_known_at_once(database: TestDatabase) {
    let store = database.store().await;
    let (cat, dog) =
        (pattern("likes", "cat", 0.5, Some(2.0), 0), pattern("likes", "dog", 0.7, Some(4.0), 0));
    let mut tx = store.begin().await.expect("begun");
    tx.upsert_patterns("ada", &[]).await.expect("nothing to do");
    tx.upsert_patterns("ada", &[cat.clone(), dog.clone()]).await.expect("saved");
    tx.upsert_patterns("ben", std::slice::from_ref(&cat)).await.expect("saved");
    let fish = pattern("likes", "fish", 0.2, None, 5);
    let stronger = pattern("likes", "cat", 0.9, Some(6.0), 5);
    tx.upsert_patterns("ada", &[stronger.clone(), fish.clone()]).await.expect("saved");
    let names = [("likes", "cat"), ("likes", "fish"), ("hates", "dog"), ("likes", "bird")];
    let mut found = tx.patterns_named("ada", &names).await.expect("read");
    found.sort_by(|a, b| a.key.cmp(&b.key));
    let cat = Pattern { date_created: at(0), ..stronger };
    assert_eq!(found, [cat.clone(), fish.clone()]);
    assert_eq!(tx.patterns_named("ada", &[]).await.expect("read"), []);
    let entries = [
        context("walk", "seen", Some(60)),
        context("", "mood", None),
        context("a", "old", Some(1)),
    ];
    tx.upsert_context_entries("ada", &entries).await.expect("saved");
    tx.upsert_context_entries("ada", &entries[..1]).await.expect("saved again");
    for (text, importance) in [("minor", 0.1), ("major", 0.9), ("newest", 0.9)] {
        let data = json!({"text": text});
        let insight =
            NewInsight { client_id: "ada", kind: "habit", data: &data, importance, now: at(0) };
        tx.insert_insight(insight).await.expect("added");
    }
    tx.save().await.expect("saved");

    let limits = KnowledgeLimits { patterns: 2, context: 5, insights: 2 };
    let known = store.client_knowledge("ada", at(30), limits).await.expect("read");
    assert_eq!(known.patterns, [cat, dog]);
    let contexts: Vec<_> = known.context.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(contexts, ["mood", "seen"], "in order, without what has expired");
    assert_eq!(known.context[0].1, json!(["mood", null]));
    let texts: Vec<_> = known.insights.iter().map(|data| data["text"].as_str()).collect();
    assert_eq!(texts, [Some("newest"), Some("major")]);
    let other = store.client_knowledge("ben", at(30), limits).await.expect("read");
    assert_eq!((other.patterns.len(), other.context.len(), other.insights.len()), (1, 0, 0));
    store.close().await;
    database.remove().await;
}
