//! Converts uncompressed audio to FLAC and back, bit for bit: the original file is restored, not only its samples.
//!
//! The bytes of a WAV file that are not samples are stored in an APPLICATION block of the FLAC stream, which players
//! ignore.

use std::io::Cursor;
use std::ops::Range;

use bytes::Bytes;
use flacenc::component::BitRepr;
use flacenc::error::Verify;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use super::pcm::{self, PcmFormat};
use super::wav::{Encoding, Wav};

/// The application ID of the block that holds the bytes around the samples.
const APPLICATION_ID: &[u8; 4] = b"CLIO";

/// The type of an APPLICATION metadata block.
const APPLICATION_BLOCK: u8 = 2;

/// The bit that is set in the header of the last metadata block.
const LAST_BLOCK_FLAG: u8 = 0x80;

/// The offset of the first byte after the `fLaC` marker (4), a block header (4) and STREAMINFO (34).
const STREAMINFO_END: usize = 4 + 4 + 34;

/// The most channels and samples per second of what is compressed.
const MAX_CHANNELS: usize = 8;
const MAX_RATE: u32 = 192_000;

/// Where the samples are in a file, and their format.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SampleLayout {
    /// Samples per second.
    rate: u32,
    channels: usize,
    /// Bits per sample: 16 or 24.
    bits: usize,
    /// The byte range of the samples in the file.
    samples: Range<usize>,
}

/// Compresses a sound to FLAC: raw PCM if a format is given, otherwise a WAV file.
///
/// Returns `None` if the result would not be smaller, or if [`restore`] would not return the same bytes. Blocks for a
/// while: do not call it on an async thread.
#[must_use]
pub fn compress(file: &Bytes, pcm: Option<PcmFormat>) -> Option<Vec<u8>> {
    let layout = match pcm {
        Some(format) => SampleLayout::from_pcm(file, format),
        None => SampleLayout::from_wav(file),
    }?;
    let samples = layout.read_samples(file);
    let config = flacenc::config::Encoder::default().into_verified().ok()?;
    let source = flacenc::source::MemSource::from_samples(
        &samples,
        layout.channels,
        layout.bits,
        layout.rate as usize,
    );
    let stream = flacenc::encode_with_fixed_block_size(&config, source, config.block_size).ok()?;
    let mut sink = flacenc::bitsink::ByteSink::new();
    stream.write(&mut sink).ok()?;
    let flac = embed_surroundings(sink.as_slice(), file, &layout)?;
    let is_lossless =
        flac.len() < file.len() && restore(&flac.clone().into()).as_ref() == Some(file);
    is_lossless.then_some(flac)
}

/// Restores the file that was given to [`compress`]; returns `None` for any other input.
///
/// Blocks for a while: do not call it on an async thread.
#[must_use]
pub fn restore(flac: &Bytes) -> Option<Bytes> {
    let rest = embedded_surroundings(flac)?;
    let (length, rest) = rest.split_at_checked(4)?;
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    let (head, tail) = rest.split_at_checked(length)?;
    let mut file = head.to_vec();
    decode(flac, &mut file)?;
    file.extend_from_slice(tail);
    Some(file.into())
}

impl SampleLayout {
    fn from_pcm(file: &[u8], format: PcmFormat) -> Option<Self> {
        let samples = 0..file.len() - file.len() % format.frame_bytes();
        let channels = format.channels();
        let layout = Self { rate: pcm::SAMPLE_RATE, channels, bits: 16, samples };
        (!layout.samples.is_empty()).then_some(layout)
    }

    /// Returns the layout of a WAV file whose samples FLAC can hold.
    fn from_wav(file: &[u8]) -> Option<Self> {
        let Wav { encoding, channels, rate, samples, .. } = Wav::parse(file)?;
        let Encoding::Signed(bytes @ (2 | 3)) = encoding else { return None };
        let is_supported = channels <= MAX_CHANNELS && rate <= MAX_RATE && !samples.is_empty();
        is_supported.then(|| Self { rate, channels, bits: 8 * bytes, samples })
    }

    fn read_samples(&self, file: &[u8]) -> Vec<i32> {
        let bytes = &file[self.samples.clone()];
        match self.bits {
            16 => {
                let (pairs, _) = bytes.as_chunks::<2>();
                pairs.iter().map(|pair| i32::from(i16::from_le_bytes(*pair))).collect()
            }
            _ => {
                let (triples, _) = bytes.as_chunks::<3>();
                // The third byte holds the sign; the shift extends it to 32 bits.
                triples.iter().map(|[a, b, c]| i32::from_le_bytes([0, *a, *b, *c]) >> 8).collect()
            }
        }
    }
}

/// Inserts the bytes around the samples into the encoder's stream, in an APPLICATION block after STREAMINFO.
fn embed_surroundings(stream: &[u8], file: &[u8], layout: &SampleLayout) -> Option<Vec<u8>> {
    let (info, others) = stream.split_at_checked(STREAMINFO_END)?;
    let head = &file[..layout.samples.start];
    let tail = &file[layout.samples.end..];
    let length = u32::try_from(APPLICATION_ID.len() + 4 + head.len() + tail.len()).ok()?;
    let [0, high, middle, low] = length.to_be_bytes() else { return None };
    let mut flac = info.to_vec();
    // By the format, the minimum block size (bytes 8 and 9) does not count the last block. The encoder does count it,
    // and decoders then assume a variable block size.
    flac.copy_within(10..12, 8);
    let last = info[4] & LAST_BLOCK_FLAG;
    flac[4] &= !LAST_BLOCK_FLAG;
    flac.extend_from_slice(&[APPLICATION_BLOCK | last, high, middle, low]);
    flac.extend_from_slice(APPLICATION_ID);
    flac.extend_from_slice(&u32::try_from(head.len()).ok()?.to_le_bytes());
    flac.extend_from_slice(head);
    flac.extend_from_slice(tail);
    flac.extend_from_slice(others);
    Some(flac)
}

/// Returns the content of the APPLICATION block that [`embed_surroundings`] inserts.
fn embedded_surroundings(flac: &[u8]) -> Option<&[u8]> {
    let mut blocks = flac.strip_prefix(b"fLaC")?;
    loop {
        let ([kind, high, middle, low], rest) = blocks.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
        let (block, rest) = rest.split_at_checked(length)?;
        if kind & !LAST_BLOCK_FLAG == APPLICATION_BLOCK
            && let Some(ours) = block.strip_prefix(APPLICATION_ID)
        {
            return Some(ours);
        }
        if kind & LAST_BLOCK_FLAG != 0 {
            return None;
        }
        blocks = rest;
    }
}

/// Decodes the samples and appends them to `file` in the byte order of a WAV file.
fn decode(flac: &Bytes, file: &mut Vec<u8>) -> Option<()> {
    let source = Box::new(Cursor::new(flac.clone()));
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let (formats, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let probe = symphonia::default::get_probe();
    let mut format = probe.probe(&Hint::new(), stream, formats, metadata).ok()?;
    let form = format.default_track(TrackType::Audio)?.codec_params.as_ref()?.audio()?.clone();
    let bits = form.bits_per_sample?;
    let codecs = symphonia::default::get_codecs();
    let mut decoder = codecs.make_audio_decoder(&form, &AudioDecoderOptions::default()).ok()?;
    let mut samples: Vec<i32> = Vec::new();
    while let Some(packet) = format.next_packet().ok()? {
        let decoded = decoder.decode(&packet).ok()?;
        samples.resize(decoded.samples_interleaved(), 0);
        decoded.copy_to_slice_interleaved(&mut samples);
        let bytes = bits.div_ceil(8) as usize;
        for sample in &samples {
            // The decoder returns each sample in the high bits of an `i32`, so its last little-endian bytes are the
            // file's.
            file.extend_from_slice(&sample.to_le_bytes()[4 - bytes..]);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audio::pcm_to_wav;

    const MONO: Option<PcmFormat> = Some(PcmFormat::MONO);

    fn tone(samples: usize) -> Vec<u8> {
        (0..samples)
            .flat_map(|n| ((8000.0 * (n as f64 / 9.0).sin()) as i16).to_le_bytes())
            .collect()
    }

    /// Builds a WAV file in this format, with one chunk before the samples and one after them.
    fn file(channels: u16, bits: u16, samples: &[u8]) -> Bytes {
        let block = channels * bits / 8;
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0".to_vec();
        file.extend_from_slice(&channels.to_le_bytes());
        file.extend_from_slice(&44_100_u32.to_le_bytes());
        file.extend_from_slice(&(44_100 * u32::from(block)).to_le_bytes());
        file.extend_from_slice(&block.to_le_bytes());
        file.extend_from_slice(&bits.to_le_bytes());
        file.extend_from_slice(b"note\x05\0\0\0hello\0data");
        file.extend_from_slice(&u32::try_from(samples.len()).expect("short").to_le_bytes());
        file.extend_from_slice(samples);
        file.extend_from_slice(b"LIST\x04\0\0\0INFO");
        file.into()
    }

    #[test]
    fn speech_gets_smaller_and_comes_back() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/speech_16k_mono.wav");
        let speech = Bytes::from(std::fs::read(path).expect("the fixture is there"));
        let flac = compress(&speech, None).expect("it gets smaller");
        assert!(flac.len() * 10 < speech.len() * 8, "{} of {}", flac.len(), speech.len());
        assert_eq!(restore(&flac.clone().into()), Some(speech));
        // The result is a FLAC file that any player can play.
        assert!(crate::audio::measure(flac.into()).is_some_and(|measured| !measured.is_silent()));
    }

    #[test]
    fn every_form_comes_back_with_all_that_is_around_the_samples() {
        let samples = tone(18_000);
        for (channels, bits) in [(1, 16), (2, 16), (1, 24), (2, 24), (6, 16)] {
            let file = file(channels, bits, &samples[..36_000]);
            let flac = compress(&file, None);
            // A 16-bit sine that is read as 24-bit samples is noise, which FLAC cannot compress.
            if bits == 16 {
                assert_eq!(restore(&flac.expect("smaller").into()), Some(file));
            }
        }
        let pcm = Bytes::from(tone(16_001));
        let flac = compress(&pcm, MONO).expect("it gets smaller");
        assert_eq!(restore(&flac.into()), Some(pcm));
        let stereo = Bytes::from(tone(16_003));
        let flac = compress(&stereo, Some(PcmFormat::STEREO)).expect("it gets smaller");
        assert_eq!(restore(&flac.into()), Some(stereo));
        let odd = Bytes::from([tone(16_000), vec![7]].concat());
        assert_eq!(restore(&compress(&odd, MONO).expect("smaller").into()), Some(odd));
    }

    #[test]
    fn twenty_four_bits_keep_their_signs() {
        let quiet: Vec<u8> =
            (0..20_000_i32).flat_map(|n| (n % 7 - 3).to_le_bytes()[..3].to_vec()).collect();
        let file = file(1, 24, &quiet);
        assert_eq!(restore(&compress(&file, None).expect("smaller").into()), Some(file));
    }

    #[test]
    fn what_cannot_get_smaller_or_is_no_pcm_stays_as_it_is() {
        let mut float = file(1, 16, &tone(4000)).to_vec();
        float[20] = 3;
        for other in [
            Bytes::new(),
            Bytes::from("RIFF"),
            float.into(),
            file(9, 16, &tone(4000)),
            file(1, 8, &tone(4000)),
        ] {
            assert_eq!(compress(&other, None), None);
        }
        assert_eq!(compress(&Bytes::from_static(&[1]), MONO), None);
        assert_eq!(restore(&Bytes::from("fLaC")), None);
        assert_eq!(restore(&pcm_to_wav(&tone(100), PcmFormat::MONO).into()), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn whatever_is_compressed_comes_back(samples in prop::collection::vec(any::<u8>(), 0..5000), step in 1..64usize, is_pcm: bool, cut in 0..60usize) {
            // Repeats each byte, so that FLAC can compress the result.
            let bytes: Vec<u8> = samples.iter().flat_map(|byte| vec![*byte; step]).collect();
            let file = if is_pcm { bytes } else { pcm_to_wav(&bytes, PcmFormat::MONO) };
            let file = Bytes::from(file[..file.len().saturating_sub(cut)].to_vec());
            if let Some(flac) = compress(&file, is_pcm.then_some(PcmFormat::MONO)) {
                prop_assert_eq!(restore(&flac.into()), Some(file));
            }
        }
    }
}
