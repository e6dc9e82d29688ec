//! Frames, lists and stories that clients keep.

use calliope::store::{
    BookmarkList, BookmarkListChange, NewBookmarkList, NewFrame, Store, StoryPage,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::TestDatabase;
use crate::{at, on_both, story};

on_both! {
    a_frame_is_kept_once_and_renewed;
    a_bookmark_goes_with_its_frame_and_its_owner_alone_removes_it;
    lists_come_by_name_newest_first_and_by_what_they_contain;
    a_list_changes_in_what_is_given;
    a_story_is_in_a_list_once;
    a_story_is_bookmarked_by_a_frame_or_a_list_of_ones_own;
}

async fn told(store: &Store, client_id: &str) -> Uuid {
    let id = story(store, client_id, at(0)).await;
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.reserve_frame_numbers(id, 0, 2, &json!({}), at(1)).await.expect("taken"));
    for number in 0..2 {
        let text = format!("Frame {number}.");
        let frame = NewFrame {
            story_id: id,
            number,
            text: Some(&text),
            image_id: None,
            device_image_id: None,
            min_duration_seconds: 20,
            trigger_condition: None,
            illustration: "",
            seen: None,
            heard: None,
            language: None,
            state_before: &json!(null),
            metadata: &json!({}),
            now: at(1),
        };
        tx.add_frame(frame).await.expect("added");
    }
    tx.save().await.expect("saved");
    id
}

async fn keep(store: &Store, client_id: &str, story: Uuid, n: i32, note: Option<&str>, now: i64) {
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.upsert_frame_bookmark(client_id, story, n, note, at(now)).await.expect("kept"));
    tx.save().await.expect("saved");
}

async fn list(store: &Store, client_id: &str, name: &str, is_public: bool) -> BookmarkList {
    let mut tx = store.begin().await.expect("begun");
    let new = NewBookmarkList { client_id, name, description: "d", is_public, now: at(0) };
    let list = tx.add_bookmark_list(new).await.expect("added");
    tx.save().await.expect("saved");
    list
}

async fn a_frame_is_kept_once_and_renewed(database: TestDatabase) {
    let store = database.store().await;
    let (first, second) = (told(&store, "s").await, told(&store, "s").await);
    keep(&store, "s", first, 1, Some("a note"), 5).await;
    keep(&store, "s", second, 0, None, 6).await;
    keep(&store, "s", first, 0, None, 7).await;
    keep(&store, "t", first, 1, None, 8).await;
    let was = store.frame_bookmark("s", first, 1).await.expect("read").expect("kept");
    keep(&store, "s", first, 1, None, 9).await;
    let is = store.frame_bookmark("s", first, 1).await.expect("read").expect("kept");
    assert_eq!(
        (was.comments.as_deref(), was.frame_text.as_deref()),
        (Some("a note"), Some("Frame 1."))
    );
    assert_eq!((was.date_created, was.date_updated, was.image_key), (at(5), at(5), None));
    assert_eq!((is.id, is.frame_id, is.comments), (was.id, was.frame_id, None));
    assert_eq!((is.date_created, is.date_updated), (at(5), at(9)));
    let places = |kept: Vec<calliope::store::FrameBookmark>| -> Vec<(Uuid, i32)> {
        kept.iter().map(|kept| (kept.story_id, kept.frame_number)).collect()
    };
    let all = store.frame_bookmarks("s", 100).await.expect("listed");
    assert_eq!(places(all), [(first, 0), (second, 0), (first, 1)], "the newest first");
    let in_first = store.frame_bookmarks_in_story("s", first, 100).await.expect("listed");
    assert_eq!(places(in_first), [(first, 0), (first, 1)]);
    assert_eq!(store.frame_bookmarks("s", 2).await.expect("listed").len(), 2);
    assert_eq!(store.frame_bookmarks_in_story("s", first, 1).await.expect("listed").len(), 1);
    store.close().await;
    database.remove().await;
}

async fn a_bookmark_goes_with_its_frame_and_its_owner_alone_removes_it(database: TestDatabase) {
    let store = database.store().await;
    let story = told(&store, "s").await;
    let mut tx = store.begin().await.expect("begun");
    for (story, number) in [(story, 2), (story, -1), (Uuid::now_v7(), 0)] {
        let kept = tx.upsert_frame_bookmark("s", story, number, None, at(2)).await.expect("asked");
        assert!(!kept, "there is no such frame");
    }
    drop(tx);
    keep(&store, "s", story, 0, None, 2).await;
    let kept = store.frame_bookmark("s", story, 0).await.expect("read").expect("kept");
    let mut tx = store.begin().await.expect("begun");
    assert!(!tx.remove_frame_bookmark("t", kept.id).await.expect("asked"));
    assert!(tx.remove_frame_bookmark("s", kept.id).await.expect("removed"));
    assert!(!tx.remove_frame_bookmark("s", kept.id).await.expect("asked"));
    tx.save().await.expect("saved");
    assert_eq!(store.frame_bookmark("s", story, 0).await.expect("read"), None);
    store.close().await;
    database.remove().await;
}

async fn lists_come_by_name_newest_first_and_by_what_they_contain(database: TestDatabase) {
    let store = database.store().await;
    for (client, name, is_public) in [
        ("s", "b", true),
        ("s", "B", false),
        ("s", "ä_%!", true),
        ("s", "a", false),
        ("Other", "b", true),
    ] {
        list(&store, client, name, is_public).await;
    }
    let names = |lists: Vec<BookmarkList>| -> Vec<String> {
        lists.into_iter().map(|list| format!("{}/{}", list.client_id, list.name)).collect()
    };
    let own = |after, limit| store.bookmark_lists_of_client("s", after, limit);
    assert_eq!(names(own("", 9).await.expect("listed")), ["s/B", "s/a", "s/b", "s/ä_%!"]);
    assert_eq!(names(own("B", 2).await.expect("listed")), ["s/a", "s/b"]);
    let newest = store.public_bookmark_lists(i64::MAX, 2).await.expect("listed");
    let before = newest[1].id;
    assert_eq!(names(newest), ["Other/b", "s/ä_%!"]);
    let older = store.public_bookmark_lists(before, 9).await.expect("listed");
    assert_eq!(names(older), ["s/b"]);
    for (q, found) in [
        ("", 5),
        ("B", 3),
        ("other", 1),
        ("_", 1),
        ("%", 1),
        ("!", 1),
        ("ä_%!", 1),
        ("\\", 0),
        ("'", 0),
    ] {
        let lists = store.all_bookmark_lists(q, i64::MAX, 9).await.expect("listed");
        assert_eq!(lists.len(), found, "{q}: {lists:?}");
    }
    let all = store.all_bookmark_lists("", before, 1).await.expect("listed");
    assert_eq!(names(all), ["s/B"]);
    store.close().await;
    database.remove().await;
}

async fn a_list_changes_in_what_is_given(database: TestDatabase) {
    let store = database.store().await;
    let (one, other) = (list(&store, "s", "one", false).await, list(&store, "s", "b", false).await);
    let mut tx = store.begin().await.expect("begun");
    assert_eq!(tx.count_bookmark_lists("s").await.expect("counted"), 2);
    let change = BookmarkListChange { is_public: Some(true), ..BookmarkListChange::default() };
    let changed = tx.change_bookmark_list(one.id, change, at(5)).await.expect("changed");
    let expected = BookmarkList { is_public: true, date_updated: at(5), ..one.clone() };
    assert_eq!(changed, Some(expected.clone()));
    let change = BookmarkListChange { name: Some("two"), description: Some(""), is_public: None };
    let changed = tx.change_bookmark_list(one.id, change, at(6)).await.expect("changed");
    let expected = BookmarkList {
        name: "two".into(),
        description: String::new(),
        date_updated: at(6),
        ..expected
    };
    assert_eq!(changed, Some(expected.clone()));
    tx.save().await.expect("saved");
    assert_eq!(store.bookmark_list(one.id).await.expect("read"), Some(expected.clone()));
    let mut tx = store.begin().await.expect("begun");
    let change = BookmarkListChange { name: Some("two"), ..BookmarkListChange::default() };
    let taken = tx.change_bookmark_list(other.id, change, at(7)).await.expect_err("taken");
    assert!(taken.is_conflict(), "{taken}");
    drop(tx);
    let mut tx = store.begin().await.expect("begun");
    let new = NewBookmarkList {
        client_id: "s",
        name: "two",
        description: "",
        is_public: true,
        now: at(7),
    };
    assert!(tx.add_bookmark_list(new).await.expect_err("taken").is_conflict());
    drop(tx);
    let mut tx = store.begin().await.expect("begun");
    assert_eq!(tx.remove_bookmark_list(one.id).await.expect("removed"), Some(expected));
    assert_eq!(tx.remove_bookmark_list(one.id).await.expect("asked"), None);
    let nothing = tx.change_bookmark_list(one.id, BookmarkListChange::default(), at(8)).await;
    assert_eq!(nothing.expect("asked"), None);
    tx.save().await.expect("saved");
    store.close().await;
    database.remove().await;
}

async fn a_story_is_in_a_list_once(database: TestDatabase) {
    let store = database.store().await;
    let (first, second) = (told(&store, "s").await, told(&store, "t").await);
    let list = list(&store, "s", "one", false).await;
    let mut tx = store.begin().await.expect("begun");
    assert!(!tx.update_story_bookmark(list.id, first, None, at(1)).await.expect("asked"));
    assert!(tx.add_story_bookmark(list.id, first, Some("why"), at(1)).await.expect("added"));
    assert!(tx.add_story_bookmark(list.id, second, None, at(2)).await.expect("added"));
    assert!(tx.update_story_bookmark(list.id, first, Some("new"), at(3)).await.expect("renewed"));
    assert!(!tx.add_story_bookmark(list.id, Uuid::now_v7(), None, at(4)).await.expect("asked"));
    assert!(!tx.add_story_bookmark(list.id + 1, first, None, at(4)).await.expect("asked"));
    assert_eq!(tx.count_story_bookmarks(list.id).await.expect("counted"), 2);
    tx.save().await.expect("saved");
    let held = store.story_bookmarks(list.id, i64::MAX, 9).await.expect("listed");
    let stories: Vec<Uuid> = held.iter().map(|held| held.story_id).collect();
    assert_eq!(stories, [second, first], "the last kept first");
    assert_eq!((held[1].comments.as_deref(), held[1].date_created), (Some("new"), at(1)));
    assert_eq!((held[1].slug.as_deref(), held[1].title.as_str()), (None, ""));
    let older = store.story_bookmarks(list.id, held[0].id, 9).await.expect("listed");
    assert_eq!(older, held[1..]);
    let one = store.story_bookmark(list.id, first).await.expect("read");
    assert_eq!(one.as_ref(), Some(&held[1]));
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.remove_story_bookmark(list.id, first).await.expect("removed"));
    assert!(!tx.remove_story_bookmark(list.id, first).await.expect("asked"));
    tx.remove_bookmark_list(list.id).await.expect("removed with what it holds");
    tx.save().await.expect("saved");
    assert_eq!(store.story_bookmark(list.id, second).await.expect("read"), None);
    store.close().await;
    database.remove().await;
}

async fn a_story_is_bookmarked_by_a_frame_or_a_list_of_ones_own(database: TestDatabase) {
    let store = database.store().await;
    let (by_frame, by_list) = (told(&store, "s").await, told(&store, "s").await);
    let by_others = told(&store, "s").await;
    keep(&store, "s", by_frame, 1, None, 2).await;
    keep(&store, "t", by_others, 1, None, 2).await;
    for (client, story) in [("s", by_list), ("t", by_others)] {
        let list = list(&store, client, "one", true).await;
        let mut tx = store.begin().await.expect("begun");
        assert!(tx.add_story_bookmark(list.id, story, None, at(3)).await.expect("added"));
        tx.save().await.expect("saved");
    }
    for listed in store.stories_of_client("s", StoryPage::first(9)).await.expect("listed") {
        assert_eq!(listed.is_bookmarked, listed.id != by_others, "{listed:?}");
    }
    store.close().await;
    database.remove().await;
}
