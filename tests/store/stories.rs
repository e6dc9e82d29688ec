//! Stories, and each client's current story.

use calliope::store::{StoryPage, StoryTitle};
use serde_json::json;
use uuid::Uuid;

use crate::support::TestDatabase;
use crate::{at, on_both, story};

on_both! {
    a_story_is_found_as_it_was_created;
    what_is_not_saved_never_was;
    slugs_are_numbered_until_unique;
    a_client_is_in_one_story_at_a_time;
    stories_are_listed_last_updated_first;
    an_empty_story_may_change_its_strategy_and_another_not;
}

async fn a_story_is_found_as_it_was_created(database: TestDatabase) {
    let store = database.store().await;
    let id = story(&store, "sparrow", at(0)).await;
    let found = store.story(id).await.expect("read").expect("exists");
    assert_eq!(found.client_id, "sparrow");
    assert_eq!((found.strategy.as_str(), found.storyteller.as_str()), ("fern", "fern"));
    assert_eq!((found.title.as_str(), found.slug, found.frame_count), ("", None, 0));
    assert_eq!((found.date_created, found.date_updated), (at(0), at(0)));
    assert!(found.state.is_null());
    assert_eq!(store.story(Uuid::now_v7()).await.expect("read"), None);
    assert_eq!(store.story_id_by_slug("no-such").await.expect("read"), None);
    assert_eq!(store.story_id_by_legacy_id("no-such").await.expect("read"), None);
    store.close().await;
    database.remove().await;
}

async fn what_is_not_saved_never_was(database: TestDatabase) {
    let store = database.store().await;
    let id = story(&store, "sparrow", at(0)).await;
    let mut tx = store.begin().await.expect("begun");
    tx.reserve_frame_numbers(id, 0, 3, &json!({}), at(1)).await.expect("reserved");
    tx.lock_client("sparrow", at(1)).await.expect("locked");
    drop(tx);
    let found = store.story(id).await.expect("read").expect("exists");
    assert_eq!((found.frame_count, found.date_updated), (0, at(0)));
    store.close().await;
    database.remove().await;
}

async fn slugs_are_numbered_until_unique(database: TestDatabase) {
    let store = database.store().await;
    let mut slugs = Vec::new();
    for (title, slug_base) in [("A b", "a-b"), ("A b 1", "a-b-1"), ("A b!", "a-b"), ("A b?", "a-b")]
    {
        let id = story(&store, "sparrow", at(0)).await;
        let mut tx = store.begin().await.expect("begun");
        slugs.push(tx.set_story_title(id, StoryTitle { title, slug_base }).await.expect("named"));
        tx.save().await.expect("saved");
        let found = store.story_id_by_slug(&slugs[slugs.len() - 1]).await.expect("read");
        assert_eq!(found, Some(id));
    }
    assert_eq!(slugs, ["a-b", "a-b-1", "a-b-2", "a-b-3"]);
    store.close().await;
    database.remove().await;
}

async fn a_client_is_in_one_story_at_a_time(database: TestDatabase) {
    let store = database.store().await;
    let first = story(&store, "sparrow", at(0)).await;
    assert_eq!(store.current_story("sparrow").await.expect("read"), None);
    let mut tx = store.begin().await.expect("begun");
    assert_eq!(tx.lock_client("sparrow", at(0)).await.expect("locked"), None);
    tx.set_current_story("sparrow", Some(first), at(0)).await.expect("set");
    assert_eq!(tx.lock_client("sparrow", at(1)).await.expect("locked again"), Some(first));
    tx.save().await.expect("saved");
    assert_eq!(store.current_story("sparrow").await.expect("read"), Some(first));
    assert_eq!(store.current_story("another").await.expect("read"), None);
    store.close().await;
    database.remove().await;
}

async fn stories_are_listed_last_updated_first(database: TestDatabase) {
    let store = database.store().await;
    let (old, new) = (story(&store, "s", at(0)).await, story(&store, "s", at(1)).await);
    story(&store, "s", at(2)).await;
    story(&store, "another", at(3)).await;
    for (id, now) in [(new, at(10)), (old, at(20))] {
        let mut tx = store.begin().await.expect("begun");
        tx.reserve_frame_numbers(id, 0, 1, &json!({"k": [1]}), now).await.expect("reserved");
        tx.save().await.expect("saved");
    }
    let listed = store.stories_of_client("s", StoryPage::first(100)).await.expect("listed");
    let ids: Vec<Uuid> = listed.iter().map(|story| story.id).collect();
    assert_eq!(ids, [old, new], "the empty story and the other client's story are left out");
    assert_eq!(listed[0].date_updated, at(20));
    assert_eq!(store.stories_of_client("s", StoryPage::first(1)).await.expect("listed").len(), 1);
    assert_eq!(store.story(old).await.expect("read").expect("exists").state, json!({"k": [1]}));
    store.close().await;
    database.remove().await;
}

async fn an_empty_story_may_change_its_strategy_and_another_not(database: TestDatabase) {
    let store = database.store().await;
    let id = story(&store, "s", at(0)).await;
    for (strategy, frames) in [("literal", 1), ("narcissus", 0)] {
        let mut tx = store.begin().await.expect("begun");
        tx.update_strategy(id, strategy, strategy).await.expect("changed");
        tx.reserve_frame_numbers(id, 0, frames, &json!(null), at(1)).await.expect("reserved");
        tx.save().await.expect("saved");
        assert_eq!(store.story(id).await.expect("read").expect("exists").strategy, "literal");
    }
    store.close().await;
    database.remove().await;
}
