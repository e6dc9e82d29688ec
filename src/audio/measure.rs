//! Measures the length of an audio file and detects whether it is silent, in any supported container.
//!
//! Decoding stops at the first window that is loud enough. After it, only the container is read, for the length.

use std::io::Cursor;

use bytes::Bytes;
use opus_decoder::OpusDecoder;
use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

/// The root mean square, as a share of full scale, below which a window is silent. The noise of a cheap microphone
/// stays below it; speech does not.
const SILENCE_THRESHOLD: f64 = 0.004;

/// The number of windows per second.
const WINDOWS_PER_SECOND: usize = 10;

/// The sample rate of every decoded Opus stream, in Hz.
const OPUS_RATE: u32 = 48_000;

/// The most samples per channel in one Opus packet: 120 ms.
const MAX_OPUS_PACKET_SAMPLES: usize = 5760;

/// The most audio that is decoded, in seconds. A file that is silent for this long counts as not silent.
const MAX_DECODED_SECONDS: f64 = 600.0;

/// The length of an audio file and whether it is silent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AudioMeasurement {
    /// Length in seconds.
    pub seconds: f64,
    /// Whether no part of the decoded audio is loud enough for speech.
    pub is_silent: bool,
}

/// Measures an audio file; returns `None` if no decoder supports it.
///
/// Blocks for some milliseconds: do not call it on an async thread.
#[must_use]
pub fn measure(file: Bytes) -> Option<AudioMeasurement> {
    let stream =
        MediaSourceStream::new(Box::new(Cursor::new(file)), MediaSourceStreamOptions::default());
    let (formats, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let probe = symphonia::default::get_probe();
    let mut format = probe.probe(&Hint::new(), stream, formats, metadata).ok()?;
    let track = format.default_track(TrackType::Audio)?;
    let (track_id, time_base) = (track.id, track.time_base);
    let mut decoder = Decoder::new(track.codec_params.as_ref()?.audio()?)?;
    let mut loudness = LoudnessMeter::default();
    let mut span = None;
    while let Some(packet) = next_packet(format.as_mut()) {
        if packet.track_id != track_id {
            continue;
        }
        let begin = packet.pts.get();
        let end = begin.saturating_add_unsigned(packet.dur.get());
        let (first, last) = span.get_or_insert((begin, end));
        (*first, *last) = (begin.min(*first), end.max(*last));
        if loudness.may_be_silent() {
            decoder.decode(&packet, &mut loudness);
        }
    }
    loudness.end_window();
    let ticks = span.map_or(0, |(first, last)| last.saturating_sub(first).max(0));
    let seconds = match time_base {
        Some(base) => ticks as f64 * f64::from(base.numer.get()) / f64::from(base.denom.get()),
        None => loudness.seconds,
    };
    Some(AudioMeasurement { seconds, is_silent: loudness.may_be_silent() })
}

/// Returns the next packet. A truncated or malformed file ends at the defect.
fn next_packet(format: &mut dyn FormatReader) -> Option<Packet> {
    format.next_packet().ok().flatten()
}

enum Decoder {
    Opus { decoder: Box<OpusDecoder>, channels: usize, samples: Vec<f32> },
    Other { decoder: Box<dyn AudioDecoder>, samples: Vec<f32> },
}

impl Decoder {
    fn new(form: &AudioCodecParameters) -> Option<Self> {
        if form.codec == CODEC_ID_OPUS {
            // Opus encodes more than two channels as several streams. Devices with one microphone do not send that.
            let channels = form.channels.as_ref().map_or(1, Channels::count).min(2);
            let decoder = Box::new(OpusDecoder::new(OPUS_RATE, channels).ok()?);
            return Some(Self::Opus {
                decoder,
                channels,
                samples: vec![0.0; MAX_OPUS_PACKET_SAMPLES * channels],
            });
        }
        let codecs = symphonia::default::get_codecs();
        let decoder = codecs.make_audio_decoder(form, &AudioDecoderOptions::default()).ok()?;
        Some(Self::Other { decoder, samples: Vec::new() })
    }

    /// Decodes a packet and measures its loudness. A packet that cannot be decoded is skipped.
    fn decode(&mut self, packet: &Packet, loudness: &mut LoudnessMeter) {
        match self {
            Self::Opus { decoder, channels, samples } => {
                if let Ok(frames) = decoder.decode_float(&packet.data, samples, false) {
                    let decoded_samples = &samples[..(frames * *channels).min(samples.len())];
                    loudness.add_samples(decoded_samples, OPUS_RATE, *channels);
                }
            }
            Self::Other { decoder, samples } => {
                let Ok(decoded) = decoder.decode(packet) else { return };
                samples.resize(decoded.samples_interleaved(), 0.0);
                decoded.copy_to_slice_interleaved(&mut *samples);
                let spec = decoded.spec();
                loudness.add_samples(samples, spec.rate(), spec.channels().count());
            }
        }
    }
}

/// Compares the root mean square of each window with [`SILENCE_THRESHOLD`].
#[derive(Debug, Default)]
struct LoudnessMeter {
    seconds: f64,
    squares: f64,
    samples: usize,
    has_sound: bool,
}

impl LoudnessMeter {
    fn may_be_silent(&self) -> bool {
        !self.has_sound && self.seconds < MAX_DECODED_SECONDS
    }

    fn add_samples(&mut self, samples: &[f32], rate: u32, channels: usize) {
        let samples_per_second = rate as usize * channels.max(1);
        let window_samples = (samples_per_second / WINDOWS_PER_SECOND).max(1);
        for sample in samples {
            self.squares += f64::from(*sample).powi(2);
            self.samples += 1;
            if self.samples == window_samples {
                self.end_window();
            }
        }
        self.seconds += samples.len() as f64 / samples_per_second.max(1) as f64;
    }

    fn end_window(&mut self) {
        let loudness = (self.squares / self.samples.max(1) as f64).sqrt();
        self.has_sound |= loudness >= SILENCE_THRESHOLD;
        (self.squares, self.samples) = (0.0, 0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::pcm_to_wav;
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
        for name in ["speech.webm", "speech.ogg", "speech.m4a", "speech.mp3", "speech_16k_mono.wav"]
        {
            let measured = read(fixture(name)).unwrap_or_else(|| panic!("{name} is measured"));
            assert!(!measured.is_silent, "{name}");
            // Encoders pad the start and the end.
            assert!((measured.seconds - length).abs() < 0.15, "{name}: {measured:?}, not {length}");
        }
    }

    #[test]
    fn silence_is_recognised_in_every_container() {
        for name in ["silence.webm", "silence.ogg", "silence.m4a", "silence.mp3", "silence.flac"] {
            let measured = read(fixture(name)).unwrap_or_else(|| panic!("{name} is measured"));
            assert!(
                measured.is_silent && (measured.seconds - 2.0).abs() < 0.15,
                "{name}: {measured:?}"
            );
        }
        let hiss = read(pcm_to_wav(&tone(0.002, 16_000))).expect("measured");
        assert!(hiss.is_silent && (hiss.seconds - 1.0).abs() < 1e-9, "{hiss:?}");
        let mut late = tone(0.0, 64_000);
        late.extend(tone(0.1, 3000));
        let late = read(pcm_to_wav(&late)).expect("measured");
        assert!(!late.is_silent, "a short word at the end");
    }

    #[test]
    fn a_recorder_that_streams_leaves_a_wrong_length() {
        let mut file = pcm_to_wav(&tone(0.1, 16_000));
        for at in [4, 40] {
            file[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        }
        let measured = read(file).expect("measured");
        assert!(!measured.is_silent && (measured.seconds - 1.0).abs() < 0.1, "{measured:?}");
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
}
