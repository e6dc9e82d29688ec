//! Wraps the raw 16-bit PCM that devices send in a WAV file, which other software can read.

/// The sample rate of raw PCM, in Hz.
pub(super) const SAMPLE_RATE: u32 = 16_000;

/// The length in bytes of the header that [`pcm_to_wav`] writes.
const HEADER_BYTES: u32 = 44;

/// Wraps raw 16-bit little-endian mono PCM at 16 kHz in a WAV file.
#[must_use]
pub fn pcm_to_wav(pcm: &[u8]) -> Vec<u8> {
    let length = u32::try_from(pcm.len()).unwrap_or(u32::MAX - HEADER_BYTES);
    let mut file = Vec::with_capacity(pcm.len() + HEADER_BYTES as usize);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(length + HEADER_BYTES - 8).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    let (pcm_format, channels, block, bits) = (1_u16, 1_u16, 2_u16, 16_u16);
    file.extend_from_slice(&pcm_format.to_le_bytes());
    file.extend_from_slice(&channels.to_le_bytes());
    file.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    file.extend_from_slice(&(SAMPLE_RATE * u32::from(block)).to_le_bytes());
    file.extend_from_slice(&block.to_le_bytes());
    file.extend_from_slice(&bits.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(pcm);
    file
}
