//! Frames, images and files.

use calliope::domain::{DigitalSourceType, Dither, Provenance};
use calliope::store::{
    MediaObject, NewFrame, NewImage, SearchFilter, Store, StoryPage, StoryVisibility, WordMatch,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::TestDatabase;
use crate::{at, on_both, story};

on_both! {
    frames_come_back_in_order_with_their_pictures;
    a_picture_tells_how_it_was_dithered;
    a_picture_tells_where_it_comes_from;
    a_number_is_taken_once;
    the_latest_texts_come_oldest_first;
    a_media_object_is_kept_once_and_renewed;
    a_thumbnail_is_the_first_that_was_set;
    of_very_many_matches_the_newest_are_ranked;
}

fn object(key: &str) -> MediaObject {
    MediaObject {
        key: key.to_owned(),
        kind: "frame".to_owned(),
        client_id: Some("s".to_owned()),
        size: 1 << 40,
        content_type: "image/png".to_owned(),
        sha256: vec![7; 32],
        date_created: at(0),
        location: None,
        date_synced: None,
        date_compared: None,
        original_type: None,
        content: None,
    }
}

async fn insert_image(store: &Store, key: &str) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = store.begin().await.expect("begun");
    tx.upsert_media_object(&object(key)).await.expect("saved");
    let (width, format, dither, provenance) = (512, "image/png", None, None);
    let image =
        NewImage { id, media_key: key, width, height: 256, format, dither, provenance, now: at(0) };
    tx.insert_image(image).await.expect("added");
    tx.save().await.expect("saved");
    id
}

async fn insert_frame(
    store: &Store,
    story_id: Uuid,
    text: Option<&str>,
    image: Option<Uuid>,
) -> i32 {
    let mut tx = store.begin().await.expect("begun");
    let number = tx.story(story_id).await.expect("read").expect("the story exists").frame_count;
    assert!(
        tx.reserve_frame_numbers(story_id, number, 1, &json!({}), at(1)).await.expect("reserved")
    );
    let frame = NewFrame {
        story_id,
        number,
        text,
        image_id: image,
        device_image_id: image,
        illustration: "a lamp",
        seen: None,
        heard: None,
        language: None,
        trigger_condition: None,
        state_before: &serde_json::Value::Null,
        min_duration_seconds: 20,
        metadata: &json!({"number": number}),
        now: at(1),
    };
    tx.insert_frame(frame).await.expect("added");
    tx.save().await.expect("saved");
    number
}

async fn frames_come_back_in_order_with_their_pictures(database: TestDatabase) {
    let store = database.store().await;
    let id = story(&store, "s", at(0)).await;
    let image = insert_image(&store, "media/a.png").await;
    assert_eq!(insert_frame(&store, id, Some("One."), Some(image)).await, 0);
    assert_eq!(insert_frame(&store, id, None, None).await, 1);
    let frames = store.frames(id).await.expect("read");
    assert_eq!(frames.len(), 2);
    assert_eq!((frames[0].number, frames[0].text.as_deref()), (0, Some("One.")));
    assert_eq!(frames[0].image_key.as_deref(), Some("media/a.png"));
    assert_eq!((frames[0].image_width, frames[0].image_height), (Some(512), Some(256)));
    assert_eq!(frames[0].image_format.as_deref(), Some("image/png"));
    let metadata: serde_json::Value =
        serde_json::from_str(frames[0].metadata.get()).expect("valid JSON");
    assert_eq!(metadata, json!({"number": 0}));
    assert_eq!((frames[1].text.as_deref(), frames[1].image_key.as_deref()), (None, None));
    assert!(frames[1].trigger_condition.is_none());
    store.close().await;
    database.remove().await;
}

async fn a_picture_tells_where_it_comes_from(database: TestDatabase) {
    let store = database.store().await;
    let (format, dither, now) = ("image/png", None, at(0));
    for (number, (source, model)) in [
        (DigitalSourceType::TrainedAlgorithmicMedia, Some("gpt-image-1")),
        (DigitalSourceType::AlgorithmicMedia, None),
        (DigitalSourceType::DigitalCapture, None),
    ]
    .into_iter()
    .enumerate()
    {
        let provenance = Provenance::new(source, model.map(str::to_owned));
        let mut tx = store.begin().await.expect("begun");
        let (stored, rendered) = (Uuid::now_v7(), Uuid::now_v7());
        for (id, is_rendition) in [(stored, false), (rendered, true)] {
            let key = format!("media/{number}-{is_rendition}.png");
            tx.upsert_media_object(&object(&key)).await.expect("saved");
            let (width, height, provenance) = (4, 2, Some(&provenance));
            let image =
                NewImage { id, media_key: &key, width, height, format, dither, provenance, now };
            if is_rendition {
                tx.insert_rendition(image, stored).await.expect("added");
            } else {
                tx.insert_image(image).await.expect("added");
            }
        }
        tx.save().await.expect("saved");
        for id in [stored, rendered] {
            let image = store.image(id).await.expect("read").expect("the image exists");
            assert_eq!(image.provenance.known().as_ref(), Some(&provenance));
        }
    }
    let unknown = insert_image(&store, "media/old.png").await;
    let image = store.image(unknown).await.expect("read").expect("the image exists");
    assert_eq!(image.provenance.known(), None);
    store.close().await;
    database.remove().await;
}

async fn a_picture_tells_how_it_was_dithered(database: TestDatabase) {
    let store = database.store().await;
    let original = insert_image(&store, "media/a.png").await;
    let mut tx = store.begin().await.expect("begun");
    let (format, now) = ("image/rgb565", at(0));
    let mut added = vec![(original, None)];
    for (key, dither) in [("media/b.raw", Dither::None), ("media/c.raw", Dither::FloydSteinberg)] {
        tx.upsert_media_object(&object(key)).await.expect("saved");
        let dither = Some(dither);
        let (width, height, provenance) = (4, 2, None);
        let image =
            |id| NewImage { id, media_key: key, width, height, format, dither, provenance, now };
        let (stored, rendered) = (Uuid::now_v7(), Uuid::now_v7());
        tx.insert_image(image(stored)).await.expect("added");
        tx.insert_rendition(image(rendered), original).await.expect("added");
        added.extend([(stored, dither), (rendered, dither)]);
    }
    tx.save().await.expect("saved");
    for (id, dither) in added {
        let image = store.image(id).await.expect("read").expect("the image exists");
        assert_eq!(image.dither, dither);
    }
    store.close().await;
    database.remove().await;
}

async fn a_number_is_taken_once(database: TestDatabase) {
    let store = database.store().await;
    let id = story(&store, "s", at(0)).await;
    insert_frame(&store, id, None, None).await;
    let mut tx = store.begin().await.expect("begun");
    let duplicate = NewFrame {
        story_id: id,
        number: 0,
        text: None,
        image_id: None,
        device_image_id: None,
        illustration: "a lamp",
        seen: None,
        heard: None,
        language: None,
        trigger_condition: None,
        state_before: &serde_json::Value::Null,
        min_duration_seconds: 20,
        metadata: &json!({}),
        now: at(1),
    };
    let error = tx.insert_frame(duplicate).await.expect_err("frame 0 exists");
    assert!(error.is_conflict(), "{error}");
    drop(tx);
    let mut tx = store.begin().await.expect("begun");
    for (story, first) in [(Uuid::now_v7(), 0), (id, 0), (id, 2)] {
        let reserved = tx.reserve_frame_numbers(story, first, 1, &json!({}), at(1)).await;
        assert!(!reserved.expect("no error"), "an unknown story, or not its next number");
    }
    drop(tx);
    store.close().await;
    database.remove().await;
}

async fn the_latest_texts_come_oldest_first(database: TestDatabase) {
    let store = database.store().await;
    let id = story(&store, "s", at(0)).await;
    for text in [Some("a"), Some("b"), None, Some("c")] {
        insert_frame(&store, id, text, None).await;
    }
    assert_eq!(store.latest_texts(id, 2).await.expect("read"), ["b", "c"]);
    store.close().await;
    database.remove().await;
}

async fn a_media_object_is_kept_once_and_renewed(database: TestDatabase) {
    let store = database.store().await;
    let mut tx = store.begin().await.expect("begun");
    tx.upsert_media_object(&object("media/a.png")).await.expect("saved");
    tx.save().await.expect("saved");
    let updated = MediaObject { size: 5, sha256: vec![8; 32], ..object("media/a.png") };
    let mut tx = store.begin().await.expect("begun");
    tx.upsert_media_object(&updated).await.expect("saved");
    let within = tx.media_object("media/a.png").await.expect("read");
    assert_eq!(within, Some(updated.clone()));
    tx.save().await.expect("saved");
    assert_eq!(store.media_object("media/a.png").await.expect("read"), Some(updated));
    assert_eq!(store.media_object("media/b.png").await.expect("read"), None);
    store.close().await;
    database.remove().await;
}

async fn a_thumbnail_is_the_first_that_was_set(database: TestDatabase) {
    let store = database.store().await;
    let id = story(&store, "s", at(0)).await;
    insert_frame(&store, id, Some("One."), None).await;
    for key in ["media/a.png", "media/b.png"] {
        let image = insert_image(&store, key).await;
        let mut tx = store.begin().await.expect("begun");
        tx.set_thumbnail(id, image).await.expect("set");
        tx.save().await.expect("saved");
    }
    let listed = store.stories_of_client("s", StoryPage::first(10)).await.expect("listed");
    assert_eq!(listed[0].thumbnail_key.as_deref(), Some("media/a.png"));
    assert_eq!(listed[0].thumbnail_width, Some(512));
    store.close().await;
    database.remove().await;
}

async fn of_very_many_matches_the_newest_are_ranked(database: TestDatabase) {
    let store = database.store().await;
    let id = story(&store, "s", at(0)).await;
    let mut tx = store.begin().await.expect("begun");
    assert!(tx.reserve_frame_numbers(id, 0, 1002, &json!({}), at(1)).await.expect("reserved"));
    for number in 0..1002 {
        // The first and the third are the best matches by far.
        let text =
            if number % 2 == 0 && number < 3 { "kettle kettle" } else { "a kettle on a shelf" };
        let frame = NewFrame {
            story_id: id,
            number,
            text: Some(text),
            image_id: None,
            device_image_id: None,
            illustration: "",
            seen: None,
            heard: None,
            language: None,
            trigger_condition: None,
            state_before: &serde_json::Value::Null,
            min_duration_seconds: 20,
            metadata: &json!({}),
            now: at(1),
        };
        tx.insert_frame(frame).await.expect("added");
    }
    tx.save().await.expect("saved");
    let newest = store.newest_frame_id().await.expect("an id");
    let filter = |client_id| SearchFilter {
        client_id,
        strategy: None,
        since: None,
        until: None,
        max_frame_id: newest,
        visibility: StoryVisibility::All,
    };
    let words = ["kettle".to_owned()];
    for filter in [filter(None), filter(Some("s"))] {
        let ranked = store.search_frames(&words, WordMatch::All, filter, 3).await.expect("found");
        let ids: Vec<i64> = ranked.iter().map(|frame| frame.id).collect();
        assert_eq!(ids, [newest - 999, newest, newest - 1], "the third, then the newest of equals");
        let found = store.newest_frames(&words, WordMatch::All, filter, 2).await.expect("found");
        assert_eq!(found, [newest, newest - 1]);
    }
    let nobody = store.search_frames(&words, WordMatch::All, filter(Some("nobody")), 3).await;
    assert!(nobody.expect("searched").is_empty());
    store.close().await;
    database.remove().await;
}
