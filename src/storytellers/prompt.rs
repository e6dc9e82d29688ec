//! Prompts are data: Jinja2 templates from the database, rendered with a frame's data. [`template_context`] lists the
//! variables that a template may use.

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::Scene;
use super::template::{self, TemplateError};
use crate::domain::{FrameParameters, ImageAnalysis, Season};
use crate::inference::{AudienceProfile, FrameContext};

/// Maximum length of a prompt, in characters. The excess is cut from the middle, where the oldest part of the story is.
const MAX_PROMPT_CHARS: usize = 60_000;

/// Checks a template by rendering it with sample values of all variables.
///
/// # Errors
///
/// What is wrong in the template, and where.
pub async fn check(template: &str) -> Result<(), TemplateError> {
    render_template(template, sample_template_context()).await.map(drop)
}

/// Renders the template `reword`, which asks a model to reword the prompt of a refused illustration. Returns `None` if
/// it cannot be rendered.
pub async fn render_reword(template: &str, prompt: &str) -> Option<String> {
    render_template(template, context! { prompt }).await.ok()
}

/// Renders the prompt for a scene's text. Without a template it is empty, because the offline composer needs no prompt.
pub(super) async fn render(scene: &Scene<'_>) -> Result<String, TemplateError> {
    let is_first = scene.context.frame_number == 0;
    let seed = scene.prompts.seed.filter(|_| is_first);
    let Some(template) = seed.or(scene.prompts.text) else { return Ok(String::new()) };
    let prompt = render_template(template, template_context(scene, "")).await?;
    Ok(match scene.prompts.language {
        Some(language) => format!(
            "{prompt}\n\nTell it in {language}. Only what is to be painted is described in English."
        ),
        None => prompt,
    })
}

/// Renders the prompt for a model that is asked for prose instead of JSON. The template distinguishes the two cases by
/// the variable `plain`.
pub(super) async fn render_prose_only(scene: &Scene<'_>) -> Result<String, TemplateError> {
    let Some(template) = scene.prompts.text else { return Ok(String::new()) };
    let variables = context! { plain => true, ..template_context(scene, "") };
    render_template(template, variables).await
}

/// Returns the literal text of a template, with a newline in place of each tag.
pub(super) fn literal_text(template: &str) -> String {
    let (mut literal, mut rest) = (String::new(), template);
    while let Some(start) = rest.find('{') {
        let (before, tag) = rest.split_at(start);
        literal.push_str(before);
        let is_end = |pair: &[u8]| matches!(pair, b"}}" | b"%}" | b"#}");
        let end = tag.as_bytes().windows(2).position(is_end);
        // The newline keeps the words on either side of a tag from counting as adjacent.
        literal.push('\n');
        rest = end.map_or("", |end| &tag[end + 2..]);
    }
    literal + rest
}

/// Renders a prompt about a text: for the editor, or for what to paint.
pub(super) async fn render_about(
    scene: &Scene<'_>,
    template: &str,
    text: &str,
) -> Result<String, TemplateError> {
    render_template(template, template_context(scene, text)).await
}

/// Returns the variables of a template.
fn template_context(scene: &Scene<'_>, text: &str) -> Value {
    context! {
        brief => Value::from(Serde(scene.context)),
        parameters => Value::from(Serde(scene.parameters)),
        situation => scene.situation,
        known => describe_known(&scene.context.known),
        muse => super::muse::spark(scene.context),
        last_words => super::last_words(&scene.context.prior, super::LAST_WORD_COUNT),
        language => scene.prompts.language,
        text => text,
    }
}

/// Describes what is known about the client in a few sentences, one a line; empty if nothing is known.
fn describe_known(known: &AudienceProfile) -> String {
    let mut sentences = Vec::new();
    if !known.likes.is_empty() {
        let likes = known.likes.join(", ");
        sentences.push(format!(
            "Whoever listens likes: {likes}. Let one of these come up where it fits."
        ));
    }
    if !known.noticed.is_empty() {
        sentences.push(format!("Known of them: {}", known.noticed.join(" ")));
    }
    if !known.usual.is_empty() {
        sentences.push(format!("Usual for them: {}.", known.usual.join(", ")));
    }
    if !known.lately.is_empty() {
        sentences.push(format!("A while ago: {}", known.lately.join("; ")));
    }
    sentences.join("\n")
}

async fn render_template(template: &str, variables: Value) -> Result<String, TemplateError> {
    let prompt = template::render(template, variables).await?;
    Ok(truncate_middle(prompt.trim()))
}

fn truncate_middle(prompt: &str) -> String {
    let count = prompt.chars().count();
    if count <= MAX_PROMPT_CHARS {
        return prompt.to_owned();
    }
    // The prompt is cut once, in the middle, and keeps its beginning and its end.
    let half = MAX_PROMPT_CHARS / 2;
    let (start, end): (String, String) =
        (prompt.chars().take(half).collect(), prompt.chars().skip(count - half).collect());
    format!("{start}\n…\n{end}")
}

/// Returns a context in which every field but `memory` has a value.
pub(super) fn sample_frame_context() -> FrameContext {
    let text = str::to_owned;
    FrameContext {
        seed: 7,
        frame_number: 2,
        prior: vec![text("The lamp went out."), text("Somebody knocked, twice.")],
        state: serde_json::json!({"genre": "a sea story", "cast": ["Ada, who mends nets"]}),
        memory: serde_json::Value::Null,
        seen: Some(ImageAnalysis {
            description: text("A red boat on a beach, under a grey sky."),
            things: vec![text("a red boat"), text("a rope")],
            people: vec![text("a child with a yellow hat")],
            texts: vec![text("ESPERANZA")],
            atmosphere: text("calm"),
            setting: text("a beach"),
            tags: vec![text("sea")],
            features: None,
        }),
        heard: Some(text("Look, a boat!")),
        said: Some(text("We found this today.")),
        place: Some(text("Lisbon")),
        hour: 17,
        season: Season::Autumn,
        style: Some(text("as a fairy tale")),
        max_chars: Some(300),
        known: AudienceProfile {
            likes: vec![text("boat"), text("lighthouse")],
            lately: vec![text("seen: A dog on a beach.")],
            noticed: vec![text("Asks for boats whenever it rains.")],
            usual: vec![text("time: evening")],
        },
    }
}

fn sample_template_context() -> Value {
    let context = sample_frame_context();
    context! {
        muse => super::muse::spark(&context),
        last_words => super::last_words(&context.prior, super::LAST_WORD_COUNT),
        brief => Value::from(Serde(&context)),
        parameters => Value::from(Serde(&FrameParameters::default())),
        situation => "It is a Thursday in autumn, early evening, in Lisbon.",
        known => describe_known(&context.known),
        language => "Portuguese",
        text => "Somebody knocked, twice.",
        prompt => "A red boat on a beach.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_template_is_tried_and_not_only_parsed() {
        assert!(check("{{ brief.seen.description | upper }} {{ nobody.knows }}").await.is_err());
        assert!(check("{{ brief.seen.description | upper }} {{ nothing }}").await.is_ok());
        assert!(check("{{ text | no_such_filter }}").await.is_err());
        assert!(check("{% if %}").await.is_err());
    }

    /// Renders every prompt of a new database, with all variables and with as few as possible.
    #[tokio::test]
    async fn the_prompts_that_are_built_in_read_well() {
        use std::fmt::Write;

        use figment::Figment;
        use figment::providers::{Format, Toml};

        let seeds = Figment::from(Toml::string(include_str!("../../config/seeds.toml")));
        let templates: Vec<serde_json::Value> =
            seeds.extract_inner("prompt_templates").expect("a list");
        let first = FrameContext {
            frame_number: 0,
            prior: Vec::new(),
            state: serde_json::Value::Null,
            seen: None,
            heard: None,
            said: None,
            place: None,
            style: None,
            max_chars: None,
            known: AudienceProfile::default(),
            ..sample_frame_context()
        };
        let bare = context! {
            brief => Value::from(Serde(&first)),
            situation => "It is a Thursday in autumn, at dusk, about six o'clock.",
            muse => super::super::muse::spark(&first),
            text => "Somebody knocked, twice.",
            prompt => "A red boat on a beach.",
        };
        let mut rendered = String::new();
        for template in &templates {
            let (slug, text) = (template["slug"].as_str(), template["text"].as_str());
            let (slug, text) = (slug.expect("a slug"), text.expect("a text"));
            let plain = context! { plain => true, ..sample_template_context() };
            let mut cases =
                vec![("everything", sample_template_context()), ("nothing", bare.clone())];
            if text.contains("plain") {
                cases.push(("everything, for prose alone", plain));
            }
            for (with, variables) in cases {
                let prompt = render_template(text, variables).await.expect("the template renders");
                writeln!(rendered, "=== {slug}, with {with}\n{prompt}\n").expect("a string grows");
            }
        }
        insta::assert_snapshot!("prompts", rendered);
    }

    #[test]
    fn a_templates_own_words_are_without_what_is_put_in() {
        let words = literal_text("{% if a %}Tell of {{ a }} now.{% endif %}\nGo {# why #} on {{ x");
        let lines: Vec<&str> = words.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        assert_eq!(lines, ["Tell of", "now.", "Go", "on"]);
    }

    #[test]
    fn an_endless_prompt_is_cut_in_its_middle() {
        let long = "a".repeat(MAX_PROMPT_CHARS) + "the end";
        let cut = truncate_middle(&long);
        assert!(cut.chars().count() <= MAX_PROMPT_CHARS + 3 && cut.ends_with("the end"));
    }
}
