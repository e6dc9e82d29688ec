//! `/s/{slug}/feed.atom`: a story as an Atom feed.

use axum::extract::{Path, State};
use calliope_web::{Feed, FeedEntry, language_tag, paragraphs, shorten};
use chrono::{DateTime, SecondsFormat, Utc};

use super::answer::{self, PageResult};
use super::frame_view::{frame_picture, story_name, title};
use super::visitor::Visitor;
use crate::app::ReadableFrame;
use crate::http::HttpState;

/// How long readers of feeds may keep one, in seconds.
const MAX_AGE: u32 = 60;

/// Shows the newest frames of a story as a feed.
pub(super) async fn get(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(slug): Path<String>,
) -> PageResult {
    visitor.require_reader()?;
    let stories = state.app.stories();
    let story = stories.readable_story(visitor.reader(), &slug).await.map_err(answer::refuse)?;
    let frames = stories.feed_frames(&story).await.map_err(answer::refuse)?;
    let address = format!("{}{}/s/{}", visitor.origin, visitor.root, story_name(&story));
    let media = format!("{}{}", visitor.origin, visitor.root);
    let feed = Feed {
        id: format!("urn:uuid:{}", story.id),
        title: plain(&title(&story.title)),
        author: plain(&story.client_id),
        feed_address: format!("{address}/feed.atom"),
        updated: timestamp(story.date_updated),
        entries: frames.iter().map(|frame| entry(frame, &address, &media)).collect(),
        address,
    };
    let text = answer::render(&feed)?;
    Ok(answer::file("application/atom+xml; charset=utf-8", text, MAX_AGE))
}

fn entry(frame: &ReadableFrame, address: &str, media: &str) -> FeedEntry {
    let text = plain(frame.text.as_deref().unwrap_or_default());
    let picture = frame_picture(frame).map(|mut picture| {
        picture.address = format!("{media}{}", picture.address);
        picture.alt = plain(&picture.alt);
        picture
    });
    FeedEntry {
        address: format!("{address}/{}", frame.number + 1),
        number: frame.number + 1,
        title: shorten(&text, 80),
        paragraphs: paragraphs(&text),
        language: language_tag(frame.language.as_deref()),
        picture,
        updated: timestamp(frame.date_created),
    }
}

/// Returns a text without the characters that XML cannot hold.
pub(super) fn plain(text: &str) -> String {
    let may_hold = |c: &char| !c.is_control() || *c == '\n' || *c == '\t';
    text.chars().filter(may_hold).filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}

fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
