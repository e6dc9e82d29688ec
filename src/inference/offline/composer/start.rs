//! The first memory of a story: a new one, or one that is taken over from another storyteller.

use crate::inference::request::FrameContext;

use super::cast::complete_cast;
use super::grammar::Grammar;
use super::memory::{Memory, Plot};
use super::rng::SeededRng;
use super::stage::Stage;
use super::takeover;

/// The name of a place that has none.
const UNNAMED: &str = "the neighbourhood";

/// Creates a story's first memory.
pub(super) fn initial_memory(context: &FrameContext, grammar: &Grammar) -> Memory {
    let mut rng = SeededRng::new(context.seed, 1);
    let people = takeover::people(context, grammar);
    let locale = takeover::first_setting(&context.state);
    let taken_over = !people.is_empty() || locale.is_some();
    let settings = grammar.children("setting");
    let drawn = rng.pick(&settings).copied().unwrap_or_default();
    let hinted = locale.as_deref().and_then(|text| takeover::setting_by_clue(text, grammar));
    let setting = hinted.unwrap_or(drawn).to_owned();
    let towns = grammar.properties(&format!("setting.{setting}"), "town");
    let town = rng.pick(&towns).copied().unwrap_or(UNNAMED);
    let conceit = rng.pick(&grammar.children("conceit")).map(|key| (*key).to_owned());
    let tone = rng.pick(&grammar.children("tone")).copied().unwrap_or_default().to_owned();
    let plot = next_plot(&[], grammar, &mut rng);
    Memory {
        town: if taken_over { UNNAMED } else { town }.to_owned(),
        locale,
        tone,
        conceit: conceit.filter(|_| !taken_over),
        cast: complete_cast(people, &setting, grammar, &mut rng),
        setting,
        plot,
        done: Vec::new(),
        traces: Vec::new(),
        past: Vec::new(),
        spot: rng.below(5),
        arcs: Vec::new(),
        told: Vec::new(),
    }
}

/// Draws a thread that is not in `done`, at its opening.
pub(super) fn next_plot(done: &[Plot], grammar: &Grammar, rng: &mut SeededRng) -> Plot {
    let mut keys = grammar.children("thread");
    keys.retain(|key| done.iter().all(|plot| plot.key != *key));
    let key = rng.pick(&keys).copied().unwrap_or_default();
    let prop = rng.below(3);
    Plot { key: key.to_owned(), prop, stage: Stage::Opening, left: 1, waited: false }
}
