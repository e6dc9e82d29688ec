//! Samples: 16-bit PCM as devices send it, bare or in a WAV file. How long it is, and whether there is anything to
//! hear.

/// Samples a second of bare PCM.
const RATE: u32 = 16_000;

/// The length of the header that [`wav`] writes.
const HEADER: u32 = 44;

/// Below this share of full scale even the loudest moment is no speech: the noise of a cheap microphone.
const SILENCE: f64 = 0.004;

/// What can be said of samples without understanding them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// How long it is.
    pub seconds: f64,
    /// The root mean square of its loudest tenth of a second, as a share of full scale.
    pub loudest: f64,
}

impl Measured {
    /// Whether there is nothing to hear.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.loudest < SILENCE
    }
}

/// Bare 16-bit little-endian mono PCM at 16 kHz as a WAV file.
#[must_use]
pub fn wav(pcm: &[u8]) -> Vec<u8> {
    let length = u32::try_from(pcm.len()).unwrap_or(u32::MAX - HEADER);
    let mut file = Vec::with_capacity(pcm.len() + HEADER as usize);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(length + HEADER - 8).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    let (pcm_format, channels, block, bits) = (1_u16, 1_u16, 2_u16, 16_u16);
    file.extend_from_slice(&pcm_format.to_le_bytes());
    file.extend_from_slice(&channels.to_le_bytes());
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * u32::from(block)).to_le_bytes());
    file.extend_from_slice(&block.to_le_bytes());
    file.extend_from_slice(&bits.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(pcm);
    file
}

/// Measures a WAV file of 16-bit samples; `None` for any other, which only a decoder could measure.
#[must_use]
pub fn measure(file: &[u8]) -> Option<Measured> {
    let mut rest = file.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WAVE")?;
    let mut form = None;
    while let Some((name, after)) = rest.split_at_checked(4) {
        let (length, after) = after.split_at_checked(4)?;
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        // Recorders that stream leave a wrong length behind: the file's end ends the chunk too.
        let chunk = &after[..length.min(after.len())];
        match name {
            b"fmt " => form = Form::read(chunk),
            b"data" => return Some(form?.measure(chunk)),
            _ => {}
        }
        rest = after.get(length + length % 2..)?;
    }
    None
}

struct Form {
    channels: usize,
    rate: u32,
}

impl Form {
    fn read(chunk: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u16::from_le_bytes(chunk.get(at..at + 2)?.try_into().ok()?));
        let rate = u32::from_le_bytes(chunk.get(4..8)?.try_into().ok()?);
        let (format, channels, bits) = (number(0)?, number(2)?, number(14)?);
        let is_usual = matches!(format, 1 | 0xfffe) && bits == 16 && channels > 0 && rate > 0;
        is_usual.then_some(Self { channels: channels.into(), rate })
    }

    fn measure(&self, data: &[u8]) -> Measured {
        let samples = data.as_chunks::<2>().0;
        let a_second = self.rate as usize * self.channels;
        let seconds = samples.len() as f64 / a_second as f64;
        let moments = samples.chunks((a_second / 10).max(1));
        let loudest = moments.map(root_mean_square).fold(0.0, f64::max);
        Measured { seconds, loudest }
    }
}

fn root_mean_square(samples: &[[u8; 2]]) -> f64 {
    let squares: f64 = samples
        .iter()
        .map(|sample| (f64::from(i16::from_le_bytes(*sample)) / f64::from(i16::MAX)).powi(2))
        .sum();
    (squares / samples.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tone(loudness: f64, samples: usize) -> Vec<u8> {
        (0..samples)
            .map(|n| (f64::from(i16::MAX) * loudness * (n as f64 / 8.0).sin()) as i16)
            .flat_map(i16::to_le_bytes)
            .collect()
    }

    #[test]
    fn speech_is_told_from_silence() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/speech_16k_mono.wav");
        let speech =
            measure(&std::fs::read(path).expect("the fixture is there")).expect("measured");
        assert!(!speech.is_silent() && speech.seconds > 1.0, "{speech:?}");
        let silence = measure(&wav(&tone(0.002, 16_000))).expect("measured");
        assert!(silence.is_silent() && (silence.seconds - 1.0).abs() < 1e-9, "{silence:?}");
        let mut late = tone(0.0, 64_000);
        late.extend(tone(0.1, 3000));
        assert!(
            measure(&wav(&late)).is_some_and(|late| !late.is_silent()),
            "a short word at the end"
        );
        assert!(measure(&wav(&[])).is_some_and(|nothing| nothing.is_silent()));
    }

    #[test]
    fn what_is_no_wav_is_not_measured() {
        assert_eq!(measure(b"OggS"), None);
        assert_eq!(measure(b"RIFF\0\0\0\0WAVE"), None);
        assert_eq!(measure(b"RIFF\0\0\0\0WAVEdata\xff\xff\xff\xff\0\0"), None);
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = measure(&bytes);
            let mut file = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
            file.extend(&bytes);
            let _ = measure(&file);
            prop_assert!(measure(&wav(&bytes)).is_some());
        }
    }
}
