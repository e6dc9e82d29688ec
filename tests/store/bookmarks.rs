//! Bookmarked frames, and lists of stories.

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

async fn story_with_frames(store: &Store, client_id: &str) -> Uuid {
    let id = story(store, client_id, at(0)).await;
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.reserve_frame_numbers(id, 0, 2, &json!({}), at(1)).await.expect("reserved"));
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
        tx.insert_frame(frame).await.expect("added");
    }
    tx.save().await.expect("saved");
    id
}

async fn bookmark_frame(
    store: &Store,
    client_id: &str,
    story: Uuid,
    n: i32,
    note: Option<&str>,
    now: i64,
) {
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.upsert_frame_bookmark(client_id, story, n, note, at(now)).await.expect("saved"));
    tx.save().await.expect("saved");
}

async fn insert_list(store: &Store, client_id: &str, name: &str, is_public: bool) -> BookmarkList {
    let mut tx = store.begin().await.expect("begun");
    let new = NewBookmarkList { client_id, name, description: "d", is_public, now: at(0) };
    let list = tx.insert_bookmark_list(new).await.expect("added");
    tx.save().await.expect("saved");
    list
}

async fn a_frame_is_kept_once_and_renewed(database: TestDatabase) {
    let store = database.store().await;
    let (first, second) =
        (story_with_frames(&store, "s").await, story_with_frames(&store, "s").await);
    bookmark_frame(&store, "s", first, 1, Some("a note"), 5).await;
    bookmark_frame(&store, "s", second, 0, None, 6).await;
    bookmark_frame(&store, "s", first, 0, None, 7).await;
    bookmark_frame(&store, "t", first, 1, None, 8).await;
    let before = store.frame_bookmark("s", first, 1).await.expect("read").expect("exists");
    bookmark_frame(&store, "s", first, 1, None, 9).await;
    let after = store.frame_bookmark("s", first, 1).await.expect("read").expect("exists");
    assert_eq!(
        (before.comments.as_deref(), before.frame_text.as_deref()),
        (Some("a note"), Some("Frame 1."))
    );
    assert_eq!((before.date_created, before.date_updated, before.image_key), (at(5), at(5), None));
    assert_eq!((after.id, after.frame_id, after.comments), (before.id, before.frame_id, None));
    assert_eq!((after.date_created, after.date_updated), (at(5), at(9)));
    let positions = |bookmarks: Vec<calliope::store::FrameBookmark>| -> Vec<(Uuid, i32)> {
        bookmarks.iter().map(|bookmark| (bookmark.story_id, bookmark.frame_number)).collect()
    };
    let all = store.frame_bookmarks("s", 100).await.expect("listed");
    assert_eq!(positions(all), [(first, 0), (second, 0), (first, 1)], "the newest first");
    let in_first = store.frame_bookmarks_in_story("s", first, 100).await.expect("listed");
    assert_eq!(positions(in_first), [(first, 0), (first, 1)]);
    assert_eq!(store.frame_bookmarks("s", 2).await.expect("listed").len(), 2);
    assert_eq!(store.frame_bookmarks_in_story("s", first, 1).await.expect("listed").len(), 1);
    store.close().await;
    database.remove().await;
}

async fn a_bookmark_goes_with_its_frame_and_its_owner_alone_removes_it(database: TestDatabase) {
    let store = database.store().await;
    let story = story_with_frames(&store, "s").await;
    let mut tx = store.begin().await.expect("begun");
    for (story, number) in [(story, 2), (story, -1), (Uuid::now_v7(), 0)] {
        let saved =
            tx.upsert_frame_bookmark("s", story, number, None, at(2)).await.expect("no error");
        assert!(!saved, "the frame does not exist");
    }
    drop(tx);
    bookmark_frame(&store, "s", story, 0, None, 2).await;
    let bookmark = store.frame_bookmark("s", story, 0).await.expect("read").expect("exists");
    let mut tx = store.begin().await.expect("begun");
    assert!(!tx.delete_frame_bookmark("t", bookmark.id).await.expect("no error"));
    assert!(tx.delete_frame_bookmark("s", bookmark.id).await.expect("removed"));
    assert!(!tx.delete_frame_bookmark("s", bookmark.id).await.expect("no error"));
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
        insert_list(&store, client, name, is_public).await;
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
    let (one, other) =
        (insert_list(&store, "s", "one", false).await, insert_list(&store, "s", "b", false).await);
    let mut tx = store.begin().await.expect("begun");
    assert_eq!(tx.count_bookmark_lists("s").await.expect("counted"), 2);
    let change = BookmarkListChange { is_public: Some(true), ..BookmarkListChange::default() };
    let changed = tx.update_bookmark_list(one.id, change, at(5)).await.expect("changed");
    let expected = BookmarkList { is_public: true, date_updated: at(5), ..one.clone() };
    assert_eq!(changed, Some(expected.clone()));
    let change = BookmarkListChange { name: Some("two"), description: Some(""), is_public: None };
    let changed = tx.update_bookmark_list(one.id, change, at(6)).await.expect("changed");
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
    let conflict = tx.update_bookmark_list(other.id, change, at(7)).await.expect_err("conflict");
    assert!(conflict.is_conflict(), "{conflict}");
    drop(tx);
    let mut tx = store.begin().await.expect("begun");
    let new = NewBookmarkList {
        client_id: "s",
        name: "two",
        description: "",
        is_public: true,
        now: at(7),
    };
    assert!(tx.insert_bookmark_list(new).await.expect_err("a conflict").is_conflict());
    drop(tx);
    let mut tx = store.begin().await.expect("begun");
    assert_eq!(tx.delete_bookmark_list(one.id).await.expect("removed"), Some(expected));
    assert_eq!(tx.delete_bookmark_list(one.id).await.expect("no error"), None);
    let missing = tx.update_bookmark_list(one.id, BookmarkListChange::default(), at(8)).await;
    assert_eq!(missing.expect("no error"), None);
    tx.save().await.expect("saved");
    store.close().await;
    database.remove().await;
}

async fn a_story_is_in_a_list_once(database: TestDatabase) {
    let store = database.store().await;
    let (first, second) =
        (story_with_frames(&store, "s").await, story_with_frames(&store, "t").await);
    let list = insert_list(&store, "s", "one", false).await;
    let mut tx = store.begin().await.expect("begun");
    assert!(!tx.update_story_bookmark(list.id, first, None, at(1)).await.expect("no error"));
    assert!(tx.insert_story_bookmark(list.id, first, Some("why"), at(1)).await.expect("added"));
    assert!(tx.insert_story_bookmark(list.id, second, None, at(2)).await.expect("added"));
    assert!(tx.update_story_bookmark(list.id, first, Some("new"), at(3)).await.expect("updated"));
    assert!(
        !tx.insert_story_bookmark(list.id, Uuid::now_v7(), None, at(4)).await.expect("no error")
    );
    assert!(!tx.insert_story_bookmark(list.id + 1, first, None, at(4)).await.expect("no error"));
    assert_eq!(tx.count_story_bookmarks(list.id).await.expect("counted"), 2);
    tx.save().await.expect("saved");
    let entries = store.story_bookmarks(list.id, i64::MAX, 9).await.expect("listed");
    let stories: Vec<Uuid> = entries.iter().map(|entry| entry.story_id).collect();
    assert_eq!(stories, [second, first], "the newest entry first");
    assert_eq!((entries[1].comments.as_deref(), entries[1].date_created), (Some("new"), at(1)));
    assert_eq!((entries[1].slug.as_deref(), entries[1].title.as_str()), (None, ""));
    let older = store.story_bookmarks(list.id, entries[0].id, 9).await.expect("listed");
    assert_eq!(older, entries[1..]);
    let one = store.story_bookmark(list.id, first).await.expect("read");
    assert_eq!(one.as_ref(), Some(&entries[1]));
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.delete_story_bookmark(list.id, first).await.expect("removed"));
    assert!(!tx.delete_story_bookmark(list.id, first).await.expect("no error"));
    tx.delete_bookmark_list(list.id).await.expect("removed with its entries");
    tx.save().await.expect("saved");
    assert_eq!(store.story_bookmark(list.id, second).await.expect("read"), None);
    store.close().await;
    database.remove().await;
}

async fn a_story_is_bookmarked_by_a_frame_or_a_list_of_ones_own(database: TestDatabase) {
    let store = database.store().await;
    let (by_frame, by_list) =
        (story_with_frames(&store, "s").await, story_with_frames(&store, "s").await);
    let by_other = story_with_frames(&store, "s").await;
    bookmark_frame(&store, "s", by_frame, 1, None, 2).await;
    bookmark_frame(&store, "t", by_other, 1, None, 2).await;
    for (client, story) in [("s", by_list), ("t", by_other)] {
        let list = insert_list(&store, client, "one", true).await;
        let mut tx = store.begin().await.expect("begun");
        assert!(tx.insert_story_bookmark(list.id, story, None, at(3)).await.expect("added"));
        tx.save().await.expect("saved");
    }
    for listed in store.stories_of_client("s", StoryPage::first(9)).await.expect("listed") {
        assert_eq!(listed.is_bookmarked, listed.id != by_other, "{listed:?}");
    }
    store.close().await;
    database.remove().await;
}
