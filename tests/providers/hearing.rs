//! What a transcriber is sent of a recording, and what of its answer was spoken.

use calliope::app::ModelDefaults;
use calliope::audio::{PcmFormat, pcm_to_wav};
use calliope::settings;
use serde_json::{Value, json};

use super::registry;
use super::support::provider::{FakeProvider, Reply};
use super::support::{TestApp, TestDatabase, TestOptions, fixture};

/// Starts the service with a transcriber that hears these words.
async fn start(words: &'static str) -> (TestApp, FakeProvider) {
    let provider = FakeProvider::start(move |_, _| Reply::ok(json!({"text": words}))).await;
    let models = settings::ModelSettings {
        transcription: Some("openai/hearer".to_owned()),
        ..settings::ModelSettings::default()
    };
    let options = TestOptions {
        registry: Some(registry(&provider.url)),
        choices: ModelDefaults::from_settings(&models, &settings::ProviderSettings::default()),
        ..TestOptions::default()
    };
    (TestApp::start_with(TestDatabase::sqlite(), options).await, provider)
}

async fn tell(app: &TestApp, sound: &[u8], format: Option<&str>) -> Value {
    use base64::Engine;
    let sound = base64::engine::general_purpose::STANDARD.encode(sound);
    app.create_frame(json!({"client_id": "s", "strategy": "literal", "input_text": "a",
        "input_audio": sound, "input_audio_format": format, "debug": true}))
        .await
}

fn samples() -> Vec<u8> {
    let file = fixture("speech_16k_mono.wav");
    let data = file.windows(4).position(|name| name == b"data").expect("samples");
    file[data + 8..].to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcriber_gets_a_recording_with_the_sizes_that_it_has() {
    let (app, provider) = start("A fox.").await;
    let good = pcm_to_wav(&samples(), PcmFormat::MONO);
    let sizes = [(36, 0), (0, 0), (u32::MAX, u32::MAX), (36, 0x8000_0000), (36, 1000)];
    for (index, (riff, data)) in sizes.into_iter().enumerate() {
        let mut file = good.clone();
        file[4..8].copy_from_slice(&u32::to_le_bytes(riff));
        file[40..44].copy_from_slice(&u32::to_le_bytes(data));
        let answer = tell(&app, &file, None).await;
        assert_eq!(answer["debug_data"]["i_hear"], "A fox.", "{}", answer["errors"]);
        let request = &provider.received()[index];
        assert!(request.body.windows(good.len()).any(|part| part == good), "{riff} {data}");
    }
    let stereo = tell(&app, &samples(), Some("audio/pcm;rate=16000;channels=2")).await;
    assert_eq!(stereo["debug_data"]["i_hear"], "A fox.");
    let sent = provider.received().pop().expect("a request").body;
    let expected = pcm_to_wav(&samples(), PcmFormat::STEREO);
    assert!(sent.windows(44).any(|part| part == &expected[..44]), "a header with two channels");
    // What cannot be decoded here is not silent: another decoder may understand it.
    let mut adpcm = good;
    adpcm[20] = 0x11;
    let asked = provider.received().len();
    tell(&app, &adpcm, None).await;
    assert_eq!(provider.received().len(), asked + 1);
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offset_is_not_sent_and_quiet_speech_is() {
    let (app, provider) = start("words").await;
    let hiss = |n: i32| n.wrapping_mul(7919) % 41 - 20;
    let pcm = |of: &dyn Fn(i32) -> i32| -> Vec<u8> {
        (0..32_000).flat_map(|n| (of(n) as i16).to_le_bytes()).collect()
    };
    for (name, samples) in [
        ("a constant", pcm(&|_| 2000)),
        ("hiss on an offset", pcm(&|n| hiss(n) - 500)),
        ("hiss", pcm(&hiss)),
        ("nothing", Vec::new()),
    ] {
        let answer = tell(&app, &pcm_to_wav(&samples, PcmFormat::MONO), None).await;
        assert!(answer["errors"].to_string().contains("silent"), "{name}: {}", answer["errors"]);
        assert_eq!(provider.received().len(), 0, "{name}");
    }
    let speech = samples();
    let samples = &speech.as_chunks::<2>().0[..40_000];
    let quiet = |sample: &[u8; 2]| (i16::from_le_bytes(*sample) / 16 + 800).to_le_bytes();
    let quiet: Vec<u8> = samples.iter().flat_map(quiet).collect();
    tell(&app, &pcm_to_wav(&quiet, PcmFormat::MONO), None).await;
    assert_eq!(provider.received().len(), 1);
    app.stop_and_remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcribers_mark_is_nothing_heard() {
    for words in [" [BLANK_AUDIO]\n", "(silence)", "[Music]", "♪"] {
        let (app, _provider) = start(words).await;
        let answer = tell(&app, &fixture("speech.ogg"), None).await;
        assert_eq!(answer["debug_data"]["i_hear"], Value::Null, "{words}");
        app.stop_and_remove().await;
    }
}
