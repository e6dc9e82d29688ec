//! Measures the length of an audio file and detects whether it is silent, in any supported container.
//!
//! Decoding stops at the first window that is loud enough. After it, only the container is read, for the length.

use std::f64::consts::TAU;
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

use super::wav::Wav;

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

/// The highest frequency that is removed before loudness is measured, in Hz. A MEMS microphone adds a constant to each
/// sample, which drifts when it is switched on and is no sound.
const OFFSET_CUTOFF: f64 = 20.0;

/// The number of samples of a WAV file that are decoded at once.
const WAV_BLOCK_SAMPLES: usize = 4096;

/// The length of an audio file and whether it is silent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AudioMeasurement {
    /// Length in seconds.
    pub seconds: f64,
    /// Whether there is something to hear.
    pub loudness: Loudness,
}

/// Whether there is something to hear in an audio file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loudness {
    /// Some part is loud enough for speech.
    Audible,
    /// No part is loud enough for speech, or the file has no samples.
    Silent,
    /// Nothing could be decoded. Another decoder may still hear something.
    Unknown,
}

impl AudioMeasurement {
    /// Returns whether there is nothing to hear.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.loudness == Loudness::Silent
    }
}

/// Measures an audio file; returns `None` if no decoder supports it.
///
/// Blocks for some milliseconds: do not call it on an async thread.
#[must_use]
pub fn measure(file: Bytes) -> Option<AudioMeasurement> {
    if let Some(wav) = Wav::parse(&file) {
        return Some(measure_wav(&wav, &file[wav.samples.clone()]));
    }
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
    Some(AudioMeasurement { seconds, loudness: loudness.result() })
}

/// Measures the samples of a WAV file.
fn measure_wav(wav: &Wav, samples: &[u8]) -> AudioMeasurement {
    let mut meter = LoudnessMeter::default();
    let mut decoded = Vec::new();
    for block in samples.chunks(WAV_BLOCK_SAMPLES * wav.channels * wav.encoding.bytes()) {
        wav.decode(block, &mut decoded);
        meter.add_samples(&decoded, wav.rate, wav.channels);
        if !meter.may_be_silent() {
            break;
        }
    }
    meter.end_window();
    let loudness = if samples.is_empty() { Loudness::Silent } else { meter.result() };
    AudioMeasurement { seconds: wav.seconds(), loudness }
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
    /// One filter for each channel, because each microphone has its own offset.
    filters: Vec<OffsetFilter>,
}

impl LoudnessMeter {
    fn may_be_silent(&self) -> bool {
        !self.has_sound && self.seconds < MAX_DECODED_SECONDS
    }

    fn result(&self) -> Loudness {
        if self.seconds <= 0.0 {
            Loudness::Unknown
        } else if self.may_be_silent() {
            Loudness::Silent
        } else {
            Loudness::Audible
        }
    }

    fn add_samples(&mut self, samples: &[f32], rate: u32, channels: usize) {
        let channels = channels.max(1);
        let samples_per_second = rate as usize * channels;
        let window_samples = (samples_per_second / WINDOWS_PER_SECOND).max(1);
        let decay = (1.0 - TAU * OFFSET_CUTOFF / f64::from(rate.max(1))).max(0.0);
        self.filters.resize_with(channels, OffsetFilter::default);
        for frame in samples.chunks(channels) {
            for (channel, sample) in frame.iter().enumerate() {
                self.squares += self.filters[channel].apply(f64::from(*sample), decay).powi(2);
                self.samples += 1;
                if self.samples == window_samples {
                    self.end_window();
                }
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

/// Removes a constant or slowly drifting offset from samples: a high-pass filter of the first order.
#[derive(Debug, Default)]
struct OffsetFilter {
    /// The last sample; `None` before the first, which counts as the offset.
    last: Option<f64>,
    filtered: f64,
}

impl OffsetFilter {
    /// Filters the next sample. `decay` is the share of the result that the next one keeps.
    fn apply(&mut self, sample: f64, decay: f64) -> f64 {
        let last = self.last.replace(sample).unwrap_or(sample);
        self.filtered = sample - last + decay * self.filtered;
        self.filtered
    }
}

#[cfg(test)]
mod tests;
