//! The storytellers that a visitor can choose from, each with a name, a sentence and a picture.

use axum::extract::{Path, State};
use calliope_web::StorytellerChoice;

use super::answer::{self, PageResult};
use super::visitor::Visitor;
use crate::app::{AppError, ErrorKind, StrategyView};
use crate::http::HttpState;

/// What the built-in painter paints for each storyteller. For others, it paints what their description says.
const SCENES: [(&str, &str); 9] = [
    ("fern", "watercolour of an old forest with a path, pines and a fox, a spring morning"),
    (
        "lavender",
        "watercolour of the evening sky over hills and a meadow, a crescent moon and first stars",
    ),
    ("continuous-v0", "watercolour of a paper boat on a winding river between hills"),
    (
        "continuous-v1",
        "watercolour of a road that winds over hills towards mountains, birds, afternoon",
    ),
    ("tamarisk", "watercolour of a lonely tree by the sea in a storm, waves and wind"),
    ("literal", "watercolour of a window with a lamp and a book, night, warm light"),
    ("narcissus", "watercolour of a still lake that mirrors mountains and a swan, dawn"),
    ("simple-one-frame", "watercolour of a lighthouse on a cliff at night, waves, stars"),
    ("show-this-frame", "watercolour of a camera on a table by a window, flowers"),
];

/// How long a browser keeps a picture, in seconds. A description may change.
const MAX_AGE: u32 = 86_400;

/// Returns a strategy as a choice.
pub(super) fn choice(strategy: StrategyView, told_by: Option<&str>) -> StorytellerChoice {
    let is_chosen = told_by.map_or(strategy.is_default_for_client, |slug| slug == strategy.slug);
    let mut name = strategy.slug.replace(['-', '_'], " ");
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let slug: String = form_urlencoded::byte_serialize(strategy.slug.as_bytes()).collect();
    StorytellerChoice {
        picture: format!("/storytellers/{slug}"),
        slug: strategy.slug,
        name,
        description: first_sentence(&strategy.description),
        is_chosen,
    }
}

/// Shows the picture of a storyteller.
pub(super) async fn picture(
    State(state): State<HttpState>,
    visitor: Visitor,
    Path(slug): Path<String>,
) -> PageResult {
    visitor.require_known()?;
    let strategies = state.app.config().strategies(None).await.map_err(answer::refuse)?;
    let strategy = strategies.into_iter().find(|strategy| strategy.slug == slug);
    let strategy = strategy.ok_or_else(|| {
        let detail = "There is no such storyteller; GET /v1/config/strategy/ lists them.";
        answer::refuse(AppError::new(ErrorKind::NotFound, detail))
    })?;
    let picture = state.app.frames().storyteller_picture(&scene(&strategy)).await;
    let picture = picture.map_err(answer::refuse)?;
    Ok(answer::bytes("image/jpeg", picture, MAX_AGE))
}

/// Returns the words from which the picture of a storyteller is painted. Strategies that share a storyteller get
/// pictures of their own.
fn scene(strategy: &StrategyView) -> String {
    let find =
        |name: &str| SCENES.iter().find(|(known, _)| *known == name).map(|(_, words)| *words);
    let StrategyView { slug, strategy_name, description, .. } = strategy;
    match (find(slug), find(strategy_name)) {
        (Some(words), _) => words.to_owned(),
        (None, Some(words)) => format!("{words}, {slug}, {description}"),
        (None, None) => format!("watercolour, {slug}, {description}"),
    }
}

/// Returns the first sentence of a text.
fn first_sentence(text: &str) -> String {
    let ends = text.char_indices().filter(|(_, c)| matches!(c, '.' | '!' | '?' | '。'));
    let mut ends = ends.map(|(at, c)| at + c.len_utf8());
    let is_end = |at: &usize| {
        text.get(*at..).is_none_or(|rest| {
            rest.is_empty() || rest.starts_with(char::is_whitespace) || text[..*at].ends_with('。')
        })
    };
    let end = ends.find(is_end).unwrap_or(text.len());
    text.get(..end).unwrap_or(text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_has_one_sentence() {
        for (text, first) in [
            ("One long story. The best choice.", "One long story."),
            (
                "Separate phrases with |; each becomes a frame.",
                "Separate phrases with |; each becomes a frame.",
            ),
            ("Version 1.5 of it! Try it.", "Version 1.5 of it!"),
            ("一つの話。もう一つ。", "一つの話。"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), first);
        }
    }
}
