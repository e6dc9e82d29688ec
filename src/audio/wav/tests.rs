use proptest::prelude::*;

use super::*;
use crate::audio::{AudioMeasurement, Loudness, PcmFormat, measure, pcm_to_wav};

const MONO: PcmFormat = PcmFormat::MONO;

fn tone(samples: usize) -> Vec<u8> {
    (0..samples).flat_map(|n| ((8000.0 * (n as f64 / 8.0).sin()) as i16).to_le_bytes()).collect()
}

fn measured(file: Vec<u8>) -> AudioMeasurement {
    measure(file.into()).expect("measured")
}

fn with_sizes(file: &[u8], riff: u32, data: u32) -> Vec<u8> {
    let mut file = file.to_vec();
    file[4..8].copy_from_slice(&riff.to_le_bytes());
    file[40..44].copy_from_slice(&data.to_le_bytes());
    file
}

/// Builds a WAV file of one second in a format.
fn file(tag: u16, channels: u16, rate: u32, bits: u16, sample: impl Fn(f64) -> Vec<u8>) -> Vec<u8> {
    let block = channels * bits / 8;
    let fields = [
        tag.to_le_bytes().to_vec(),
        channels.to_le_bytes().to_vec(),
        rate.to_le_bytes().to_vec(),
        (rate * u32::from(block)).to_le_bytes().to_vec(),
        block.to_le_bytes().to_vec(),
        bits.to_le_bytes().to_vec(),
    ];
    let frames = (0..rate).flat_map(|n| {
        let sample = sample(0.25 * (f64::from(n) * 2000.0 / f64::from(rate)).sin());
        sample.repeat(channels.into())
    });
    write(&fields.concat(), &frames.collect::<Vec<u8>>())
}

#[test]
fn the_length_is_that_of_the_bytes_whatever_the_sizes_say() {
    let good = pcm_to_wav(&tone(16_000), MONO);
    let (riff, data) = (32_036, 32_000);
    let cases = [
        (riff, data),
        (36, 0),
        (0, 0),
        (riff, 0),
        (36, data),
        (0, data),
        (u32::MAX, u32::MAX),
        (riff, u32::MAX - 36),
        (riff, 0x8000_0000),
        (0x7fff_ffff, 0x7fff_ffdb),
        (riff, data + 44),
        (riff, data + 1),
        (riff, 36),
        (riff, data / 2),
        (riff, 1),
    ];
    for (riff, data) in cases {
        let file = with_sizes(&good, riff, data);
        let AudioMeasurement { seconds, loudness } = measured(file.clone());
        assert!((seconds - 1.0).abs() < 1e-9, "{riff} {data}: {seconds}");
        assert_eq!(loudness, Loudness::Audible, "{riff} {data}");
        assert_eq!(with_correct_sizes(file.into()), good, "{riff} {data}");
    }
    let cut = good[..44 + 16_001].to_vec();
    assert!((measured(cut.clone()).seconds - 0.5).abs() < 1e-9, "cut off within a sample");
    assert_eq!(with_correct_sizes(cut.into()), pcm_to_wav(&tone(8000), MONO));
}

#[test]
fn chunks_around_the_samples_are_no_sound() {
    let silence = vec![0; 32_000];
    let good = pcm_to_wav(&silence, MONO);
    let list = b"LIST\x1a\0\0\0INFOISFT\x0d\0\0\0Lavf60.16.100\0";
    let before = [&good[..36], list, &good[36..]].concat();
    let after = [&good[..], list].concat();
    let unpatched_before = [&good[..36], list, b"data\xff\xff\xff\xff", &silence].concat();
    let unpatched_after = [&with_sizes(&good, 0, 0)[..], list].concat();
    let odd = [&good[..36], b"note\x05\0\0\0hello\0", &good[36..]].concat();
    let unpadded = [&good[..36], b"note\x05\0\0\0hello", &good[36..]].concat();
    let wrong = [&good[..36], b"LIST\xff\xff\xff\xffINFO", &good[36..]].concat();
    let padded = [&good[..], &[0; 5000]].concat();
    let names = [
        "before",
        "after",
        "unpatched before",
        "unpatched after",
        "odd",
        "unpadded",
        "wrong",
        "padded",
    ];
    let files = [before, after, unpatched_before, unpatched_after, odd, unpadded, wrong, padded];
    for (name, file) in names.into_iter().zip(files) {
        let measured = measured(file);
        assert!((measured.seconds - 1.0).abs() < 1e-9, "{name}: {measured:?}");
        assert_eq!(measured.loudness, Loudness::Silent, "{name}");
    }
    let empty = pcm_to_wav(&[], MONO);
    for file in [empty.clone(), [&empty[..], list].concat(), with_sizes(&empty, u32::MAX, u32::MAX)]
    {
        assert_eq!(measured(file), AudioMeasurement { seconds: 0.0, loudness: Loudness::Silent });
    }
}

#[test]
fn every_usual_encoding_is_decoded() {
    let int = |bits: u32| {
        move |sample: f64| {
            let scaled = (sample * 2_f64.powi(31)) as i32;
            scaled.to_le_bytes()[4 - bits as usize / 8..].to_vec()
        }
    };
    let byte = |sample: f64| vec![(128.0 + 127.0 * sample) as u8];
    let quiet_byte = |_| vec![128];
    let float = |sample: f64| (sample as f32).to_le_bytes().to_vec();
    let double = |sample: f64| sample.to_le_bytes().to_vec();
    let broken = |_| f32::NAN.to_le_bytes().to_vec();
    let cases: [(&str, Vec<u8>, Loudness); 12] = [
        ("8 bits", file(1, 1, 8000, 8, byte), Loudness::Audible),
        ("8 bits, quiet", file(1, 1, 8000, 8, quiet_byte), Loudness::Silent),
        ("16 bits, stereo", file(1, 2, 44_100, 16, int(16)), Loudness::Audible),
        ("24 bits", file(1, 1, 48_000, 24, int(24)), Loudness::Audible),
        ("24 bits, quiet", file(1, 2, 48_000, 24, |_| vec![0; 3]), Loudness::Silent),
        ("32 bits", file(1, 1, 16_000, 32, int(32)), Loudness::Audible),
        ("float", file(3, 2, 16_000, 32, float), Loudness::Audible),
        ("float, not numbers", file(3, 1, 16_000, 32, broken), Loudness::Silent),
        ("double", file(3, 1, 16_000, 64, double), Loudness::Audible),
        ("A-law, quiet", file(6, 1, 8000, 8, |_| vec![0xd5]), Loudness::Silent),
        ("µ-law, quiet", file(7, 1, 8000, 8, |_| vec![0xff]), Loudness::Silent),
        ("unknown", file(0x11, 1, 8000, 8, byte), Loudness::Unknown),
    ];
    for (name, file, loudness) in cases {
        let measured = measured(file);
        assert!((measured.seconds - 1.0).abs() < 1e-9, "{name}: {measured:?}");
        assert_eq!(measured.loudness, loudness, "{name}");
    }
    // Full scale and zero of G.711, from its tables.
    let near = |a: f32, b: f32| (a - b).abs() < 1e-4;
    assert!(near(mu_law(0x00), -32124.0 / 32768.0) && near(mu_law(0x80), 32124.0 / 32768.0));
    assert!(near(a_law(0xaa), 32256.0 / 32768.0) && near(a_law(0x2a), -32256.0 / 32768.0));
}

#[test]
fn an_extensible_header_names_the_encoding_in_its_subformat() {
    let plain = file(1, 2, 16_000, 24, |sample| {
        ((sample * 2_f64.powi(31)) as i32).to_le_bytes()[1..].to_vec()
    });
    let mut fields = plain[20..36].to_vec();
    fields[..2].copy_from_slice(&0xfffe_u16.to_le_bytes());
    fields.extend_from_slice(&22_u16.to_le_bytes());
    fields.extend_from_slice(&24_u16.to_le_bytes());
    fields.extend_from_slice(&0_u32.to_le_bytes());
    fields.extend_from_slice(b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
    let extensible = write(&fields, &plain[44..]);
    let wav = Wav::parse(&extensible).expect("parsed");
    assert_eq!((wav.encoding, wav.channels), (Encoding::Signed(3), 2));
    assert_eq!(measured(extensible).loudness, Loudness::Audible);
}

#[test]
fn a_microphones_offset_is_no_sound() {
    let samples = |of: &dyn Fn(i32) -> i32| {
        let pcm: Vec<u8> = (0..32_000).flat_map(|n| (of(n) as i16).to_le_bytes()).collect();
        pcm_to_wav(&pcm, MONO)
    };
    let hiss = |n: i32| (n.wrapping_mul(7919) % 41) - 20;
    for (name, file) in [
        ("a constant", samples(&|_| 2000)),
        ("a negative one with hiss", samples(&|n| hiss(n) - 500)),
        ("one that settles", samples(&|n| 4000 - n / 8)),
        ("full scale", samples(&|_| 32_767)),
    ] {
        assert_eq!(measured(file).loudness, Loudness::Silent, "{name}");
    }
    let pcm: Vec<u8> = [3000_i16, -3000].map(i16::to_le_bytes).concat().repeat(16_000);
    let stereo = pcm_to_wav(&pcm, PcmFormat::STEREO);
    assert_eq!(measured(stereo).loudness, Loudness::Silent, "one of each channel");
    let quiet = |n: i32| 800 + (400.0 * (f64::from(n) / 8.0).sin()) as i32;
    assert_eq!(measured(samples(&quiet)).loudness, Loudness::Audible, "a tone on an offset");
    assert!((measured(samples(&quiet)).seconds - 2.0).abs() < 1e-9);
}

#[test]
fn stereo_takes_half_the_time() {
    let file = pcm_to_wav(&tone(16_003), PcmFormat::STEREO);
    let wav = Wav::parse(&file).expect("parsed");
    assert_eq!((wav.channels, wav.samples.len()), (2, 4 * 8001));
    assert!((measured(file).seconds - 8001.0 / 16_000.0).abs() < 1e-9);
}

#[test]
fn a_header_is_not_added_twice() {
    let once = pcm_to_wav(&tone(1000), MONO);
    assert_eq!(pcm_to_wav(&once, PcmFormat::STEREO), once);
}

#[test]
fn what_is_no_wav_file_is_left_alone() {
    for other in
        [&b""[..], b"RIFF", b"RIFF\0\0\0\0WAVE", b"RIFF\x24\0\0\0WEBPVP8 ", b"fLaC\0\0\0\x22"]
    {
        assert_eq!(Wav::parse(other), None);
        assert_eq!(with_correct_sizes(Bytes::from_static(other)), other);
    }
    let good = pcm_to_wav(&tone(100), MONO);
    for at in [22, 24] {
        let mut none = good.clone();
        none[at..at + 2].fill(0);
        assert_eq!(Wav::parse(&none), None, "no channels, or no rate");
    }
    let without_format = [&good[..12], &good[36..]].concat();
    assert_eq!(Wav::parse(&without_format), None);
}

proptest! {
    #[test]
    fn a_damaged_file_breaks_nothing(
        edits in prop::collection::vec((0..60_usize, any::<u8>()), 0..8),
        cut in 0..400_usize,
    ) {
        let mut file = pcm_to_wav(&tone(150), MONO);
        for (at, byte) in edits {
            file[at] = byte;
        }
        file.truncate(cut);
        if let Some(wav) = Wav::parse(&file) {
            prop_assert!(wav.samples.end <= file.len() && wav.seconds().is_finite());
        }
        let corrected = with_correct_sizes(file.into());
        prop_assert_eq!(with_correct_sizes(corrected.clone()), corrected);
    }
}
