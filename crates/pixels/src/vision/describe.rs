//! Writes one to three sentences about a picture.

use super::grammar::{content_words, join_names, to_sentence, with_article};
use super::things::Thing;
use calliope_domain::ImageFeatures;

/// Describes a measured picture. No content word is used twice.
pub fn description(features: &ImageFeatures, things: &[Thing]) -> String {
    let variant = phrasing_variant(features);
    let first = opening_sentence(features, variant);
    let mut used_words = UsedWords::default();
    used_words.record(&first);
    let mut sentences = vec![to_sentence(&first)];
    if let [first, .., last] = things
        && first.is_filler
    {
        sentences.extend(
            used_words
                .without_repeats(format!("nothing stands out; there is only {}", last.phrase))
                .as_deref()
                .map(to_sentence),
        );
        return sentences.join(" ");
    }
    let mut rest = things.iter();
    if let Some(second) =
        rest.find_map(|thing| focal_sentence(thing, features, variant, &used_words))
    {
        used_words.record(&second);
        sentences.push(to_sentence(&second));
    }
    if let Some(third) = rest.find_map(|thing| secondary_sentence(thing, variant, &used_words)) {
        sentences.push(to_sentence(&third));
    }
    sentences.join(" ")
}

/// Returns the number that selects the phrasing. It depends on the palette alone, so that a picture
/// always gets the same phrasing and different pictures get different ones.
fn phrasing_variant(features: &ImageFeatures) -> usize {
    features
        .palette
        .iter()
        .flat_map(|s| s.rgb)
        .fold(7usize, |h, v| h.wrapping_mul(31).wrapping_add(usize::from(v)) % 100_003)
}

/// The content words of a description so far.
#[derive(Default)]
struct UsedWords(Vec<String>);

impl UsedWords {
    fn record(&mut self, text: &str) {
        self.0.extend(content_words(&text.to_lowercase()).map(str::to_owned));
    }

    /// Returns `text`, or `None` if it repeats one of these words or one of its own.
    fn without_repeats(&self, text: String) -> Option<String> {
        let lower = text.to_lowercase();
        let words: Vec<&str> = content_words(&lower).collect();
        let repeats = words
            .iter()
            .enumerate()
            .any(|(i, w)| words[..i].contains(w) || self.0.iter().any(|t| t == w));
        (!repeats).then_some(text)
    }
}

fn opening_sentence(features: &ImageFeatures, variant: usize) -> String {
    let light = light_phrase(features.brightness);
    let mood = if features.warmth > 0.22 {
        ", warm"
    } else if features.warmth < -0.12 {
        ", cool"
    } else {
        ""
    };
    let noun = if variant.is_multiple_of(3) { "view" } else { "picture" };
    let start = with_article(&format!("{light}{mood} {noun}"));
    let Some(main) = features.palette.first() else { return start };
    let second = features.palette.get(1).filter(|s| s.share > 0.12);
    let colours = second.map_or_else(|| main.name.clone(), |s| join_names(&main.name, &s.name));
    let link = if main.share > 0.96 {
        "all in"
    } else if main.share > 0.7 {
        "almost wholly"
    } else if variant.is_multiple_of(2) {
        "mostly"
    } else {
        "made up mainly of"
    };
    // `a dark picture, mostly dark brown` says "dark" twice; such a sentence leaves out the light.
    let sentence = format!("{start}, {link} {colours}");
    UsedWords::default().without_repeats(sentence).unwrap_or_else(|| {
        let plain = if mood.is_empty() { "quiet" } else { &mood[2..] };
        format!("{}, {link} {colours}", with_article(&format!("{plain} {noun}")))
    })
}

const fn light_phrase(brightness: f32) -> &'static str {
    match brightness {
        b if b < 0.12 => "very dark",
        b if b < 0.28 => "dark",
        b if b < 0.42 => "rather dim",
        b if b < 0.58 => "softly lit",
        b if b < 0.74 => "fairly bright",
        b if b < 0.9 => "bright",
        _ => "very bright",
    }
}

/// Says what draws the eye, and against what background.
fn focal_sentence(
    thing: &Thing,
    features: &ImageFeatures,
    variant: usize,
    used_words: &UsedWords,
) -> Option<String> {
    let place = thing.place.map_or_else(String::new, |p| format!(" {p}"));
    let what = format!("{}{place}", thing.phrase);
    let start = match variant % 4 {
        0 => format!("what draws the eye is {what}"),
        1 => format!("the eye goes to {what}"),
        2 => format!("{what} stands out"),
        _ => format!("the first thing to notice is {what}"),
    };
    let against = match features.brightness {
        b if b < 0.3 => ", against something dark",
        b if b > 0.7 => ", against something pale",
        _ => "",
    };
    let long = format!("{start}{against}");
    if features.contrast > 0.3 && thing.place.is_some() && variant % 4 != 2 {
        used_words.without_repeats(long).or_else(|| used_words.without_repeats(start))
    } else {
        used_words.without_repeats(start)
    }
}

fn secondary_sentence(thing: &Thing, variant: usize, used_words: &UsedWords) -> Option<String> {
    let what = &thing.phrase;
    let place = thing.place.map_or_else(String::new, |p| format!(" {p}"));
    let sentence = match variant % 3 {
        0 => format!("there is also {what}{place}"),
        1 => format!("then there is {what}{place}"),
        _ => format!("it has {what}{place} as well"),
    };
    used_words.without_repeats(sentence)
}
