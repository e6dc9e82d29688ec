//! Frame parameters, which requests, configurations and strategies set.
//!
//! Levels are merged as JSON objects ([`crate::Cascade`]) and parsed once at the end ([`FrameParameters::parse`]), so
//! that every level uses the same names and values. Parsing is lenient for small clients: numbers and switches may be
//! strings, and null or an empty string means "not set".

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::cascade::is_present;
use crate::{Dither, ImageFormat, JsonInput};

/// The parameters of one frame. `None` means that no level sets the parameter.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct FrameParameters {
    /// Text from the request for the storyteller, at most 20000 characters.
    pub input_text: Option<String>,
    /// `lat,lon` in degrees, or a place name for the prompt, at most 2000 characters.
    pub location: Option<String>,
    /// The format of the returned image; `None` means PNG.
    pub output_image_format: Option<ImageFormat>,
    /// Width of the returned image in pixels, 1-4096.
    pub output_image_width: Option<u32>,
    /// Height of the returned image in pixels, 1-4096.
    pub output_image_height: Option<u32>,
    /// Dithering of the returned image, for formats with few levels.
    pub output_image_dither: Option<Dither>,
    /// Text before the illustration's prompt, at most 2000 characters.
    pub output_image_style: Option<String>,
    /// The desired style of the text, at most 2000 characters.
    pub output_text_style: Option<String>,
    /// The maximum length of the text in characters, 1-100000. Storytellers respect it where they can.
    pub max_output_text_length: Option<u32>,
    /// Whether to make a video of the illustration, if the strategy can.
    pub generate_video: Option<bool>,
    /// Whether to narrate the text, if a voice is configured.
    pub narrate: Option<bool>,
    /// The narrator's voice by its name at the provider, at most 100 characters.
    pub narration_voice: Option<String>,
    /// Whether to fill `debug_data` in the answer.
    pub debug: Option<bool>,
}

/// A parameter has an invalid value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct InvalidParameter {
    /// The parameter's name.
    pub name: &'static str,
    /// Which values are valid, as the rest of a sentence that begins with the name.
    pub reason: String,
}

impl FrameParameters {
    /// The maximum length of `input_text` in characters.
    pub const MAX_INPUT_TEXT: usize = 20_000;
    /// The maximum length of a style or a location in characters.
    pub const MAX_PHRASE: usize = 2_000;
    /// The maximum length of a voice's name in characters.
    pub const MAX_VOICE: usize = 100;

    /// Parses the parameters with known names. It ignores others, such as `strategy`.
    ///
    /// # Errors
    ///
    /// Returns every [`InvalidParameter`], in the order of the fields of [`FrameParameters`].
    pub fn parse(given: &Map<String, Value>) -> Result<Self, Vec<InvalidParameter>> {
        let mut fields = FieldReader { given, errors: Vec::new() };
        let parameters = Self {
            input_text: fields.text("input_text", Self::MAX_INPUT_TEXT),
            location: fields.text("location", Self::MAX_PHRASE),
            output_image_format: fields.parse("output_image_format"),
            output_image_width: fields.integer("output_image_width", 1..=4096),
            output_image_height: fields.integer("output_image_height", 1..=4096),
            output_image_dither: fields.dither("output_image_dither"),
            output_image_style: fields.text("output_image_style", Self::MAX_PHRASE),
            output_text_style: fields.text("output_text_style", Self::MAX_PHRASE),
            max_output_text_length: fields.integer("max_output_text_length", 1..=100_000),
            generate_video: fields.flag("generate_video"),
            narrate: fields.flag("narrate"),
            narration_voice: fields.text("narration_voice", Self::MAX_VOICE),
            debug: fields.flag("debug"),
        };
        if fields.errors.is_empty() { Ok(parameters) } else { Err(fields.errors) }
    }

    /// Returns whether `name` is a frame parameter.
    #[must_use]
    pub fn is_known(name: &str) -> bool {
        serde_json::to_value(Self::default()).is_ok_and(|fields| fields.get(name).is_some())
    }

    /// Parses `given` and returns its frame parameters in canonical form, without unknown and unset ones.
    ///
    /// # Errors
    ///
    /// The same as [`FrameParameters::parse`].
    pub fn normalize(
        given: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Vec<InvalidParameter>> {
        let mut normalized = match serde_json::to_value(Self::parse(given)?) {
            Ok(Value::Object(normalized)) => normalized,
            // Unreachable: the struct serializes to an object.
            _ => Map::new(),
        };
        normalized.retain(|_, value| !value.is_null());
        Ok(normalized)
    }
}

/// Reads one object field by field, and collects the errors.
struct FieldReader<'a> {
    given: &'a Map<String, Value>,
    errors: Vec<InvalidParameter>,
}

impl FieldReader<'_> {
    fn reject<T>(&mut self, name: &'static str, reason: impl Display) -> Option<T> {
        self.errors.push(InvalidParameter { name, reason: reason.to_string() });
        None
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.given.get(name).filter(|value| is_present(value))
    }

    fn text(&mut self, name: &'static str, max: usize) -> Option<String> {
        let text = match self.value(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return self.reject(name, "must be text"),
        };
        if text.chars().count() > max {
            return self.reject(name, format_args!("has more than {max} characters; shorten it"));
        }
        Some(text.replace('\0', ""))
    }

    fn integer(&mut self, name: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let number = match self.value(name)? {
            Value::Number(number) => whole_number(number),
            Value::String(text) => match text.trim().parse() {
                Ok(number) => Some(number),
                Err(_) => serde_json::from_str(text.trim()).ok().as_ref().and_then(whole_number),
            },
            _ => None,
        };
        let number = number.and_then(|n| u32::try_from(n).ok()).filter(|n| range.contains(n));
        let Some(number) = number else {
            let (low, high) = (range.start(), range.end());
            return self.reject(name, format_args!("must be a whole number from {low} to {high}"));
        };
        Some(number)
    }

    fn flag(&mut self, name: &'static str) -> Option<bool> {
        let word = match self.value(name)? {
            Value::Bool(flag) => return Some(*flag),
            Value::Number(number) => {
                whole_number(number).map_or_else(|| number.to_string(), |whole| whole.to_string())
            }
            Value::String(text) => text.trim().to_ascii_lowercase(),
            _ => String::new(),
        };
        match word.as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => self.reject(name, "must be true or false"),
        }
    }

    fn parse<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        let parsed = match self.value(name)? {
            Value::String(text) => text.parse::<T>().map_err(|error| error.to_string()),
            _ => Err("must be text".to_owned()),
        };
        parsed.map_or_else(|reason| self.reject(name, reason), Some)
    }

    fn dither(&mut self, name: &'static str) -> Option<Dither> {
        let value = self.value(name)?.clone();
        match serde_json::from_value(value) {
            Ok(dither) => Some(dither),
            Err(_) => self.reject(name, "must be `none` or `floyd-steinberg`"),
        }
    }
}

/// Returns a whole number, which may be written as a float, such as `320.0`.
fn whole_number(number: &Number) -> Option<u64> {
    u64::deserialize(JsonInput(number)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("not an object: {other}"),
        }
    }

    #[test]
    fn small_clients_may_send_everything_as_strings() {
        let given = object(json!({
            "output_image_width": "320", "output_image_format": "RAW", "debug": "on", "input_text": 7,
            "output_image_dither": "floyd-steinberg", "unheard_of": [1],
        }));
        let parsed = FrameParameters::parse(&given).expect("all are valid");
        assert_eq!(parsed.output_image_width, Some(320));
        assert_eq!(parsed.output_image_format, Some(ImageFormat::Rgb565));
        assert_eq!(parsed.output_image_dither, Some(Dither::FloydSteinberg));
        assert_eq!((parsed.debug, parsed.input_text.as_deref()), (Some(true), Some("7")));
    }

    #[test]
    fn a_whole_number_may_be_written_as_a_float() {
        let given = object(json!({
            "output_image_width": 320.0, "output_image_height": "240.0", "debug": 1.0,
            "max_output_text_length": 1e3,
        }));
        let parsed = FrameParameters::parse(&given).expect("all are valid");
        assert_eq!((parsed.output_image_width, parsed.output_image_height), (Some(320), Some(240)));
        assert_eq!((parsed.debug, parsed.max_output_text_length), (Some(true), Some(1000)));
        for wrong in [json!(320.5), json!("320.5"), json!(-320.0), json!(1e30), json!("3 2")] {
            let given = object(json!({"output_image_width": wrong}));
            assert!(FrameParameters::parse(&given).is_err(), "{given:?}");
        }
    }

    #[test]
    fn what_is_kept_is_known_and_in_one_spelling() {
        let given = object(json!({
            "output_image_format": "raw", "debug": "yes", "api_key": "k", "input_img": "x", "location": "a\u{0}b",
        }));
        assert!(FrameParameters::is_known("debug") && !FrameParameters::is_known("input_img"));
        let clean = FrameParameters::normalize(&given).expect("readable");
        let expected =
            json!({"output_image_format": "image/rgb565", "debug": true, "location": "ab"});
        assert_eq!(Value::Object(clean), expected);
    }

    #[test]
    fn every_refusal_is_told_at_once() {
        let given = object(json!({
            "output_image_width": 0, "output_image_height": 4097, "output_image_format": "image/tiff",
            "debug": "perhaps", "location": {"lat": 1}, "input_text": "x".repeat(20_001),
        }));
        let errors = FrameParameters::parse(&given).expect_err("none is valid");
        let names: Vec<_> = errors.iter().map(|r| r.name).collect();
        assert_eq!(
            names,
            [
                "input_text",
                "location",
                "output_image_format",
                "output_image_width",
                "output_image_height",
                "debug"
            ]
        );
    }
}
