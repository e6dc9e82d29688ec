//! How a story begins: from nothing, or from what another teller left.

use crate::inference::request::FrameContext;

use super::cast::complete_cast;
use super::grammar::Grammar;
use super::memory::{Memory, Plot};
use super::rng::SeededRng;
use super::stage::Stage;
use super::takeover;

/// How a place is called that nobody has named.
const UNNAMED: &str = "the neighbourhood";
/// A story's first memory.
pub(super) fn initial_memory(brief: &FrameContext, grammar: &Grammar) -> Memory {
    let mut chance = SeededRng::new(brief.seed, 1);
    let people = takeover::people(brief, grammar);
    let locale = takeover::first_setting(&brief.state);
    let taken_over = !people.is_empty() || locale.is_some();
    let settings = grammar.children("setting");
    let drawn = chance.pick(&settings).copied().unwrap_or_default();
    let hinted = locale.as_deref().and_then(|text| takeover::setting_by_clue(text, grammar));
    let setting = hinted.unwrap_or(drawn).to_owned();
    let towns = grammar.properties(&format!("setting.{setting}"), "town");
    let town = chance.pick(&towns).copied().unwrap_or(UNNAMED);
    let conceit = chance.pick(&grammar.children("conceit")).map(|key| (*key).to_owned());
    let tone = chance.pick(&grammar.children("tone")).copied().unwrap_or_default().to_owned();
    let plot = next_plot(&[], grammar, &mut chance);
    Memory {
        town: if taken_over { UNNAMED } else { town }.to_owned(),
        locale,
        tone,
        conceit: conceit.filter(|_| !taken_over),
        cast: complete_cast(people, &setting, grammar, &mut chance),
        setting,
        plot,
        done: Vec::new(),
        traces: Vec::new(),
        past: Vec::new(),
        spot: chance.below(5),
        arcs: Vec::new(),
        told: Vec::new(),
    }
}

/// A thread that has not been told lately, at its opening.
pub(super) fn next_plot(done: &[Plot], grammar: &Grammar, chance: &mut SeededRng) -> Plot {
    let mut keys = grammar.children("thread");
    keys.retain(|key| done.iter().all(|plot| plot.key != *key));
    let key = chance.pick(&keys).copied().unwrap_or_default();
    let prop = chance.below(3);
    Plot { key: key.to_owned(), prop, stage: Stage::Opening, left: 1, waited: false }
}
