//! What one frame teaches about its client.

use serde::{Deserialize, Serialize};

use crate::app::accept::FrameJob;
use crate::domain::{Parameters, Sight};
use crate::inference::Brief;

/// Subjects at most of one frame.
const SUBJECTS: usize = 8;

/// Colours at most of one frame, and how much of the picture each has at least.
const COLOURS: usize = 3;
const SHARE: f32 = 0.15;

/// The longest subject, in characters.
const LONGEST: usize = 40;

/// Characters at most of what was seen and heard.
const WORDS: usize = 500;

/// What a frame teaches: the payload of [`crate::domain::TaskKind::Remember`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::app) struct Lessons {
    /// Of whom.
    pub(super) client_id: String,
    /// The request that the frame was asked for by, and its trace, for the task to go on there.
    request_id: String,
    traceparent: Option<String>,
    /// The strategy whose models may be asked about it.
    pub(super) strategy: String,
    /// What the camera saw.
    pub(super) seen: Option<String>,
    /// What the microphone heard.
    pub(super) heard: Option<String>,
    /// What was written.
    pub(super) said: Option<String>,
    /// What may recur.
    pub(super) evidence: Vec<Lesson>,
}

/// One observation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Lesson {
    /// `subject`, `colour`, `place` or `time`.
    pub(super) kind: String,
    /// Which one.
    pub(super) key: String,
    /// How much it says: 0-1.
    pub(super) weight: f64,
}

impl Lessons {
    /// What a frame teaches about the client that asked for it.
    pub(in crate::app) fn of(
        job: &FrameJob,
        strategy: &str,
        brief: &Brief,
        parameters: &Parameters,
    ) -> Self {
        let short = |text: &Option<String>| {
            let text: String = text.as_deref()?.trim().chars().take(WORDS).collect();
            (!text.is_empty()).then_some(text)
        };
        let mut evidence = Vec::new();
        let mut lesson = |kind: &str, key: String, weight: f64| {
            evidence.push(Lesson { kind: kind.to_owned(), key, weight });
        };
        if let Some(seen) = &brief.seen {
            for subject in subjects(seen) {
                lesson("subject", subject, 1.0);
            }
            let swatches = seen.look.iter().flat_map(|look| &look.palette);
            let large = swatches.filter(|swatch| swatch.share >= SHARE).take(COLOURS);
            for swatch in large {
                lesson("colour", swatch.name.to_lowercase(), 1.0);
            }
        }
        if let Some(place) = brief.place.as_deref().and_then(named) {
            lesson("place", place, 1.0);
        }
        lesson("time", time(brief.hour).to_owned(), 0.5);
        evidence.sort_by(|a, b| (&a.kind, &a.key).cmp(&(&b.kind, &b.key)));
        evidence.dedup_by(|a, b| (&a.kind, &a.key) == (&b.kind, &b.key));
        Self {
            client_id: job.client_id.clone(),
            request_id: job.request_id.clone(),
            traceparent: job.traceparent.clone(),
            strategy: strategy.to_owned(),
            seen: short(&brief.seen.as_ref().map(|seen| seen.description.clone())),
            heard: short(&brief.heard),
            said: short(&parameters.input_text),
            evidence,
        }
    }

    /// What is of interest for a while, by what it is.
    pub(super) fn lately(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [("seen", &self.seen), ("heard", &self.heard), ("said", &self.said)];
        all.into_iter().filter_map(|(key, words)| Some((key, words.as_deref()?)))
    }
}

/// What a model recognised. What is only measured is no subject: it would be `a dark shape` for everyone.
fn subjects(seen: &Sight) -> Vec<String> {
    let is_recognised = !seen.tags.is_empty() || !seen.setting.is_empty();
    let things = seen.things.iter().filter(|_| is_recognised);
    let mut subjects: Vec<String> = Vec::new();
    for subject in seen.tags.iter().chain(things).filter_map(|text| named(text)) {
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    subjects.truncate(SUBJECTS);
    subjects
}

/// A name that recurs as the same: in lower case, without its article; `None` for what is none.
fn named(text: &str) -> Option<String> {
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
    let fits = name.chars().count() <= LONGEST && name.contains(char::is_alphabetic);
    fits.then(|| name.to_owned())
}

const fn time(hour: u32) -> &'static str {
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
        assert_eq!(named("A  Red boat."), Some("red boat".to_owned()));
        assert_eq!(named("the SEA"), Some("sea".to_owned()));
        assert_eq!(named("a"), None);
        assert_eq!(named("48.2,16.4"), None);
        assert_eq!(named(&"long ".repeat(20)), None);
    }

    #[test]
    fn what_was_only_measured_is_no_subject() {
        let mut seen = Sight { things: vec!["a dark shape".into()], ..Sight::default() };
        assert_eq!(subjects(&seen), [""; 0]);
        seen.tags = vec!["Boat".into(), "boat".into()];
        assert_eq!(subjects(&seen), ["boat", "dark shape"]);
    }
}
