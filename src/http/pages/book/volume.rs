//! A volume of a story: its frames, and what the colophon says of them.

use axum::http::Uri;
use axum::response::Response;
use calliope_books::ColophonEntry;
use chrono::{DateTime, Utc};

use super::BookStory;
use crate::app::{AppError, ErrorKind, MAX_BOOK_FRAMES, ReadableFrame, ReadableStory, StoryOrigin};
use crate::domain::DigitalSourceType;
use crate::http::HttpState;
use crate::http::pages::answer::refuse;
use crate::http::pages::fields::Fields;
use crate::http::pages::wording::in_words;

/// A story, or a part of a long one.
pub(super) struct Volume {
    pub(super) frames: Vec<ReadableFrame>,
    origin: StoryOrigin,
    /// Number of the volume, from 1.
    pub(super) number: i32,
    pub(super) count: i32,
}

impl Volume {
    /// Reads the volume of a story that a request asks for.
    pub(super) async fn read(
        state: &HttpState,
        story: &ReadableStory,
        uri: &Uri,
    ) -> Result<Self, Response> {
        let stories = state.app.stories();
        let count = volumes(story.frame_count);
        let asked = Fields::of_query(uri);
        let number = asked.get("volume").map_or(Some(1), |number| number.parse::<i32>().ok());
        let number = number.filter(|number| (1..=count).contains(number));
        let number = number.ok_or_else(|| refuse(no_such_volume(count)))?;
        let first = (number - 1) * MAX_BOOK_FRAMES;
        let last = first + MAX_BOOK_FRAMES - 1;
        let frames = stories.readable_frames(story.id, first, last).await.map_err(refuse)?;
        let origin = stories.story_origin(story.id, first, last).await.map_err(refuse)?;
        Ok(Self { frames, origin, number, count })
    }

    /// Returns which part of the story this is; `None` for the whole.
    pub(super) fn name(&self) -> Option<String> {
        (self.count > 1).then(|| format!("Volume {} of {}", self.number, self.count))
    }

    /// Returns for whom the story was told, where, when and by which means.
    pub(super) fn colophon(&self, book: &BookStory) -> Vec<ColophonEntry> {
        let origin = &self.origin;
        let mut entries = Vec::new();
        let mut add = |label: &str, text: String| {
            if !text.is_empty() {
                entries.push(ColophonEntry { label: label.to_owned(), text });
            }
        };
        if !book.is_shared() {
            add("Told for", book.story.client_id.clone());
            add("It began", origin.situation.clone());
        }
        add("When", period(self.frames.first(), self.frames.last(), origin.date_created));
        add("Words by the storyteller", words(origin));
        add("Pictures", sources(&self.frames));
        if let (Some(first), Some(last)) = (self.frames.first(), self.frames.last()) {
            let frames = format!("{} to {}", first.number + 1, last.number + 1);
            add("Frames", format!("{frames} of {}", book.story.frame_count));
        }
        add("Read on at", book.address.clone().unwrap_or_default());
        let version = concat!("Calliope ", env!("CARGO_PKG_VERSION"));
        add("Made with", format!("{version}. The typeface is Literata."));
        entries
    }
}

/// Returns the storyteller and the models that wrote the words.
fn words(origin: &StoryOrigin) -> String {
    let mut parts = vec![origin.strategy.clone()];
    if !origin.text_models.is_empty() {
        let models = in_words(&origin.text_models);
        let rest =
            if origin.has_frames_without_model { "; other frames without a model" } else { "" };
        parts.push(format!("with {models}{rest}"));
    }
    parts.extend(
        origin.model_configs.iter().map(|slug| format!("with the model configuration {slug}")),
    );
    parts.join(", ")
}

fn volumes(frames: i32) -> i32 {
    frames.max(1).unsigned_abs().div_ceil(MAX_BOOK_FRAMES.unsigned_abs()).cast_signed()
}

fn no_such_volume(count: i32) -> AppError {
    let detail = match count {
        1 => "This story is one book; leave `volume` out.".to_owned(),
        count => format!("This story has the volumes 1 to {count}."),
    };
    AppError::new(ErrorKind::NotFound, detail)
}

/// Returns the days from the first to the last frame.
fn period(
    first: Option<&ReadableFrame>,
    last: Option<&ReadableFrame>,
    created: DateTime<Utc>,
) -> String {
    let day = |time: DateTime<Utc>| time.format("%-d %B %Y").to_string();
    let start = day(first.map_or(created, |frame| frame.date_created));
    let end = day(last.map_or(created, |frame| frame.date_created));
    if start == end { start } else { format!("{start} to {end}") }
}

/// Returns how the pictures came into being: by which models, by the built-in painter, or by a camera.
fn sources(frames: &[ReadableFrame]) -> String {
    let mut sources: Vec<String> = Vec::new();
    for provenance in frames.iter().filter_map(|frame| frame.provenance.known()) {
        let source = match (provenance.digital_source_type, provenance.model) {
            (DigitalSourceType::TrainedAlgorithmicMedia, Some(model)) => {
                format!("generated by the model {model}")
            }
            (DigitalSourceType::TrainedAlgorithmicMedia, None) => "generated by a model".to_owned(),
            (DigitalSourceType::AlgorithmicMedia, _) => "painted by an algorithm".to_owned(),
            (DigitalSourceType::DigitalCapture, _) => "photographs".to_owned(),
        };
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_story_has_volumes() {
        for (frames, count) in [(0, 1), (1, 1), (100, 1), (101, 2), (5000, 50)] {
            assert_eq!(volumes(frames), count, "{frames}");
        }
    }
}
