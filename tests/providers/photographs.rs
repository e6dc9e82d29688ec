//! What vision models get of a photograph: the file itself, without what it says about its owner.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use calliope::domain::{Dither, ImageFormat};
use calliope::imaging;
use serde_json::json;

use super::Capability;
use super::failures::good_answer;
use super::frames::{capability_of, fern_answer, options};
use super::support::provider::{FakeProvider, Reply};
use super::support::{TestApp, TestDatabase, fixture};

const SECRET: &[u8] = b"37.4220 N 122.0841 W, camera 4711";

/// Inserts EXIF with an orientation and a secret after the start of a JPEG.
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", &[orientation][..], &[0; 6]];
    let body = [b"Exif\0\0", &tiff.concat()[..], SECRET].concat();
    let length = u16::try_from(body.len() + 2).expect("a short segment").to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &body, &jpeg[2..]].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_is_sent_as_it_came_but_without_its_metadata() {
    let provider = FakeProvider::start(|number, request| match capability_of(request) {
        Capability::Structured => Reply::ok(fern_answer(number)),
        other => Reply::ok(good_answer(other)),
    })
    .await;
    let app = TestApp::start_with(TestDatabase::sqlite(), options(&provider.url)).await;
    let sent = async |file: &[u8]| {
        let before = provider.received().len();
        let image = STANDARD.encode(file);
        let frame = app
            .create_frame(json!({"client_id": "s", "strategy": "fern", "input_image": image}))
            .await;
        assert_eq!(frame["errors"], json!([]), "{frame}");
        let received = provider.received().split_off(before);
        let request = received.iter().find(|r| capability_of(r) == Capability::Vision);
        let url = request.expect("it was looked at").json()["messages"][0]["content"][1]["image_url"]["url"].clone();
        let encoded = url.as_str().and_then(|url| url.strip_prefix("data:image/jpeg;base64,"));
        STANDARD.decode(encoded.expect("a JPEG")).expect("base64")
    };
    let file = fixture("rocket_640x427.jpg");
    let has_secret = |file: &[u8]| file.windows(SECRET.len()).any(|bytes| bytes == SECRET);
    let told = with_exif(&file, 1);
    assert!(has_secret(&told));

    let plain = sent(&told).await;
    assert_eq!(Some(&plain), imaging::plain_jpeg(&file).as_ref(), "the same picture data");
    assert!(!has_secret(&plain));

    // Not every provider turns a picture upright, so that one is encoded again.
    let turned = sent(&with_exif(&file, 6)).await;
    let size = imaging::dimensions(&turned).expect("a picture");
    assert_eq!((size.width, size.height), (427, 640));
    assert!(!has_secret(&turned));

    let pixels = imaging::decode(&file).expect("a picture");
    let large = imaging::fit(&pixels, Some(1600), Some(1600)).expect("fits");
    let large = imaging::encode(&large, ImageFormat::Jpeg, Dither::None).expect("encoded");
    let size = imaging::dimensions(&sent(&large).await).expect("a picture");
    assert_eq!(size.width.max(size.height), 1024, "providers get no more than they look at");

    let png = sent(&fixture("chelsea_451x300.png")).await;
    assert_eq!(imaging::sniff(&png), Some(imaging::InputFormat::Jpeg));
    app.stop_and_remove().await;
}
