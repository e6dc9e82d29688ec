//! Prompts are data: Jinja2 templates from the database, rendered with a frame's material.

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::Scene;

/// Whether a template can be read.
///
/// # Errors
///
/// What is wrong with it, and where.
pub fn check(template: &str) -> Result<(), minijinja::Error> {
    Environment::new().template_from_str(template).map(drop)
}

/// The text of a scene's prompt. Without a template it is empty: a model that composes needs none.
pub(super) fn render(scene: &Scene<'_>) -> Result<String, minijinja::Error> {
    let Some(template) = scene.text_template else { return Ok(String::new()) };
    let mut environment = Environment::new();
    // A field that is not there is nothing, not a failed frame.
    environment.set_undefined_behavior(UndefinedBehavior::Lenient);
    // A template is an admin's, but a loop without an end must not take the service with it.
    environment.set_fuel(Some(100_000));
    environment.render_str(
        template,
        context! {
            brief => Value::from(Serde(scene.brief)),
            parameters => Value::from(Serde(scene.parameters)),
        },
    )
}
