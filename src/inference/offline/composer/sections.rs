//! The sections of the grammar from which each part of a paragraph is drawn.

use super::arc::Part::{
    self, Beat, Bridge, Callback, Creature, Heard, Intro, Law, Muse, Open, Place, Quirk, Resume,
    Said, Scene as Doing, Spot, Talk, Tone, Weave,
};
use super::scene::Scene;

impl Part {
    /// Returns the sections for a part.
    pub(super) fn sections(self, scene: &Scene<'_>) -> Vec<String> {
        let memory = scene.memory;
        let stage = memory.plot.stage.name();
        let lead = memory.cast.get(scene.lead);
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match self {
            Intro => owned(&["intro"]),
            Resume => owned(&["resume"]),
            Bridge => owned(&["bridge"]),
            Open => vec![
                format!("open.{}", scene.input.period),
                format!("season.{}", scene.input.season),
            ],
            Spot => {
                let spot = scene.spot(memory.spot, 0).unwrap_or_default();
                vec![format!("spot.{}.{spot}", memory.setting)]
            }
            Beat => vec![format!("thread.{}.{stage}", memory.plot.key)],
            Weave if scene.input.hues.is_empty() && scene.input.things.is_empty() => {
                owned(&["weave.note"])
            }
            Weave => owned(&["weave.hue", "weave.huetwo", "weave.thing"]),
            Said => owned(&["voice.said"]),
            Heard => owned(&["voice.heard"]),
            Callback => owned(&["callback", "callback.old"]),
            Muse => owned(&["muse"]),
            Talk => owned(&["talk"]),
            Doing => owned(&["scene"]),
            Quirk => vec![format!("quirk.{}.lines", lead.map_or("", |person| &person.quirk))],
            Law => law(scene),
            Tone => {
                let tone = scene.input.tone.unwrap_or(&memory.tone);
                vec![format!("tone.{tone}.lines")]
            }
            Creature => {
                let species = memory.cast.last().map_or("", |animal| &animal.role);
                vec![format!("creature.{species}"), "creature.any".to_owned()]
            }
            Place => owned(&["placed"]),
        }
    }

    /// Returns the sections with short sentences for a part; empty for parts that have none.
    pub(super) fn short_sections(self, scene: &Scene<'_>) -> Vec<String> {
        match self {
            Beat => vec![format!("short.{}", scene.memory.plot.stage.name())],
            Weave => vec!["short.hue".to_owned(), "short.thing".to_owned()],
            Said => vec!["short.said".to_owned()],
            Heard => vec!["short.heard".to_owned()],
            _ => Vec::new(),
        }
    }
}

/// Returns the sections for the world's law: its statement, and after the first frame also lines that show it at work.
fn law(scene: &Scene<'_>) -> Vec<String> {
    let Some(key) = &scene.memory.conceit else {
        return Vec::new();
    };
    let rule = format!("conceit.{key}.rule");
    if scene.memory.told.is_empty() {
        return vec![rule];
    }
    vec![rule, format!("conceit.{key}.lines")]
}
