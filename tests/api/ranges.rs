//! Ranges, conditions and `HEAD` of every response that holds media.

use reqwest::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH,
    IF_RANGE, LAST_MODIFIED, RANGE,
};
use serde_json::json;

use super::support::{TestApp, TestDatabase, fixture, send_json};

/// A file that the service gives back under a URL.
struct Served {
    what: &'static str,
    url: String,
    bytes: Vec<u8>,
    media_type: &'static str,
}

/// Uploads one file of each kind: as it is stored, and compressed losslessly.
async fn uploads(app: &TestApp) -> Vec<Served> {
    let speech = fixture("speech_16k_mono.wav");
    let mut served = Vec::new();
    let picture = fixture("chelsea_451x300.png");
    let (status, _) = send_json(app.put("/media/x.png").body(picture.clone())).await;
    assert_eq!(status, 201);
    let url = "/media/x.png".to_owned();
    served.push(Served { what: "an upload", url, bytes: picture, media_type: "image/png" });
    for (what, bytes, media_type) in [
        ("WAV", speech.clone(), "audio/wav"),
        ("PCM", speech[78..].to_vec(), "audio/pcm;rate=16000"),
        ("Ogg", fixture("speech.ogg"), "audio/ogg"),
    ] {
        let post = app.client.post(format!("{}/v2/clients/s/recordings", app.url));
        let post = post.header(CONTENT_TYPE, media_type).body(bytes.clone());
        let (status, sound) = send_json(post).await;
        assert_eq!(status, 201, "{sound}");
        let url = sound["url"].as_str().expect("a URL").to_owned();
        served.push(Served { what, url, bytes, media_type });
    }
    let sample = reqwest::multipart::Part::bytes(speech.clone()).file_name("a.wav");
    let form = reqwest::multipart::Form::new().part("samples", sample);
    let put = app.put("/v2/clients/s/voice-profiles/p").multipart(form);
    let (_, profile) = send_json(put).await;
    let url = profile["samples"][0]["url"].as_str().expect("a URL").to_owned();
    served.push(Served { what: "a voice's sample", url, bytes: speech, media_type: "audio/wav" });
    served
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_media_response_honours_ranges() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    for Served { what, url, bytes, media_type } in uploads(&app).await {
        let get =
            async |range: &str| app.get(&url).header(RANGE, range).send().await.expect("an answer");
        let length = bytes.len();
        for (range, expected) in [
            ("bytes=0-1".to_owned(), 0..2),
            ("BYTES=10-19".to_owned(), 10..20),
            ("bytes=0-".to_owned(), 0..length),
            ("bytes=-100".to_owned(), length - 100..length),
            (format!("bytes=5-{}", 2 * length), 5..length),
        ] {
            let part = get(&range).await;
            assert_eq!(part.status(), 206, "{what} {range}");
            let content_range = format!("bytes {}-{}/{length}", expected.start, expected.end - 1);
            assert_eq!(part.headers()[CONTENT_RANGE], content_range.as_str(), "{what} {range}");
            assert_eq!(part.headers()[CONTENT_TYPE], media_type, "{what}");
            assert_eq!(part.headers()[CONTENT_LENGTH], expected.len().to_string().as_str());
            assert!(part.bytes().await.expect("bytes") == bytes[expected], "{what} {range}");
        }
        for range in ["bytes=0-1,4-5", "items=0-1", "bytes=abc", "bytes=5-2", "bytes"] {
            let whole = get(range).await;
            assert_eq!(whole.status(), 200, "{what} {range}");
            assert_eq!(whole.headers()[ACCEPT_RANGES], "bytes", "{what}");
            assert!(whole.bytes().await.expect("bytes") == bytes, "{what} {range}");
        }
        let beyond = get(&format!("bytes={length}-")).await;
        assert_eq!(beyond.status(), 416, "{what}");
        assert_eq!(beyond.headers()[CONTENT_RANGE], format!("bytes */{length}").as_str());
        assert_eq!(beyond.headers()[CONTENT_TYPE], "application/problem+json");
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_media_response_has_validators_and_a_head() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    for Served { what, url, bytes, media_type } in uploads(&app).await {
        let head = app.client.head(app.address(&url)).header(RANGE, "bytes=0-1");
        let head = head.send().await.expect("an answer");
        assert_eq!(head.status(), 200, "{what}: a range is of GET alone");
        let headers = head.headers().clone();
        assert_eq!(headers[CONTENT_LENGTH], bytes.len().to_string().as_str(), "{what}");
        assert_eq!(headers[CONTENT_TYPE], media_type, "{what}");
        assert_eq!(headers[ACCEPT_RANGES], "bytes", "{what}");
        let (tag, date) = (&headers[ETAG], &headers[LAST_MODIFIED]);
        assert!(tag.as_bytes().starts_with(b"\""), "{what}: a strong tag");
        assert!(head.bytes().await.expect("bytes").is_empty());

        let same = app.get(&url).header(IF_NONE_MATCH, tag).header(RANGE, "bytes=0-1");
        let same = same.send().await.expect("an answer");
        assert_eq!((same.status().as_u16(), &same.headers()[ETAG]), (304, tag), "{what}");
        let other = app.get(&url).header(IF_MATCH, "\"other\"").send().await.expect("an answer");
        assert_eq!(other.status(), 412, "{what}");
        let earlier = "Sat, 01 Jan 2000 00:00:00 GMT".parse().expect("a value");
        let weak = format!("W/{}", tag.to_str().expect("text")).parse().expect("a value");
        for (version, status) in [(tag, 206), (date, 206), (&earlier, 200), (&weak, 200)] {
            let get = app.get(&url).header(RANGE, "bytes=0-1").header(IF_RANGE, version);
            let response = get.send().await.expect("an answer");
            assert_eq!(response.status(), status, "{what}: {version:?}");
        }
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frames_picture_is_served_in_parts() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let created = app.create_frame(json!({"client_id": "s", "output_image_format": "bmp"})).await;
    let url = format!("/{}", created["frames"][0]["image"]["url"].as_str().expect("a URL"));
    let whole = app.get(&url).send().await.expect("an answer").bytes().await.expect("bytes");
    let (first, rest) =
        (app.get(&url).header(RANGE, "bytes=0-99"), app.get(&url).header(RANGE, "bytes=100-"));
    let first = first.send().await.expect("an answer").bytes().await.expect("bytes");
    let rest = rest.send().await.expect("an answer").bytes().await.expect("bytes");
    assert!([first, rest].concat() == whole);
    app.stop_and_remove().await;
}
