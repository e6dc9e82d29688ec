//! Sounds and files as devices really send them: WAV files with wrong sizes, raw PCM, and forms whose bytes look like
//! something else.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::support::{TestApp, TestDatabase, fixture, send_json};

const PCM: &str = "audio/pcm;rate=16000";

/// Returns the samples of the spoken fixture.
fn samples() -> Vec<u8> {
    let file = fixture("speech_16k_mono.wav");
    let data = file.windows(4).position(|name| name == b"data").expect("samples");
    file[data + 8..].to_vec()
}

/// Returns the spoken fixture with a header of 44 bytes and these sizes.
fn speech(riff: u32, data: u32) -> Vec<u8> {
    let mut file = calliope::audio::pcm_to_wav(&samples(), calliope::audio::PcmFormat::MONO);
    file[4..8].copy_from_slice(&riff.to_le_bytes());
    file[40..44].copy_from_slice(&data.to_le_bytes());
    file
}

async fn post_recording(app: &TestApp, body: Vec<u8>, kind: &str) -> (u16, Value) {
    let url = format!("{}/v2/clients/s/recordings", app.url);
    send_json(app.client.post(url).header("content-type", kind).body(body)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_is_as_long_as_its_bytes() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let seconds = samples().len() as f64 / 32_000.0;
    let expect = async |body: Vec<u8>, kind: &str, seconds: f64| {
        let (status, recording) = post_recording(&app, body, kind).await;
        assert_eq!(status, 201, "{recording}");
        let measured = recording["duration_seconds"].as_f64().expect("a length");
        assert!((measured - seconds).abs() < 0.01, "{kind}: {measured}, not {seconds}");
        recording
    };
    for (riff, data) in
        [(36, 0), (0, 0), (u32::MAX, u32::MAX), (0x8000_0024, 0x8000_0000), (100, 64)]
    {
        expect(speech(riff, data), "audio/wav", seconds).await;
    }
    let mut cut = speech(36, 0);
    cut.truncate(44 + 16_000);
    expect(cut, "audio/wav", 0.5).await;
    expect(samples(), PCM, seconds).await;
    let stereo = expect(samples(), "audio/pcm; channels=2; rate=16000", seconds / 2.0).await;
    assert_eq!(stereo["content_type"], "audio/pcm;rate=16000;channels=2");
    let url = stereo["url"].as_str().expect("a URL");
    let kept = app.get(url).send().await.expect("an answer");
    assert_eq!(kept.headers()["content-type"], "audio/pcm;rate=16000;channels=2");
    assert!(kept.bytes().await.expect("bytes") == samples(), "byte for byte");
    expect(speech(36, 0), "audio/pcm", seconds).await;
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_pcm_of_another_format_is_refused_everywhere() {
    use base64::Engine;
    let app = TestApp::start(TestDatabase::sqlite()).await;
    for kind in [
        "audio/pcm;rate=44100",
        "audio/pcm; Rate=8000",
        "audio/pcm;channels=6",
        "audio/pcm;bits=24",
    ] {
        let (status, problem) = post_recording(&app, samples(), kind).await;
        assert_eq!(status, 415, "{kind}");
        assert!(
            problem["detail"].as_str().is_some_and(|detail| detail.contains("WAV")),
            "{problem}"
        );
        let sample = Part::bytes(samples()).mime_str(kind).expect("a type");
        let form = Form::new().part("samples", sample);
        let put = app.put("/v2/clients/s/voice-profiles/p").multipart(form);
        assert_eq!(send_json(put).await.0, 415, "{kind}");
        let encoded = base64::engine::general_purpose::STANDARD.encode(samples());
        let body = json!({"client_id": "s", "input_audio": encoded, "input_audio_format": kind});
        assert_eq!(send_json(app.post_frame(&body)).await.0, 422, "{kind}");
        let snippet =
            json!({"snippet_type": "audio", "content": encoded, "metadata": {"format": kind}});
        let body = json!({"snippets": [snippet]});
        assert_eq!(app.call("POST", "/v2/stories?client_id=s", body).await.0, 422, "{kind}");
    }
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_or_a_film_is_no_recording() {
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let photograph = |brand: &[u8]| {
        let start = [&b"\0\0\0\x18ftyp"[..], brand, b"\0\0\0\0mif1", brand].concat();
        [start, vec![0; 200]].concat()
    };
    let utf16: Vec<u8> =
        "\u{feff}Not a sound at all".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let files = [
        photograph(b"heic"),
        photograph(b"avif"),
        photograph(b"crx "),
        fixture("film.mp4"),
        utf16,
        [0xff_u8, 0xfb, 0x90, 0x64].repeat(3),
        b"OggS and nothing else that an Ogg file has".to_vec(),
        b"\x1a\x45\xdf\xa3 no tracks".to_vec(),
    ];
    for file in files {
        for kind in ["application/octet-stream", "audio/mp4", "image/heic"] {
            let (status, problem) = post_recording(&app, file.clone(), kind).await;
            assert_eq!(status, 415, "{problem} {:?}", &file[..12]);
        }
    }
    for name in ["speech.m4a", "speech.mp3", "speech.ogg", "speech.webm", "silence.flac"] {
        assert_eq!(post_recording(&app, fixture(name), "video/mp4").await.0, 201, "{name}");
    }
    // The name's extension says what the bytes must be.
    let put = async |name: &str, bytes: Vec<u8>| {
        send_json(app.put(&format!("/media/{name}")).body(bytes)).await.0
    };
    assert_eq!(put("film.mp4", fixture("film.mp4")).await, 201);
    assert_eq!(put("film.m4a", fixture("film.mp4")).await, 415);
    assert_eq!(put("sound.mp4", fixture("speech.m4a")).await, 415);
    assert_eq!(put("sound.webm", fixture("speech.webm")).await, 415);
    assert_eq!(put("sound.weba", fixture("speech.webm")).await, 201);
    assert_eq!(put("photo.m4a", photograph(b"heic")).await, 415);
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_in_a_form_is_a_file_whatever_its_bytes() {
    use base64::Engine;
    let app = TestApp::start(TestDatabase::sqlite()).await;
    let post = async |form: Form| {
        let form = form.text("client_id", "f").text("strategy", "literal").text("input_text", "a");
        send_json(app.client.post(format!("{}/v1/frames/", app.url)).multipart(form)).await
    };
    let file = |bytes: Vec<u8>, kind: &str| {
        Part::bytes(bytes).file_name("a.pcm").mime_str(kind).expect("a type")
    };
    let octets = "application/octet-stream";
    // Each of these is UTF-8, and the first two are base64.
    let pcm = [
        b"ABCD".repeat(16_000),
        b"  !!".repeat(8000),
        vec![0; 32_000],
        b"\x01\0\x02\0".repeat(8000),
    ];
    for bytes in &pcm {
        let form = Form::new().part("input_audio", file(bytes.clone(), octets));
        let (status, answer) = post(form.text("input_audio_format", PCM)).await;
        assert_eq!(status, 200, "{answer}");
    }
    // The part's own media type says that it is raw PCM.
    let form = Form::new().part("input_audio", file(pcm[0].clone(), PCM));
    assert_eq!(post(form).await.0, 200);
    let unnamed = Part::bytes(pcm[0].clone()).mime_str(PCM).expect("a type");
    assert_eq!(post(Form::new().part("input_audio", unnamed)).await.0, 200);
    let folder = app.database.folder.path().join("input");
    let sizes: Vec<u64> = super::support::files(&folder)
        .iter()
        .map(|name| std::fs::metadata(folder.join(name)).expect("a file").len())
        .collect();
    assert_eq!(sizes.iter().filter(|size| **size == 64_000).count(), 3, "{sizes:?}");

    let jpeg = file(b"hello".to_vec(), "image/jpeg");
    let (status, problem) = post(Form::new().part("input_image", jpeg)).await;
    assert_eq!(status, 422);
    let detail = problem["detail"].as_str().expect("a sentence");
    assert!(detail.contains("JPEG") && !detail.contains("base64"), "{detail}");
    // Without a file name and a media type, it is base64 as before; an empty file is none.
    let photo = base64::engine::general_purpose::STANDARD.encode(fixture("chelsea_451x300.png"));
    assert_eq!(post(Form::new().text("input_image", photo)).await.0, 200);
    let (status, problem) = post(Form::new().text("input_image", "?!")).await;
    assert_eq!((status, problem["detail"].to_string().contains("base64")), (422, true));
    let none = Form::new().part("input_image", file(Vec::new(), octets));
    assert_eq!(post(none.part("input_audio", file(Vec::new(), octets))).await.0, 200);
    app.stop_and_remove().await;
}
