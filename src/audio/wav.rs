//! Reads WAV files by the bytes that are there, because the sizes in their headers are often wrong.
//!
//! A recorder that streams writes the sizes before it knows them: as 0, as the size of the header, or as the largest
//! number. A file that was cut off states too much. So the size of the `data` chunk counts only if nothing or whole
//! chunks follow it; otherwise the samples reach to the end of the file.
//!
//! The chunks are described in "Multimedia Programming Interface and Data Specifications 1.0" (IBM and Microsoft,
//! 1991), `WAVE_FORMAT_EXTENSIBLE` in Microsoft's "Multiple channel audio data and WAVE files", RF64 in EBU Tech 3306.

use std::ops::Range;

use bytes::Bytes;

/// The length in bytes of a chunk's name and size.
const CHUNK_HEADER: usize = 8;

/// The offset of the first chunk: after `RIFF`, the file's size and `WAVE`.
const FIRST_CHUNK: usize = 12;

/// The shortest `fmt ` chunk, in bytes.
const MIN_FORMAT: usize = 16;

/// The offset of the format tag in the subformat of an extensible `fmt ` chunk.
const SUBFORMAT_TAG: usize = 24;

/// How much of the end of a file is searched for the chunks that follow the samples, in bytes.
const MAX_TRAILING_CHUNKS: usize = 64 << 10;

/// Chunks that writers put after the samples.
const TRAILING_CHUNKS: [&[u8; 4]; 12] = [
    b"LIST", b"id3 ", b"ID3 ", b"bext", b"cue ", b"smpl", b"fact", b"iXML", b"_PMX", b"PEAK",
    b"JUNK", b"PAD ",
];

/// How a WAV file stores a sample. All numbers are little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// An unsigned byte; silence is 128.
    Unsigned8,
    /// A signed integer of this many bytes: 2, 3 or 4.
    Signed(usize),
    Float32,
    Float64,
    /// ITU-T G.711 A-law.
    ALaw,
    /// ITU-T G.711 µ-law.
    MuLaw,
    /// An encoding that is not decoded here, such as ADPCM.
    Other,
}

impl Encoding {
    /// Returns the size of a sample in bytes; 1 if it is unknown.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 | Self::ALaw | Self::MuLaw | Self::Other => 1,
            Self::Signed(bytes) => bytes,
            Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }
}

/// Where the samples are in a WAV file, and their format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wav {
    pub(super) encoding: Encoding,
    pub(super) channels: usize,
    /// Samples per second and channel.
    pub(super) rate: u32,
    /// The byte range of the samples in the file; whole samples of all channels.
    pub(super) samples: Range<usize>,
    /// The byte range of the body of the `fmt ` chunk.
    format: Range<usize>,
    /// Bytes per second, as the file states it.
    byte_rate: u32,
}

impl Wav {
    /// Reads the chunks of a file. Returns `None` if it is not a WAV file, or has no samples' format.
    pub(super) fn parse(file: &[u8]) -> Option<Self> {
        if !matches!(file.get(..4)?, b"RIFF" | b"RF64" | b"BW64") || file.get(8..12)? != b"WAVE" {
            return None;
        }
        let (mut at, mut format) = (FIRST_CHUNK, None);
        loop {
            let (name, size) = chunk_header(file, at)?;
            let begin = at + CHUNK_HEADER;
            match name {
                b"fmt " => format = Some(begin..file.len().min(begin.checked_add(size)?)),
                b"data" => return Self::from_chunks(file, format?, begin, size),
                _ => {}
            }
            at = match next_chunk(file, begin, size).filter(|_| is_chunk_name(*name)) {
                Some(next) => next,
                // The size of this chunk is wrong, or the one before it lacks its padding.
                None => {
                    let search = at - 1;
                    search + file.get(search..)?.windows(4).position(|name| name == b"data")?
                }
            };
        }
    }

    fn from_chunks(file: &[u8], format: Range<usize>, begin: usize, size: usize) -> Option<Self> {
        let format = format.start..format.end.min(begin - CHUNK_HEADER);
        let fields = file.get(format.clone()).filter(|fields| fields.len() >= MIN_FORMAT)?;
        let u16_at =
            |at: usize| Some(u16::from_le_bytes(fields.get(at..)?.first_chunk().copied()?));
        let u32_at =
            |at: usize| Some(u32::from_le_bytes(fields.get(at..)?.first_chunk().copied()?));
        let (channels, rate, block, bits) = (u16_at(2)?, u32_at(4)?, u16_at(12)?, u16_at(14)?);
        if !(1..=64).contains(&channels) || !(1..=1_000_000).contains(&rate) {
            return None;
        }
        let tag = match u16_at(0)? {
            0xfffe => u16_at(SUBFORMAT_TAG)?,
            tag => tag,
        };
        let encoding = match (tag, bits) {
            (1, 1..=8) => Encoding::Unsigned8,
            (1, 9..=16) => Encoding::Signed(2),
            // Some recorders store 24 bits in the upper bytes of 32.
            (1, 17..=24) if usize::from(block) == 4 * usize::from(channels) => Encoding::Signed(4),
            (1, 17..=24) => Encoding::Signed(3),
            (1, 25..=32) => Encoding::Signed(4),
            (3, 32) => Encoding::Float32,
            (3, 64) => Encoding::Float64,
            (6, _) => Encoding::ALaw,
            (7, _) => Encoding::MuLaw,
            _ => Encoding::Other,
        };
        let channels = usize::from(channels);
        let frame = if encoding == Encoding::Other { 1 } else { channels * encoding.bytes() };
        let length = samples_end(file, begin, size) - begin;
        let samples = begin..begin + length - length % frame;
        Some(Self { encoding, channels, rate, samples, format, byte_rate: u32_at(8)? })
    }

    /// Returns the length of the samples in seconds.
    pub(super) fn seconds(&self) -> f64 {
        let bytes_per_second = match self.encoding {
            Encoding::Other => f64::from(self.byte_rate.max(1)),
            encoding => (self.channels * encoding.bytes()) as f64 * f64::from(self.rate),
        };
        self.samples.len() as f64 / bytes_per_second
    }

    /// Decodes samples to numbers from -1 to 1, and replaces the content of `decoded` by them.
    pub(super) fn decode(&self, samples: &[u8], decoded: &mut Vec<f32>) {
        decoded.clear();
        match self.encoding {
            Encoding::Unsigned8 => {
                decoded.extend(samples.iter().map(|&s| (f32::from(s) - 128.0) / 128.0));
            }
            Encoding::Signed(2) => {
                decoded.extend(each(samples).map(|s| f32::from(i16::from_le_bytes(s)) / 32768.0));
            }
            // Fewer bytes are the upper ones of four.
            Encoding::Signed(3) => {
                decoded.extend(each(samples).map(|[a, b, c]| from_i32([0, a, b, c])));
            }
            Encoding::Signed(_) => decoded.extend(each(samples).map(from_i32)),
            Encoding::Float32 => {
                decoded.extend(each(samples).map(|s| bounded(f32::from_le_bytes(s))));
            }
            Encoding::Float64 => {
                decoded.extend(each(samples).map(|s| bounded(f64::from_le_bytes(s) as f32)));
            }
            Encoding::ALaw => decoded.extend(samples.iter().map(|&s| a_law(s))),
            Encoding::MuLaw => decoded.extend(samples.iter().map(|&s| mu_law(s))),
            Encoding::Other => {}
        }
    }
}

/// Returns the file with the sizes that its bytes have, so that other software reads all of it. A file that is not WAV,
/// or whose sizes are right, is returned as it is.
#[must_use]
pub fn with_correct_sizes(file: Bytes) -> Bytes {
    let Some(wav) = Wav::parse(&file) else { return file };
    let size_at = |at: usize| Some(u32::from_le_bytes(file.get(at..)?.first_chunk().copied()?));
    let is_right =
        |at: usize, size: usize| size_at(at).is_some_and(|stated| stated as usize == size);
    let data_size = wav.samples.start - 4;
    if file.starts_with(b"RIFF")
        && is_right(4, file.len() - CHUNK_HEADER)
        && is_right(data_size, wav.samples.len())
    {
        return file;
    }
    write(&file[wav.format.clone()], &file[wav.samples.clone()]).into()
}

/// Builds a WAV file of the body of a `fmt ` chunk and the samples.
pub(super) fn write(format: &[u8], samples: &[u8]) -> Vec<u8> {
    // A size that does not fit is written as the largest number, as recorders that stream do.
    let size = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let padding = |chunk: &[u8]| if chunk.len().is_multiple_of(2) { &[][..] } else { &[0][..] };
    let chunks: [(&[u8; 4], &[u8]); 2] = [(b"fmt ", format), (b"data", samples)];
    let body: usize =
        chunks.iter().map(|(_, chunk)| CHUNK_HEADER + chunk.len().next_multiple_of(2)).sum();
    let mut file = Vec::with_capacity(FIRST_CHUNK + body);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&size(4 + body));
    file.extend_from_slice(b"WAVE");
    for (name, chunk) in chunks {
        file.extend_from_slice(name);
        file.extend_from_slice(&size(chunk.len()));
        file.extend_from_slice(chunk);
        file.extend_from_slice(padding(chunk));
    }
    file
}

/// Returns where the samples end that begin at `begin` and have `size` bytes by their header.
fn samples_end(file: &[u8], begin: usize, size: usize) -> usize {
    let stated = begin.checked_add(size).filter(|end| *end <= file.len());
    if let Some(end) = stated {
        // A card that allocates files in advance leaves zeros behind the samples.
        let is_padded = size > 0 && file[end..].iter().all(|byte| *byte == 0);
        if is_padded || chunks_reach_end(file, end + size % 2) || chunks_reach_end(file, end) {
            return end;
        }
    }
    // Chunks begin at even offsets, and their names are distinct enough to be found among samples.
    let search = begin.max(file.len().saturating_sub(MAX_TRAILING_CHUNKS)).next_multiple_of(2);
    let is_trailing_chunk = |at: &usize| {
        chunk_header(file, *at).is_some_and(|(name, _)| TRAILING_CHUNKS.contains(&name))
            && chunks_reach_end(file, *at)
    };
    (search..file.len()).step_by(2).find(is_trailing_chunk).unwrap_or(file.len())
}

/// Returns whether whole chunks, or none, are between `at` and the end of the file.
fn chunks_reach_end(file: &[u8], mut at: usize) -> bool {
    while at < file.len() {
        let Some((name, size)) = chunk_header(file, at) else { return false };
        match next_chunk(file, at + CHUNK_HEADER, size).filter(|_| is_chunk_name(*name)) {
            Some(next) => at = next,
            None => return false,
        }
    }
    true
}

fn is_chunk_name(name: [u8; 4]) -> bool {
    name.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Returns the name and the size of the chunk at `at`.
fn chunk_header(file: &[u8], at: usize) -> Option<(&[u8; 4], usize)> {
    let (name, rest) = file.get(at..)?.split_first_chunk::<4>()?;
    Some((name, u32::from_le_bytes(*rest.first_chunk()?) as usize))
}

/// Returns the offset of the chunk after one whose body begins at `begin`; `None` if its body is longer than the file.
/// Chunks begin at even offsets, but the last one is often not padded.
fn next_chunk(file: &[u8], begin: usize, size: usize) -> Option<usize> {
    let end = begin.checked_add(size).filter(|end| *end <= file.len())?;
    Some(end.next_multiple_of(2))
}

fn each<const N: usize>(samples: &[u8]) -> impl Iterator<Item = [u8; N]> {
    samples.as_chunks::<N>().0.iter().copied()
}

fn from_i32(bytes: [u8; 4]) -> f32 {
    i32::from_le_bytes(bytes) as f32 / -(i32::MIN as f32)
}

/// Replaces what is not a number by silence, so that one damaged sample does not make a whole recording loud.
fn bounded(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 }
}

/// Decodes a µ-law sample (ITU-T G.711, table 2b).
fn mu_law(sample: u8) -> f32 {
    let sample = !sample;
    let (exponent, mantissa) = ((sample >> 4) & 0x07, i32::from(sample & 0x0f));
    let magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84;
    (if sample & 0x80 == 0 { magnitude } else { -magnitude }) as f32 / 32768.0
}

/// Decodes an A-law sample (ITU-T G.711, table 2a).
fn a_law(sample: u8) -> f32 {
    let sample = sample ^ 0x55;
    let (exponent, mantissa) = ((sample >> 4) & 0x07, i32::from(sample & 0x0f));
    let magnitude = match exponent {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    (if sample & 0x80 == 0 { -magnitude } else { magnitude }) as f32 / 32768.0
}

#[cfg(test)]
mod tests;
