//! The schema in which a language model describes an image, and the merging of several descriptions.

use serde_json::{Value, json};

use super::{Failure, cut_text};
use crate::domain::ImageAnalysis;

/// The most entries in each list.
const MAX_LIST_ENTRIES: usize = 12;

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 1200;

/// Returns the JSON schema of an image description.
pub(super) fn schema() -> Value {
    let (text, list) =
        (json!({"type": "string"}), json!({"type": "array", "items": {"type": "string"}}));
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["description", "setting", "atmosphere", "people", "objects", "texts", "tags"],
        "properties": {
            "description": text, "setting": text, "atmosphere": text,
            "people": list, "objects": list, "texts": list, "tags": list,
        },
    })
}

/// Parses an image description. Texts and lists are truncated to their limits.
pub(super) fn parse(value: &Value) -> Result<ImageAnalysis, Failure> {
    let text = |name: &str| {
        let text = value.get(name).and_then(Value::as_str).unwrap_or_default();
        text.chars().take(MAX_DESCRIPTION).collect::<String>()
    };
    let list = |name: &str| {
        let items = value.get(name).and_then(Value::as_array).into_iter().flatten();
        let words = items.filter_map(Value::as_str).map(|word| word.chars().take(200).collect());
        words.take(MAX_LIST_ENTRIES).collect::<Vec<String>>()
    };
    let analysis = ImageAnalysis {
        description: text("description"),
        things: list("objects"),
        features: None,
        people: list("people"),
        texts: list("texts"),
        atmosphere: text("atmosphere"),
        setting: text("setting"),
        tags: list("tags"),
    };
    if analysis.description.is_empty() {
        return Err(Failure::invalid_response("there is no description in it"));
    }
    Ok(analysis)
}

/// The beginnings of sentences in which a model says that it cannot describe the image.
const REFUSALS: [&str; 12] = [
    "i'm sorry",
    "i am sorry",
    "sorry",
    "i cannot",
    "i can't",
    "i can not",
    "i'm unable",
    "i am unable",
    "i'm not able",
    "as an ai",
    "as a language model",
    "unfortunately",
];

/// Takes prose as the description of an image.
pub(super) fn from_prose(text: &str) -> Result<ImageAnalysis, Failure> {
    let text = text.replace("**", "").replace(['`', '#'], "");
    let mut text = text.trim();
    // Some models announce the description in a line of its own.
    if let Some((first, rest)) = text.split_once('\n')
        && first.trim_end().ends_with(':')
        && !rest.trim().is_empty()
    {
        text = rest.trim();
    }
    let lower = text.to_lowercase().replace('’', "'");
    let is_refusal = REFUSALS.iter().any(|words| lower.starts_with(words));
    if is_refusal || text.starts_with(['{', '[', '<']) || text.split_whitespace().count() < 2 {
        return Err(Failure::invalid_response("it does not describe the image"));
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let description = match text.char_indices().nth(MAX_DESCRIPTION) {
        Some((end, _)) => cut_text::end_at_sentence(&text[..end]),
        None => text,
    };
    Ok(ImageAnalysis { description, ..ImageAnalysis::default() })
}

/// Merges a second analysis of the same image into the first. The first one's text fields take precedence; lists are
/// joined without duplicates.
#[must_use]
pub fn merge_image_analyses(mut first: ImageAnalysis, other: ImageAnalysis) -> ImageAnalysis {
    let fill = |target: &mut String, additions: String| {
        if target.is_empty() {
            *target = additions;
        }
    };
    fill(&mut first.description, other.description);
    fill(&mut first.atmosphere, other.atmosphere);
    fill(&mut first.setting, other.setting);
    add_missing(&mut first.things, other.things);
    add_missing(&mut first.people, other.people);
    add_missing(&mut first.texts, other.texts);
    add_missing(&mut first.tags, other.tags);
    first.features = first.features.or(other.features);
    first
}

/// Adds the entries that are not yet contained in an existing entry, ignoring case.
fn add_missing(target: &mut Vec<String>, additions: Vec<String>) {
    for other in additions {
        let lower = other.to_lowercase();
        if target.len() < MAX_LIST_ENTRIES
            && !target.iter().any(|word| word.to_lowercase().contains(&lower))
        {
            target.push(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sights_become_one_without_saying_things_twice() {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let first = ImageAnalysis {
            description: "A cat on a red chair.".to_owned(),
            things: words(&["a red chair", "a cat"]),
            ..ImageAnalysis::default()
        };
        let other = ImageAnalysis {
            description: "a cat sitting".to_owned(),
            things: words(&["Chair", "lamp"]),
            texts: words(&["EXIT"]),
            atmosphere: "quiet".to_owned(),
            ..ImageAnalysis::default()
        };
        let both = merge_image_analyses(first, other);
        assert_eq!(both.description, "A cat on a red chair.");
        assert_eq!(both.things, words(&["a red chair", "a cat", "lamp"]));
        assert_eq!((both.texts, both.atmosphere), (words(&["EXIT"]), "quiet".to_owned()));
    }

    #[test]
    fn prose_about_an_image_is_its_description() {
        let read = |text: &str| from_prose(text).map(|analysis| analysis.description);
        for text in [
            "The picture shows a red square.",
            "Here is what I see:\n\n**The picture** shows\na red square.",
        ] {
            assert_eq!(read(text).as_deref(), Ok("The picture shows a red square."), "{text}");
        }
        for text in
            ["", "I’m sorry, I can't see images.", "I cannot help.", "{\"a\": 1", "<html>", "Ok"]
        {
            assert!(read(text).is_err(), "{text}");
        }
        let long = read(&"A fox runs by. ".repeat(200)).expect("a description");
        assert!(long.len() <= MAX_DESCRIPTION && long.ends_with("by."), "{long}");
    }

    #[test]
    fn a_sight_without_a_description_is_none() {
        assert!(parse(&json!({"objects": ["a cat"]})).is_err());
        let analysis =
            parse(&json!({"description": "A cat.", "objects": ["a cat", 3]})).expect("read");
        assert_eq!(analysis.things, ["a cat"]);
    }
}
