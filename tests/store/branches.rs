//! Branches of stories.

use calliope::domain::FrameKey;
use calliope::store::{NewBranch, NewFrame, Store};
use serde_json::json;
use uuid::Uuid;

use crate::support::TestDatabase;
use crate::{at, on_both, story};

on_both! {
    a_long_story_is_branched_by_a_few_statements;
    copies_for_others_tell_nothing_about_the_client;
}

/// Adds frames to a story.
async fn add_frames(store: &Store, story_id: Uuid, count: i32) {
    let mut tx = store.begin().await.expect("begun");
    let is_next = tx.reserve_frame_numbers(story_id, 0, count, &json!({"n": count}), at(1)).await;
    assert!(is_next.expect("reserved"));
    for number in 0..count {
        let frame = NewFrame {
            story_id,
            number,
            text: Some(&format!("Moment {number} of a long night at the lighthouse.")),
            image_id: None,
            device_image_id: None,
            illustration: "a lighthouse",
            seen: Some("a kitchen"),
            heard: Some("a voice"),
            language: None,
            trigger_condition: None,
            state_before: &json!({"n": number}),
            min_duration_seconds: 20,
            metadata: &json!({"strategy_config": "fern", "situation": "at home",
                "parameters": {"location": "38.72,-9.14"}}),
            now: at(1),
        };
        tx.insert_frame(frame).await.expect("added");
    }
    tx.save().await.expect("saved");
}

async fn branch(store: &Store, from: Uuid, last: i32, is_same_client: bool) -> Uuid {
    let story_id = story(store, "garden", at(2)).await;
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.lock_story(from).await.expect("locked"));
    let state = json!({"n": last + 1});
    let last = FrameKey { story_id: from, number: last };
    let branch = NewBranch { story_id, last, is_same_client, state: &state, now: at(2) };
    tx.copy_frames(&branch).await.expect("copied");
    tx.save().await.expect("saved");
    story_id
}

async fn a_long_story_is_branched_by_a_few_statements(database: TestDatabase) {
    const FRAMES: i32 = 5000;
    let store = database.store().await;
    let from = story(&store, "kitchen", at(0)).await;
    add_frames(&store, from, FRAMES).await;
    let before = store.activity().statements;
    let made = branch(&store, from, FRAMES - 1, true).await;
    assert!(store.activity().statements - before <= 8, "it does not depend on their number");
    let branch = store.story(made).await.expect("read").expect("exists");
    assert_eq!((branch.frame_count, branch.branched_from_id), (FRAMES, Some(from)));
    assert_eq!(branch.state, json!({"n": FRAMES}));
    let texts = async |story| {
        let frames = store.frames(story).await.expect("read");
        frames.into_iter().map(|frame| (frame.number, frame.text)).collect::<Vec<_>>()
    };
    assert_eq!(texts(made).await, texts(from).await);
    store.close().await;
    database.remove().await;
}

async fn copies_for_others_tell_nothing_about_the_client(database: TestDatabase) {
    let store = database.store().await;
    let from = story(&store, "kitchen", at(0)).await;
    add_frames(&store, from, 2).await;
    for (is_same_client, seen, has_place) in [(true, Some("a kitchen"), true), (false, None, false)]
    {
        let made = branch(&store, from, 1, is_same_client).await;
        let inputs = store.frame_inputs(made).await.expect("read");
        assert_eq!(inputs[0].1.as_deref(), seen);
        assert_eq!(inputs[0].2.is_some(), seen.is_some());
        let frames = store.frames(made).await.expect("read");
        let metadata = frames[1].metadata.get();
        assert!(metadata.contains("fern"), "{metadata}");
        assert_eq!(metadata.contains("38.72") && metadata.contains("at home"), has_place);
        assert!(store.any_story_with_copies("kitchen").await.expect("read").is_some());
    }
    assert_eq!(store.any_story_with_copies("garden").await.expect("read"), None);
    assert_eq!(store.fill_search_terms().await.expect("read"), 0, "copies need no words");
    store.close().await;
    database.remove().await;
}
