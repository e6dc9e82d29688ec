//! Renders Jinja2 templates that other people wrote, within bounds.
//!
//! A template is scanned before it is parsed, because the parser and the engine recurse ([`scan`]). It is rendered with
//! a limited amount of work and time, on a thread of its own with a large stack: a thread cannot be stopped, so one that
//! takes too long is left behind until its fuel is used up.

mod scan;
mod tokens;

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use minijinja::{Environment, UndefinedBehavior, Value};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The work after which rendering fails: instructions, and 64 bytes of text each. The texts of a long story take a
/// quarter of it.
const MAX_FUEL: u64 = 100_000;

/// How long rendering may take. A prompt takes milliseconds.
const RENDER_TIMEOUT: Duration = Duration::from_secs(5);

/// The most templates that are rendered at once.
const MAX_CONCURRENT: usize = 4;

/// The stack of a rendering thread. What passes the scan needs at most half of it, even without optimization.
const STACK_BYTES: usize = 32 << 20;

/// A template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The engine cannot parse or render the template.
    #[error(transparent)]
    Engine(#[from] minijinja::Error),
    /// The template is larger, more deeply nested or more complex than allowed.
    #[error("{reason} (in line {line})")]
    Refused {
        /// What is not allowed, and what is.
        reason: &'static str,
        /// The line, counted from 1.
        line: usize,
    },
    /// Rendering takes too long.
    #[error("rendering takes longer than {} seconds; make it simpler", RENDER_TIMEOUT.as_secs())]
    TooSlow,
    /// The thread could not be started.
    #[error("rendering could not be started")]
    NoThread(#[source] io::Error),
    /// The engine panicked. The panic hook has logged the panic.
    #[error("the template engine failed; the log has the details")]
    Panicked,
}

/// Renders a template. A missing variable renders as nothing.
///
/// # Errors
///
/// [`TemplateError`] if the template is invalid, exceeds a limit, or fails with these variables.
pub(super) async fn render(template: &str, variables: Value) -> Result<String, TemplateError> {
    static PERMITS: Semaphore = Semaphore::const_new(MAX_CONCURRENT);
    let waiting = tokio::time::timeout(RENDER_TIMEOUT, PERMITS.acquire());
    let Ok(Ok(permit)) = waiting.await else { return Err(TemplateError::TooSlow) };
    let template = template.to_owned();
    let rendering =
        tokio::task::spawn_blocking(move || render_on_own_thread(template, variables, permit));
    rendering.await.unwrap_or(Err(TemplateError::Panicked))
}

/// Renders a template on a new thread, and waits for it until the timeout. The thread holds the permit, because it may
/// go on after that.
fn render_on_own_thread(
    template: String,
    variables: Value,
    permit: SemaphorePermit<'static>,
) -> Result<String, TemplateError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let work = move || {
        // Nobody receives the result after the timeout.
        let _ = sender.send(render_here(&template, variables));
        drop(permit);
    };
    let thread = std::thread::Builder::new().name("template".to_owned()).stack_size(STACK_BYTES);
    thread.spawn(work).map_err(TemplateError::NoThread)?;
    receiver.recv_timeout(RENDER_TIMEOUT).unwrap_or_else(|error| {
        Err(match error {
            RecvTimeoutError::Timeout => TemplateError::TooSlow,
            RecvTimeoutError::Disconnected => TemplateError::Panicked,
        })
    })
}

fn render_here(template: &str, variables: Value) -> Result<String, TemplateError> {
    scan::check(template)?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Lenient);
    environment.set_fuel(Some(MAX_FUEL));
    Ok(environment.render_str(template, variables)?)
}

#[cfg(test)]
mod tests;
