//! File names of the photos and recordings that Sparrows send.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Utc};
use uuid::Uuid;

use super::client::{file_slug, is_file_slug, is_hex};
use super::extension::Extension;
use crate::ClientId;

/// The format of the time in a name, in UTC to the microsecond; always 21 bytes.
const TIME_FORMAT: &str = "%Y%m%dT%H%M%S%6f";

/// The earliest time that fits a year of four digits, in microseconds since 1970: 0000-01-01T00:00:00Z.
const MIN_MICROS: i64 = -62_167_219_200_000_000;

/// The latest such time, in microseconds since 1970: 9999-12-31T23:59:59.999999Z.
const MAX_MICROS: i64 = 253_402_300_799_999_999;

/// The name of a file that a Sparrow sent: `{client}_{time}_{tail}_in.{ext}`, with the tail as 8 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InputName {
    /// The [`file_slug`] of the client's id.
    client: String,
    /// In whole microseconds, between [`MIN_MICROS`] and [`MAX_MICROS`].
    at: DateTime<Utc>,
    /// Distinguishes files that arrive in the same microsecond.
    tail: u32,
    extension: Extension,
}

/// A text is not a valid [`InputName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an input's name is `{{client}}_{{time}}_{{tail}}_in.{{ext}}`, as in `sparrow_20261123T070417382226_00000007_in.jpg`"
)]
pub struct InvalidInputName;

impl InputName {
    /// Returns the name of a file that `client` sent `at` a time. It uses the low 32 bits of `id`.
    #[must_use]
    pub fn new(client: &ClientId, at: DateTime<Utc>, id: Uuid, extension: &str) -> Self {
        Self {
            client: file_slug(client.as_str()),
            at: clamp_to_representable(at),
            tail: id.as_u128() as u32,
            extension: Extension::from_text_lossy(extension),
        }
    }

    pub(super) fn extension(&self) -> &Extension {
        &self.extension
    }
}

/// Returns the closest time to `at` that a name can hold, cut to whole microseconds.
fn clamp_to_representable(at: DateTime<Utc>) -> DateTime<Utc> {
    let micros = at.timestamp_micros().clamp(MIN_MICROS, MAX_MICROS);
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH)
}

impl fmt::Display for InputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, at, tail, extension } = self;
        write!(f, "{client}_{}_{tail:08x}_in.{extension}", at.format(TIME_FORMAT))
    }
}

impl FromStr for InputName {
    type Err = InvalidInputName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.rsplit_once('.').and_then(|(stem, extension)| {
            let (rest, tail) = stem.strip_suffix("_in")?.rsplit_once('_')?;
            let (client, at) = rest.rsplit_once('_')?;
            Some((client, parse_time(at)?, parse_tail(tail)?, extension))
        });
        let (client, at, tail, extension) = parts.ok_or(InvalidInputName)?;
        if !is_file_slug(client) {
            return Err(InvalidInputName);
        }
        let extension = Extension::new(extension).map_err(|_| InvalidInputName)?;
        Ok(Self { client: client.to_owned(), at, tail, extension })
    }
}

/// Parses a time in [`TIME_FORMAT`]. The comparison with the formatted time rejects signs and leap seconds, which
/// chrono accepts.
fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let at =
        clamp_to_representable(NaiveDateTime::parse_from_str(text, TIME_FORMAT).ok()?.and_utc());
    (at.format(TIME_FORMAT).to_string() == text).then_some(at)
}

fn parse_tail(text: &str) -> Option<u32> {
    is_hex(text, 8).then(|| u32::from_str_radix(text, 16).ok()).flatten()
}
