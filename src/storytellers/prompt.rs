//! Prompts are data: Jinja2 templates from the database, rendered with a frame's material. What a template may name
//! is what [`sample`] has.

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::Scene;
use crate::domain::{FrameParameters, ImageAnalysis, Season};
use crate::inference::{AudienceProfile, FrameContext};

/// Rendering ends after about so many steps: a template is an admin's, but a loop without an end must not take the
/// service with it.
const MAX_FUEL: u64 = 100_000;

/// The longest prompt, in characters. What is over is cut from the middle, where the oldest of the story stands.
const MAX_PROMPT_CHARS: usize = 60_000;

/// What a template says when it is rendered with material of every kind.
///
/// # Errors
///
/// What is wrong with it, and where.
pub fn check(template: &str) -> Result<(), minijinja::Error> {
    render_template(template, sample_template_context()).map(drop)
}

/// A prompt from the template `reword`, which asks for a refused illustration in other words; `None` when it cannot be
/// rendered.
#[must_use]
pub fn render_reword(template: &str, prompt: &str) -> Option<String> {
    render_template(template, context! { prompt }).ok()
}

/// The text of a scene's prompt. Without a template it is empty: a model that composes needs none.
pub(super) fn render(scene: &Scene<'_>) -> Result<String, minijinja::Error> {
    let is_first = scene.context.frame_number == 0;
    let seed = scene.prompts.seed.filter(|_| is_first);
    let Some(template) = seed.or(scene.prompts.text) else { return Ok(String::new()) };
    let prompt = render_template(template, template_context(scene, ""))?;
    Ok(match scene.prompts.language {
        Some(language) => format!(
            "{prompt}\n\nTell it in {language}. Only what is to be painted is described in English."
        ),
        None => prompt,
    })
}

/// The same for a model that is asked for prose alone, where the template tells the two apart by `plain`.
pub(super) fn render_prose_only(scene: &Scene<'_>) -> Result<String, minijinja::Error> {
    let Some(template) = scene.prompts.text else { return Ok(String::new()) };
    render_template(template, context! { plain => true, ..template_context(scene, "") })
}

/// What a template says in its own words: each of its lines without what is put in.
pub(super) fn literal_text(template: &str) -> String {
    let (mut words, mut rest) = (String::new(), template);
    while let Some(start) = rest.find('{') {
        let (before, tag) = rest.split_at(start);
        words.push_str(before);
        let end = ["}}", "%}", "#}"].iter().filter_map(|end| tag.find(end)).min();
        // Words on either side of a tag do not follow each other.
        words.push('\n');
        rest = end.map_or("", |end| &tag[end + 2..]);
    }
    words + rest
}

/// A prompt about a text: for the editor, and for what to paint.
pub(super) fn render_about(
    scene: &Scene<'_>,
    template: &str,
    text: &str,
) -> Result<String, minijinja::Error> {
    render_template(template, template_context(scene, text))
}

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

/// What is known of whoever listens, in a few sentences; empty where nothing is.
fn describe_known(known: &AudienceProfile) -> String {
    let mut words = Vec::new();
    if !known.likes.is_empty() {
        let likes = known.likes.join(", ");
        words.push(format!(
            "Whoever listens likes: {likes}. Let one of these come up where it fits."
        ));
    }
    if !known.noticed.is_empty() {
        words.push(format!("Known of them: {}", known.noticed.join(" ")));
    }
    if !known.usual.is_empty() {
        words.push(format!("Usual for them: {}.", known.usual.join(", ")));
    }
    if !known.lately.is_empty() {
        words.push(format!("A while ago: {}", known.lately.join("; ")));
    }
    words.join("\n")
}

fn render_template(template: &str, material: Value) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    // A field that is not there is nothing, not a failed frame.
    environment.set_undefined_behavior(UndefinedBehavior::Lenient);
    environment.set_fuel(Some(MAX_FUEL));
    let prompt = environment.render_str(template, material)?;
    Ok(truncate_middle(prompt.trim()))
}

fn truncate_middle(prompt: &str) -> String {
    let count = prompt.chars().count();
    if count <= MAX_PROMPT_CHARS {
        return prompt.to_owned();
    }
    let half = MAX_PROMPT_CHARS / 2;
    let (start, end): (String, String) =
        (prompt.chars().take(half).collect(), prompt.chars().skip(count - half).collect());
    format!("{start}\n…\n{end}")
}

/// A scene with everything in it.
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

    #[test]
    fn a_template_is_tried_and_not_only_parsed() {
        assert!(check("{{ brief.seen.description | upper }} {{ nobody.knows }}").is_err());
        assert!(check("{{ brief.seen.description | upper }} {{ nothing }}").is_ok());
        assert!(
            check(
                "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}"
            )
            .is_err()
        );
        assert!(check("{{ text | no_such_filter }}").is_err());
        assert!(check("{% if %}").is_err());
    }

    /// Every prompt that a new database begins with, rendered with everything and with nothing.
    #[test]
    fn the_prompts_that_are_built_in_read_well() {
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
        let mut shown = String::new();
        for template in &templates {
            let (slug, text) = (template["slug"].as_str(), template["text"].as_str());
            let (slug, text) = (slug.expect("a slug"), text.expect("a text"));
            let plain = context! { plain => true, ..sample_template_context() };
            let mut ways =
                vec![("everything", sample_template_context()), ("nothing", bare.clone())];
            if text.contains("plain") {
                ways.push(("everything, for prose alone", plain));
            }
            for (with, material) in ways {
                let prompt = render_template(text, material).expect("rendered");
                writeln!(shown, "=== {slug}, with {with}\n{prompt}\n").expect("written");
            }
        }
        insta::assert_snapshot!("prompts", shown);
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
