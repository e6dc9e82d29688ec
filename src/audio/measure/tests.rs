use proptest::prelude::*;

use super::super::{PcmFormat, pcm_to_wav};
use super::*;

fn read(file: Vec<u8>) -> Option<AudioMeasurement> {
    measure(file.into())
}

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("the fixture is there")
}

fn tone(loudness: f64, samples: usize) -> Vec<u8> {
    (0..samples)
        .map(|n| (f64::from(i16::MAX) * loudness * (n as f64 / 8.0).sin()) as i16)
        .flat_map(i16::to_le_bytes)
        .collect()
}

#[test]
fn speech_is_heard_in_every_container() {
    let length = read(fixture("speech_16k_mono.wav")).expect("measured").seconds;
    assert!(length > 1.0, "{length}");
    for name in ["speech.webm", "speech.ogg", "speech.m4a", "speech.mp3", "speech_16k_mono.wav"] {
        let measured = read(fixture(name)).unwrap_or_else(|| panic!("{name} is measured"));
        assert!(!measured.is_silent(), "{name}");
        // Encoders pad the start and the end.
        assert!((measured.seconds - length).abs() < 0.15, "{name}: {measured:?}, not {length}");
    }
}

#[test]
fn silence_is_recognised_in_every_container() {
    for name in ["silence.webm", "silence.ogg", "silence.m4a", "silence.mp3", "silence.flac"] {
        let measured = read(fixture(name)).unwrap_or_else(|| panic!("{name} is measured"));
        assert!(
            measured.is_silent() && (measured.seconds - 2.0).abs() < 0.15,
            "{name}: {measured:?}"
        );
    }
    let hiss = read(pcm_to_wav(&tone(0.002, 16_000), PcmFormat::MONO)).expect("measured");
    assert!(hiss.is_silent() && (hiss.seconds - 1.0).abs() < 1e-9, "{hiss:?}");
    let mut late = tone(0.0, 64_000);
    late.extend(tone(0.1, 3000));
    let late = read(pcm_to_wav(&late, PcmFormat::MONO)).expect("measured");
    assert!(!late.is_silent(), "a short word at the end");
}

#[test]
fn a_recorder_that_streams_leaves_a_wrong_length() {
    let mut file = pcm_to_wav(&tone(0.1, 16_000), PcmFormat::MONO);
    for at in [4, 40] {
        file[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    }
    let measured = read(file).expect("measured");
    assert!(!measured.is_silent() && (measured.seconds - 1.0).abs() < 0.1, "{measured:?}");
}

#[test]
fn what_is_no_sound_is_not_measured() {
    for nothing in [b"".as_slice(), b"OggS", b"RIFF\0\0\0\0WAVE", b"just words"] {
        assert_eq!(read(nothing.to_vec()), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_broken_file_breaks_nothing(at in 0.0..1.0f64, byte: u8, cut in 0.0..1.0f64, which in 0..5usize) {
        let names = ["speech.webm", "speech.ogg", "speech.m4a", "speech.mp3", "speech_16k_mono.wav"];
        let mut file = fixture(names[which]);
        let at = (at * file.len() as f64) as usize;
        file[at] = byte;
        file.truncate((cut * file.len() as f64) as usize);
        let _ = read(file);
    }
}
