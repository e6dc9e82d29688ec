//! Lessons: what one frame teaches about its client.

use crate::app::jobs::{LearnFromFrame, Observation, TellFrame};
use crate::domain::{FrameParameters, ImageAnalysis};
use crate::inference::FrameContext;

/// The maximum number of subjects taken from one frame.
const MAX_SUBJECTS: usize = 8;

/// The maximum number of colours taken from one frame.
const MAX_COLOURS: usize = 3;

/// The minimum share of the image's area that such a colour covers.
const MIN_COLOUR_SHARE: f32 = 0.15;

/// The maximum length of a subject in characters.
const MAX_SUBJECT_LENGTH: usize = 40;

/// The maximum length of a description, a transcript or an input text in characters.
const MAX_TEXT: usize = 500;

/// Returns what a frame teaches about the client that requested it.
pub(in crate::app) fn extract_lessons(
    job: &TellFrame,
    strategy: &str,
    context: &FrameContext,
    parameters: &FrameParameters,
) -> LearnFromFrame {
    let short = |text: &Option<String>| {
        let text: String = text.as_deref()?.trim().chars().take(MAX_TEXT).collect();
        (!text.is_empty()).then_some(text)
    };
    LearnFromFrame {
        client_id: job.client_id.clone(),
        origin: job.origin.clone(),
        strategy: strategy.to_owned(),
        seen: short(&context.seen.as_ref().map(|seen| seen.description.clone())),
        heard: short(&context.heard),
        said: short(&parameters.input_text),
        evidence: observations(context),
    }
}

/// Returns what may recur in other frames, sorted by kind and key, without duplicates.
fn observations(context: &FrameContext) -> Vec<Observation> {
    let mut evidence = Vec::new();
    let mut observe = |kind: &str, key: String, weight: f64| {
        evidence.push(Observation { kind: kind.to_owned(), key, weight });
    };
    if let Some(seen) = &context.seen {
        for subject in subjects(seen) {
            observe("subject", subject, 1.0);
        }
        let swatches = seen.features.iter().flat_map(|features| &features.palette);
        let large = swatches.filter(|swatch| swatch.share >= MIN_COLOUR_SHARE).take(MAX_COLOURS);
        for swatch in large {
            observe("colour", swatch.name.to_lowercase(), 1.0);
        }
    }
    if let Some(place) = context.place.as_deref().and_then(normalize_name) {
        observe("place", place, 1.0);
    }
    observe("time", time_of_day(context.hour).to_owned(), 0.5);
    evidence.sort_by(|a, b| (&a.kind, &a.key).cmp(&(&b.kind, &b.key)));
    evidence.dedup_by(|a, b| (&a.kind, &a.key) == (&b.kind, &b.key));
    evidence
}

/// Returns the texts that are stored for [`CONTEXT_LIFETIME`](super::CONTEXT_LIFETIME), each with its key.
pub(super) fn recent_texts(lessons: &LearnFromFrame) -> impl Iterator<Item = (&'static str, &str)> {
    let texts = [("seen", &lessons.seen), ("heard", &lessons.heard), ("said", &lessons.said)];
    texts.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?)))
}

/// Returns the subjects that a model recognised. It ignores an analysis that was only measured from pixels, because
/// that would give every client `a dark shape`.
fn subjects(seen: &ImageAnalysis) -> Vec<String> {
    let is_recognised = !seen.tags.is_empty() || !seen.setting.is_empty();
    let things = seen.things.iter().filter(|_| is_recognised);
    let mut subjects: Vec<String> = Vec::new();
    for subject in seen.tags.iter().chain(things).filter_map(|text| normalize_name(text)) {
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    subjects.truncate(MAX_SUBJECTS);
    subjects
}

/// Normalizes a name so that it is the same in each frame: lower case, without its article and punctuation. Returns
/// `None` if the text has no letter or is too long.
fn normalize_name(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let rest = match words.split_first() {
        Some((first, rest)) if ["a", "an", "the", "some"].contains(first) => rest,
        _ => &words[..],
    };
    let name = rest.join(" ");
    let name = name.trim_matches(|c: char| !c.is_alphanumeric());
    let fits = name.chars().count() <= MAX_SUBJECT_LENGTH && name.contains(char::is_alphabetic);
    fits.then(|| name.to_owned())
}

const fn time_of_day(hour: u32) -> &'static str {
    match hour {
        5..=11 => "morning",
        12..=16 => "afternoon",
        17..=21 => "evening",
        _ => "night",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_recur_as_the_same() {
        assert_eq!(normalize_name("A  Red boat."), Some("red boat".to_owned()));
        assert_eq!(normalize_name("the SEA"), Some("sea".to_owned()));
        assert_eq!(normalize_name("a"), None);
        assert_eq!(normalize_name("48.2,16.4"), None);
        assert_eq!(normalize_name(&"long ".repeat(20)), None);
    }

    #[test]
    fn what_was_only_measured_is_no_subject() {
        let mut seen =
            ImageAnalysis { things: vec!["a dark shape".into()], ..ImageAnalysis::default() };
        assert_eq!(subjects(&seen), [""; 0]);
        seen.tags = vec!["Boat".into(), "boat".into()];
        assert_eq!(subjects(&seen), ["boat", "dark shape"]);
    }
}
