//! `/v1/frames`: tells the next frame of a story.

use std::collections::BTreeSet;
use std::time::Duration;

use calliope::domain::{ImageFormat, Size};
use calliope::imaging;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::on_both;
use crate::support::{TestApp, TestDatabase, base64, fixture, pause, photo, send_json};

on_both! {
    a_photo_becomes_a_frame_in_the_pixels_that_were_asked_for;
    ten_frames_are_one_story_and_name_what_was_seen;
    fifty_posts_at_once_for_one_client_are_numbered_without_gaps;
    fifty_new_clients_at_once_are_all_served;
    each_strategy_keeps_to_its_own_story;
    a_client_that_hangs_up_gets_its_frame_all_the_same;
}

async fn fetch(app: &TestApp, image: &Value) -> Vec<u8> {
    let url = image["url"].as_str().expect("a url");
    assert!(!url.starts_with('/'), "{url}");
    let response = app.get(&format!("/{url}")).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let served_as = response.headers()["content-type"].to_str().expect("text").to_owned();
    assert_eq!(image["format"], served_as);
    response.bytes().await.expect("bytes").to_vec()
}

fn redacted() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_sort_maps(true);
    let redactions = [
        (".story_id", "[id]"),
        (".request_id", "[id]"),
        (".slug", "[slug]"),
        (".generation_date", "[time]"),
        (".date_created", "[day]"),
        (".date_updated", "[day]"),
        (".frames[].text", "[text]"),
        (".frames[].image.url", "[url]"),
        (".frames[].source_image.url", "[url]"),
        (".frames[].metadata.situation", "[situation]"),
        (".frames[].metadata.generated_at", "[time]"),
    ];
    for (path, with) in redactions {
        settings.add_redaction(path, with);
    }
    settings
}

async fn a_photo_becomes_a_frame_in_the_pixels_that_were_asked_for(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let created = app
        .create_frame(json!({
            "client_id": "sparrow", "input_image": photo(), "output_image_format": "image/rgb565",
            "output_image_width": 320, "output_image_height": 320,
        }))
        .await;
    let frame = &created["frames"][0];
    let pixels = fetch(&app, &frame["image"]).await;
    assert_eq!(pixels.len(), 204_800);
    let original = imaging::decode(&fetch(&app, &frame["source_image"]).await).expect("a PNG");
    let packed = imaging::decode_rgb565(&pixels, Size::new(320, 320)).expect("pixels");
    let fitted = imaging::fit(&original, Some(320), Some(320)).expect("fits");
    let expected = imaging::encode(&fitted, ImageFormat::Rgb565, calliope::domain::Dither::None);
    assert_eq!(pixels, expected.expect("packs"), "the device's picture is the original, packed");
    assert_eq!(packed.dimensions(), (320, 320));
    let text = frame["text"].as_str().expect("text");
    assert!(text.ends_with(".\n") || text.ends_with("”\n") || text.ends_with("\"\n"), "{text:?}");
    let slug = created["slug"].as_str().expect("a slug");
    assert!(slug.len() <= 40 && slug.split('-').count() <= 5 && !slug.is_empty(), "{slug}");
    redacted().bind(|| insta::assert_json_snapshot!("frame", created));
    app.stop_and_remove().await;
}

async fn ten_frames_are_one_story_and_name_what_was_seen(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let (mut texts, mut named) = (Vec::new(), 0);
    for number in 0..10 {
        let created = app
            .create_frame(json!({"client_id": "sparrow", "input_image": photo(), "debug": "1"}))
            .await;
        assert_eq!(created["story_frame_count"], number + 1);
        let text = created["frames"][0]["text"].as_str().expect("text").to_owned();
        let look = &created["debug_data"]["image_analysis"]["look"];
        let colours = look["palette"].as_array().expect("colours");
        let things = created["debug_data"]["image_analysis"]["things"].as_array().expect("things");
        let names = colours.iter().filter_map(|c| c["name"].as_str());
        let seen: Vec<&str> = names.chain(things.iter().filter_map(Value::as_str)).collect();
        let lower = text.to_lowercase();
        named += usize::from(seen.iter().any(|name| lower.contains(&name.to_lowercase())));
        texts.push(text);
    }
    assert_eq!(named, 10, "{texts:#?}");
    let full = app.json("/v1/story/?client_id=sparrow").await;
    let stored: Vec<&str> = full["frames"]
        .as_array()
        .expect("frames")
        .iter()
        .filter_map(|f| f["text"].as_str())
        .collect();
    assert_eq!(stored, texts);
    let different: BTreeSet<&String> = texts.iter().collect();
    assert_eq!(different.len(), 10);
    app.stop_and_remove().await;
}

async fn fifty_posts_at_once_for_one_client_are_numbered_without_gaps(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let posts = (0..50).map(|n| {
        let post = app.post_frame(&json!({
            "client_id": "sparrow", "strategy": "literal", "input_text": format!("phrase {n}"),
        }));
        tokio::spawn(send_json(post))
    });
    let (mut stories, mut counts) = (BTreeSet::new(), BTreeSet::new());
    for post in posts.collect::<Vec<_>>() {
        let (status, created) = post.await.expect("joined");
        assert_eq!(status, 200, "{created}");
        stories.insert(created["story_id"].to_string());
        counts.insert(created["story_frame_count"].as_i64());
    }
    assert_eq!(stories.len(), 1);
    assert_eq!(counts, (1..=50).map(Some).collect());
    let full = app.json("/v1/story/?client_id=sparrow").await;
    let texts: BTreeSet<String> = full["frames"]
        .as_array()
        .expect("frames")
        .iter()
        .map(|f| f["text"].as_str().expect("text").trim().to_owned())
        .collect();
    assert_eq!(texts, (0..50).map(|n| format!("phrase {n}")).collect());
    app.stop_and_remove().await;
}

async fn fifty_new_clients_at_once_are_all_served(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let posts = (0..50).map(|n| {
        tokio::spawn(send_json(app.post_frame(&json!({"client_id": format!("sparrow {n}")}))))
    });
    let mut stories = BTreeSet::new();
    for post in posts.collect::<Vec<_>>() {
        let (status, created) = post.await.expect("joined");
        assert_eq!(status, 200, "{created}");
        assert_eq!(created["story_frame_count"], 1);
        stories.insert(created["story_id"].to_string());
    }
    assert_eq!(stories.len(), 50);
    app.stop_and_remove().await;
}

async fn each_strategy_keeps_to_its_own_story(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let tell = |strategy: &str, text: &str| {
        app.create_frame(json!({"client_id": "s", "strategy": strategy, "input_text": text}))
    };
    let literal = tell("literal", "One| |Two|Three").await;
    let texts: Vec<&str> = literal["frames"]
        .as_array()
        .expect("frames")
        .iter()
        .filter_map(|f| f["text"].as_str())
        .collect();
    assert_eq!(texts, ["One\n", "Two\n", "Three\n"]);
    assert_eq!((&literal["story_frame_count"], &literal["slug"]), (&json!(3), &json!("one")));
    let mirror = tell("narcissus", "").await;
    assert_eq!(mirror["frames"][0]["text"], Value::Null);
    assert_eq!((&mirror["slug"], &mirror["story_frame_count"]), (&json!(""), &json!(1)));
    assert_ne!(mirror["story_id"], literal["story_id"]);
    let simple = tell("simple-one-frame", "a kite").await;
    assert_eq!(simple["append_to_prior_frames"], false);
    assert_eq!(literal["append_to_prior_frames"], true);
    let known = json!({
        "client_id": "s", "strategy": "narcissus", "story_id": literal["story_id"], "input_text": "Four",
    });
    let again = app.create_frame(known).await;
    assert_eq!(again["strategy"], "literal", "a known story's own strategy wins");
    assert_eq!(
        (&again["frames"][0]["text"], &again["story_frame_count"]),
        (&json!("Four\n"), &json!(4))
    );
    let current = app.json("/v1/story/?client_id=s").await;
    assert_eq!(current["story_id"], literal["story_id"], "the story used is the current one");
    app.stop_and_remove().await;
}

async fn a_client_that_hangs_up_gets_its_frame_all_the_same(database: TestDatabase) {
    let app = TestApp::start(database).await;
    let address = app.url.trim_start_matches("http://").to_owned();
    let send = |body: String, length: usize| {
        let address = address.clone();
        async move {
            let mut stream = tokio::net::TcpStream::connect(&address).await.expect("connected");
            let head = format!(
                "POST /v1/frames HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.expect("sent");
            stream.write_all(body.as_bytes()).await.expect("sent");
            stream.flush().await.expect("sent");
            stream.shutdown().await.expect("hung up");
            stream
        }
    };
    // The client hangs up halfway through the body: no frame is told.
    let half = send(r#"{"client_id": "half"#.to_owned(), 1000).await;
    drop(half);
    // The client hangs up after the body: the frame is told.
    let body =
        json!({"client_id": "whole", "strategy": "literal", "input_text": "Told."}).to_string();
    let length = body.len();
    let connection = send(body, length).await;
    let until_told = async {
        loop {
            let story = app.json("/v1/stories/?client_id=whole").await;
            if story["stories"].as_array().is_some_and(|stories| !stories.is_empty()) {
                break;
            }
            pause().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), until_told).await.expect("the frame is told");
    drop(connection);
    assert_eq!(app.json("/v1/stories/?client_id=half").await["stories"], json!([]));
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_format_and_size_comes_as_it_was_asked_for() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let cases = [
        (json!({"output_image_format": "png"}), "image/png", 512, 512),
        (
            json!({"output_image_format": "image/jpeg", "output_image_width": 100}),
            "image/jpeg",
            100,
            100,
        ),
        (json!({"output_image_format": "webp", "output_image_height": "64"}), "image/webp", 64, 64),
        (
            json!({"output_image_format": "bmp", "output_image_width": 33, "output_image_height": 20}),
            "image/bmp",
            33,
            20,
        ),
        (
            json!({"output_image_format": "raw", "output_image_width": 5, "output_image_height": 3}),
            "image/rgb565",
            5,
            3,
        ),
        (
            json!({"output_image_format": "grayscale16", "output_image_width": 5, "output_image_height": 3,
                   "output_image_dither": "floyd-steinberg"}),
            "image/grayscale16",
            5,
            3,
        ),
    ];
    for (wish, format, width, height) in cases {
        let mut body = wish.clone();
        body["client_id"] = json!("sparrow");
        let created = app.create_frame(body).await;
        let image = &created["frames"][0]["image"];
        assert_eq!(image["format"], format, "{wish}");
        assert_eq!((&image["width"], &image["height"]), (&json!(width), &json!(height)), "{wish}");
        let bytes = fetch(&app, image).await;
        let size = Size::new(width, height);
        let shown = match format {
            "image/rgb565" => imaging::decode_rgb565(&bytes, size),
            "image/grayscale16" => imaging::decode_grayscale16(&bytes, size),
            _ => imaging::decode(&bytes),
        };
        assert_eq!(shown.expect("readable").dimensions(), (width, height), "{wish}");
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_can_only_fetch_gets_frames_by_get() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let photo = base64("chelsea_451x300.png");
    let small: String = form_urlencoded::byte_serialize(tiny_png().as_bytes()).collect();
    assert!(photo.len() > 100_000, "too long for a query, unlike the tiny one");
    let created = app
        .json(&format!(
            "/v1/frames?client_id=24:6F:28&input_image={small}&output_image_width=64&debug=true&strategy="
        ))
        .await;
    assert_eq!(created["frames"][0]["image"]["width"], 64);
    assert!(created["debug_data"]["i_see"].is_string());
    app.stop_and_remove().await;
}

/// Returns a PNG of 2×2 pixels in base64.
fn tiny_png() -> String {
    use base64::Engine;
    let pixels = image::RgbImage::from_pixel(2, 2, image::Rgb([200, 80, 20]));
    let png = imaging::encode(&pixels, ImageFormat::Png, calliope::domain::Dither::None);
    base64::engine::general_purpose::STANDARD.encode(png.expect("encoded"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_is_kept_and_wishes_that_cannot_be_met_are_told() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    for (file, extra) in [
        ("speech.webm", json!({})),
        ("speech.ogg", json!({})),
        ("speech.m4a", json!({})),
        ("speech.mp3", json!({})),
        ("speech_16k_mono.wav", json!({})),
        ("speech_16k_mono.wav", json!({"input_audio_format": "audio/pcm;rate=16000"})),
    ] {
        let mut body = extra;
        body["client_id"] = json!("sparrow");
        body["input_audio"] = json!(format!("data:audio/any;base64,{}", base64(file)));
        body["generate_video"] = json!("yes");
        body["narrate"] = json!(1);
        let created = app.create_frame(body).await;
        let notes = created["errors"].as_array().expect("notes");
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert!(notes.iter().all(|note| note.as_str().is_some_and(|n| n.ends_with('.'))));
    }
    let extensions: BTreeSet<String> = app
        .files("input")
        .iter()
        .map(|name| name.rsplit('.').next().unwrap_or_default().to_owned())
        .collect();
    let expected = ["m4a", "mp3", "ogg", "pcm", "wav", "webm"];
    assert_eq!(extensions, expected.map(str::to_owned).into());
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_is_no_longer_than_asked() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    for max in [40, 120, 300] {
        let created = app
            .create_frame(
                json!({"client_id": "s", "input_image": photo(), "max_output_text_length": max}),
            )
            .await;
        let text = created["frames"][0]["text"].as_str().expect("text").trim_end();
        assert!(text.chars().count() <= max && !text.is_empty(), "{max}: {text}");
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_with_files_is_a_request_too() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let file = |name| reqwest::multipart::Part::bytes(fixture(name)).file_name(name);
    let form = reqwest::multipart::Form::new()
        .text("client_id", "browser")
        .text("output_image_width", "64")
        .text("debug", "true")
        .part("input_image", file("rocket_640x427.jpg"))
        .part("input_audio", file("speech.webm"));
    let post = app.client.post(format!("{}/v1/frames/", app.url)).multipart(form);
    let (status, created) = send_json(post).await;
    assert_eq!(status, 200, "{created}");
    assert!(created["debug_data"]["i_see"].is_string());
    assert_eq!(created["frames"][0]["image"]["width"], 64);
    assert_eq!(app.files("input").len(), 2);
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_ask_about_a_frame_tells_none() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let head = app.client.head(format!("{}/v1/frames?client_id=s", app.url));
    assert_eq!(head.send().await.expect("an answer").status(), 405);
    assert_eq!(app.json("/v1/stories?client_id=s").await["stories"], json!([]));
    app.stop_and_remove().await;
}
