//! Frames, stories and pictures as pages show them.

use calliope_web::{Clip, Cover, FramePart, Picture, language_tag, paragraphs, shorten};

use crate::app::{ReadableFrame, ReadableStory, StoryCover};

/// The most characters of a title on a page.
const MAX_TITLE: usize = 64;

/// The most characters of a picture's alternative text.
const MAX_ALT: usize = 300;

/// Returns a frame as pages show it.
pub(super) fn frame_part(frame: &ReadableFrame) -> FramePart {
    let clip = |key: &Option<String>, format: &Option<String>| {
        let (key, media_type) = key.clone().zip(format.clone())?;
        Some(Clip { address: format!("/{key}"), media_type })
    };
    FramePart {
        number: frame.number + 1,
        paragraphs: paragraphs(frame.text.as_deref().unwrap_or_default()),
        language: language_tag(frame.language.as_deref()),
        picture: frame_picture(frame),
        narration: clip(&frame.audio_key, &frame.audio_format),
        video: clip(&frame.video_key, &frame.video_format),
    }
}

/// Returns a frame's picture. What it shows is known from the prompt by which it was painted, or else from what the
/// camera saw.
pub(super) fn frame_picture(frame: &ReadableFrame) -> Option<Picture> {
    let described = |text: &&String| !text.trim().is_empty();
    let alt = frame.illustration.as_ref().filter(described);
    let alt = alt.or(frame.seen.as_ref().filter(described));
    let alt = alt.map_or_else(
        || format!("The picture of frame {}", frame.number + 1),
        |text| shorten(text, MAX_ALT),
    );
    picture(frame.image_key.as_deref(), frame.image_width, frame.image_height, alt)
}

pub(super) fn picture(
    key: Option<&str>,
    width: Option<i32>,
    height: Option<i32>,
    alt: String,
) -> Option<Picture> {
    let (width, height) = (width.unwrap_or(1), height.unwrap_or(1));
    Some(Picture { address: format!("/{}", key?), width, height, alt })
}

/// Returns the start of a story's title.
pub(super) fn title(title: &str) -> String {
    if title.trim().is_empty() { "A story".to_owned() } else { shorten(title, MAX_TITLE) }
}

/// Returns the name of a story in the addresses of its pages.
pub(super) fn story_name(story: &ReadableStory) -> String {
    story.slug.clone().unwrap_or_else(|| story.id.to_string())
}

/// Returns a story's cover.
pub(super) fn cover(cover: StoryCover) -> Cover {
    let name = cover.slug.clone().unwrap_or_else(|| cover.id.to_string());
    let key = cover.image_key.as_deref();
    Cover {
        address: format!("/s/{name}/1"),
        title: title(&cover.title),
        picture: picture(key, cover.image_width, cover.image_height, String::new()),
        client: shorten(&cover.client_id, 40),
        storyteller: cover.strategy,
        count: cover.frame_count,
    }
}
