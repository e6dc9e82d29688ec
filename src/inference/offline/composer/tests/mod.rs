//! Tests over whole stories.

mod english;
mod grammar;
mod hostile;
mod limits;
mod stories;

use serde_json::Value;

use super::english::{length, sentences};
use super::{ComposedFrame, compose};
use crate::domain::{ImageAnalysis, ImageFeatures, Season, Swatch};
use crate::inference::request::{AudienceProfile, FrameContext};

/// Returns the context of a story's first frame, at four on an autumn afternoon.
fn context(seed: u64) -> FrameContext {
    FrameContext {
        seed,
        frame_number: 0,
        prior: Vec::new(),
        state: Value::Null,
        memory: Value::Null,
        seen: None,
        heard: None,
        said: None,
        place: None,
        hour: 16,
        season: Season::Autumn,
        style: None,
        max_chars: None,
        known: AudienceProfile::default(),
    }
}

fn swatch(name: &str) -> Swatch {
    Swatch { name: name.to_owned(), rgb: [204, 85, 0], share: 0.3 }
}

/// Returns an analysis of a warm image by pixel measurement.
fn measured() -> ImageAnalysis {
    ImageAnalysis {
        description: "A warm field of burnt orange under slate grey.".to_owned(),
        things: ["a patch of burnt orange", "a bright edge along the top"]
            .map(str::to_owned)
            .to_vec(),
        features: Some(ImageFeatures {
            palette: ["burnt orange", "slate grey", "ivory"].map(swatch).to_vec(),
            brightness: 0.5,
            warmth: 0.4,
            contrast: 0.5,
            focus: (0.5, 0.5),
        }),
        ..ImageAnalysis::default()
    }
}

/// Returns an analysis of an image by a vision model.
fn recognised() -> ImageAnalysis {
    ImageAnalysis {
        description: "Two people stand beside a lighthouse.".to_owned(),
        things: ["a lighthouse", "two people", "Dog on a leash"].map(str::to_owned).to_vec(),
        features: None,
        ..ImageAnalysis::default()
    }
}

/// Tells `count` frames of a story. `change` may alter the context of each frame first.
fn tell(seed: u64, count: u32, change: impl Fn(&mut FrameContext)) -> Vec<ComposedFrame> {
    let mut frames: Vec<ComposedFrame> = Vec::new();
    let mut context = context(seed);
    for number in 0..count {
        context.frame_number = number;
        change(&mut context);
        let frame = compose(&context);
        context.memory = frame.memory.clone();
        context.prior.push(frame.text.clone());
        if context.prior.len() > 30 {
            context.prior.remove(0);
        }
        frames.push(frame);
    }
    frames
}

/// Returns the faults in a frame's English.
fn faults(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut note = |bad: bool, what: &str| {
        if bad {
            found.push(format!("{what}: {text}"));
        }
    };
    note(text.contains(['{', '}', '[', ']', '|', '"', '\'']), "left-over mark");
    note(text.contains("  ") || text != text.trim(), "spaces");
    note(
        [" ,", " .", ",,", "..", ",.", ":.", "?,", "!,"].iter().any(|s| text.contains(s)),
        "punctuation",
    );
    note(text.matches('“').count() != text.matches('”').count(), "quotes");
    for sentence in sentences(text) {
        let first = sentence.chars().find(|c| c.is_alphanumeric());
        note(first.is_some_and(char::is_lowercase), "small letter at the start");
        let bare = sentence.trim_end_matches('”');
        note(!bare.ends_with(['.', '!', '?']), "no end");
    }
    let words: Vec<_> = text.split(' ').collect();
    for pair in words.windows(2) {
        let next = pair[1].trim_start_matches(['“', '‘']);
        let article = pair[0].trim_start_matches('“').to_lowercase();
        if article == "a" || article == "an" {
            note(super::english::article(next) != article, "article");
        }
        note(pair[0] == pair[1], "word twice");
    }
    note(words.iter().any(|w| w.contains("s’s") && !w.ends_with("s’s") && length(w) < 3), "owner");
    found
}
