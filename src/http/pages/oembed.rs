//! `/oembed`: describes a frame to other sites that link to it (oEmbed 1.0).
//!
//! Pages refuse to be framed, so the description is a picture or a link, never HTML. It exists only for stories that
//! everyone who has the link may read.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use calliope_web::{OEmbed, Picture};
use serde_json::{Map, Value, json};

use super::answer::{self, PageResult};
use super::feed::plain;
use super::fields::Fields;
use super::frame_view::{frame_picture, title};
use super::reader;
use super::visitor::Visitor;
use crate::app::{AppError, ErrorKind, PageReader};
use crate::http::HttpState;
use crate::http::problem::Problem;

/// How long sites may keep a description, in seconds.
const MAX_AGE: u32 = 3600;

/// The longest address that is looked at, in bytes.
const MAX_ADDRESS: usize = 2000;

/// The largest width and height of a small picture, in pixels.
const MAX_THUMBNAIL: i32 = 512;

/// Describes the frame, or the last frame of the story, whose page's address is given.
pub(super) async fn get(State(state): State<HttpState>, visitor: Visitor, uri: Uri) -> PageResult {
    let fields = Fields::of_query(&uri);
    let format = fields.get("format").unwrap_or("json");
    if !matches!(format, "json" | "xml") {
        let detail = "The formats are json and xml.";
        return Err(Problem::new(StatusCode::NOT_IMPLEMENTED, detail).into_response());
    }
    let (max_width, max_height) = (limit(&fields, "maxwidth")?, limit(&fields, "maxheight")?);
    let address = fields.get("url").ok_or_else(|| {
        answer::refuse(AppError::invalid("url", "is missing; send the address of a story's page"))
    })?;
    if !visitor.is_open_to_all(&state) {
        let detail = "Stories are not open to everyone here, so other sites cannot show them.";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, detail).into_response());
    }
    let unknown = || {
        let detail = "The address is not that of a story here; send the address of its page.";
        answer::refuse(AppError::new(ErrorKind::NotFound, detail))
    };
    let (slug, number) = page_of(address, &visitor.origin, &visitor.root).ok_or_else(unknown)?;
    // The card does not depend on who asks, because everyone sees what other sites show.
    let everyone = PageReader { client_id: None, is_admin: false };
    let stories = state.app.stories();
    let story = stories.readable_story(everyone, slug).await.map_err(answer::refuse)?;
    let number = match number {
        Some(number) => reader::parse_number(&story, number)?,
        None if story.frame_count == 0 => return Err(unknown()),
        None => story.frame_count,
    };
    let frames = stories.readable_frames(story.id, number - 1, number - 1).await;
    let frame = frames.map_err(answer::refuse)?.into_iter().next();
    let base = format!("{}{}", visitor.origin, visitor.root);
    let picture = frame.as_ref().and_then(frame_picture).map(|picture| Picture {
        address: format!("{base}{}", picture.address),
        alt: String::new(),
        ..picture
    });
    let fits = |picture: &Picture, width: i32, height: i32| {
        picture.width <= width && picture.height <= height
    };
    let thumbnail = picture.clone().filter(|picture| {
        fits(picture, max_width.min(MAX_THUMBNAIL), max_height.min(MAX_THUMBNAIL))
    });
    let view = OEmbed {
        title: plain(&format!("{} – {number}", title(&story.title))),
        provider: format!("{base}/"),
        max_age: MAX_AGE,
        photo: picture.filter(|picture| fits(picture, max_width, max_height)),
        thumbnail,
    };
    if format == "xml" {
        return Ok(answer::file("text/xml; charset=utf-8", answer::render(&view)?, MAX_AGE));
    }
    let mut response = Json(to_json(&view)).into_response();
    let cache = HeaderValue::from_str(&format!("private, max-age={MAX_AGE}"));
    if let Ok(cache) = cache {
        response.headers_mut().insert(CACHE_CONTROL, cache);
    }
    Ok(response)
}

fn to_json(view: &OEmbed) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("version", json!("1.0"));
    put("type", json!(view.kind()));
    put("title", json!(view.title));
    put("provider_name", json!("Calliope"));
    put("provider_url", json!(view.provider));
    put("cache_age", json!(view.max_age));
    if let Some(picture) = &view.photo {
        put("url", json!(picture.address));
        put("width", json!(picture.width));
        put("height", json!(picture.height));
    }
    if let Some(picture) = &view.thumbnail {
        put("thumbnail_url", json!(picture.address));
        put("thumbnail_width", json!(picture.width));
        put("thumbnail_height", json!(picture.height));
    }
    Value::Object(fields)
}

/// Returns the largest size that the site shows, in pixels.
fn limit(fields: &Fields, name: &str) -> Result<i32, Response> {
    let Some(given) = fields.get(name) else { return Ok(i32::MAX) };
    let parsed = given.parse::<i32>().ok().filter(|size| *size > 0);
    parsed.ok_or_else(|| {
        answer::refuse(AppError::invalid(name, "must be a number of pixels, such as 800"))
    })
}

/// Returns the slug and the number in the address of a story's page here; `None` for every other address.
fn page_of<'a>(address: &'a str, origin: &str, root: &str) -> Option<(&'a str, Option<&'a str>)> {
    if address.len() > MAX_ADDRESS {
        return None;
    }
    let rest = without_scheme(address)?;
    let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(at)?;
    let own = without_scheme(origin)?;
    // A name and password before the host are part of the authority, so such an address is not ours.
    if !without_default_port(authority).eq_ignore_ascii_case(without_default_port(own)) {
        return None;
    }
    let path = path.split(['?', '#']).next()?.strip_prefix(root)?.strip_prefix("/s/")?;
    let mut segments = path.strip_suffix('/').unwrap_or(path).split('/');
    let (slug, number) = (segments.next()?, segments.next());
    let is_plain = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_page = segments.next().is_none() && !slug.is_empty();
    (is_page && is_plain(slug)).then_some((slug, number))
}

/// Returns what follows `https://` or `http://`. Both lead to the same pages.
fn without_scheme(address: &str) -> Option<&str> {
    ["https://", "http://"].into_iter().find_map(|scheme| {
        let (start, rest) = address.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

fn without_default_port(authority: &str) -> &str {
    let port = |port| authority.strip_suffix(port);
    port(":443").or_else(|| port(":80")).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_stories_here_are_described() {
        let of = |address: &'static str| page_of(address, "https://stories.example", "/below");
        assert_eq!(of("https://stories.example/below/s/a-lamp/2"), Some(("a-lamp", Some("2"))));
        assert_eq!(of("HTTP://Stories.Example:443/below/s/a-lamp/?x#y"), Some(("a-lamp", None)));
        for other in [
            "https://stories.example/s/a-lamp/2",
            "https://evil.example/below/s/a-lamp/2",
            "https://stories.example@evil.example/below/s/a-lamp/2",
            "https://stories.example:99/below/s/a-lamp/2",
            "https://stories.example.evil.example/below/s/a-lamp/2",
            "https://stories.example\\@evil.example/below/s/a-lamp",
            "//stories.example/below/s/a-lamp/2",
            "javascript://stories.example/below/s/a-lamp",
            "https://stories.example/below/s/",
            "https://stories.example/below/s/a/2/book",
            "https://stories.example/below/s/%2e%2e/2",
            "https://stories.example/below/library",
            "https://stories.exampleö/below/s/a",
            "https:/",
            "ö",
            "",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(page_of("https://a/s/b", "", ""), None, "no host was named");
    }
}
