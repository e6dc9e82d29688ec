//! What each slot for a fact or a word is filled with.

use super::english::article;
use super::rng::SeededRng;
use super::scene::{FillOptions, FilledLine, FrameProgress, Scene, bit};
use super::template::Fact;

impl Scene<'_> {
    pub(super) fn fact(
        &self,
        fact: Fact,
        told: &FrameProgress,
        filled: &FilledLine,
        manner: FillOptions<'_>,
        chance: &mut SeededRng,
    ) -> Option<String> {
        let plot = &self.memory.plot;
        Some(match fact {
            Fact::Carried => {
                let thread = format!("thread.{}", plot.key);
                self.grammar.property(&thread, "carried")?;
                self.prop(told, filled, manner)
            }
            Fact::Prop => self.prop(told, filled, manner),
            Fact::FirstProp if manner.is_bare => {
                with_article(without_tail(plot.prop(self.grammar)))
            }
            Fact::FirstProp => with_article(plot.prop(self.grammar)),
            Fact::OldProp => {
                format!("the {}", without_tail(self.memory.done.last()?.prop(self.grammar)))
            }
            Fact::Keepsake => {
                let prop = without_tail(chance.pick(&self.memory.done)?.prop(self.grammar));
                let current = prop == without_tail(plot.prop(self.grammar));
                (!current).then(|| format!("the {prop}"))?
            }
            Fact::Trace => self.trace(chance)?.clone(),
            Fact::Thing => chance.pick(&self.input.things)?.clone(),
            Fact::Hue => chance.pick(&self.input.hues)?.clone(),
            Fact::FirstHue => with_article(chance.pick(&self.input.hues)?),
            Fact::OtherHue => self.other_hue(filled, chance)?.clone(),
            Fact::Quote => manner.quote?.to_owned(),
            Fact::Place => self.input.place.clone()?,
            Fact::Town => self.memory.town.clone(),
            _ => self.place_or_time(fact, chance)?.to_owned(),
        })
    }

    /// The thread's object: with its adjective at first, as a bare noun after that.
    fn prop(&self, told: &FrameProgress, filled: &FilledLine, manner: FillOptions<'_>) -> String {
        let known = (told.facts | filled.facts) & (bit(Fact::Prop) | bit(Fact::FirstProp));
        let prop = without_tail(self.memory.plot.prop(self.grammar));
        format!("the {}", if known == 0 && !manner.is_bare { prop } else { head_noun(prop) })
    }

    fn place_or_time(&self, fact: Fact, chance: &mut SeededRng) -> Option<&'static str> {
        let thread = format!("thread.{}", self.memory.plot.key);
        let setting = format!("setting.{}", self.memory.setting);
        match fact {
            Fact::Question => self.grammar.property(&thread, "question"),
            Fact::At => self.spot(self.memory.spot, 1),
            Fact::Spot => self.spot(self.memory.spot, 2),
            Fact::Elsewhere => {
                let spots = self.grammar.lines(&format!("{setting}.spots")).len();
                let step = 1 + chance.below(spots.saturating_sub(1));
                self.spot(self.memory.spot + step, 2)
            }
            Fact::Blurb => self.grammar.property(&setting, "blurb"),
            Fact::When => {
                let lines = self.grammar.lines(&format!("when.{}", self.input.period));
                chance.pick(lines)?.fields.first().copied()
            }
            Fact::Season => Some(self.input.season),
            Fact::Light => Some(self.light),
            Fact::Weather => Some(self.weather),
            _ => None,
        }
    }

    /// A field of one of the setting's spots: its key, `on the quay`, `the quay` or a picture.
    pub(super) fn spot(&self, spot: usize, field: usize) -> Option<&'static str> {
        let spots = self.grammar.lines(&format!("setting.{}.spots", self.memory.setting));
        spots.get(spot % spots.len().max(1))?.fields.get(field).copied()
    }

    /// An event to look back on, but not the latest, which readers still have before them.
    fn trace(&self, chance: &mut SeededRng) -> Option<&String> {
        let (_, earlier) = self.memory.traces.split_last()?;
        chance.pick(earlier)
    }

    fn other_hue(&self, filled: &FilledLine, chance: &mut SeededRng) -> Option<&String> {
        let unused = |hue: &&String| !filled.text.contains(hue.as_str());
        let others: Vec<_> = self.input.hues.iter().filter(unused).collect();
        chance.pick(&others).copied()
    }

    pub(super) fn word(
        &self,
        name: &str,
        told: &FrameProgress,
        filled: &FilledLine,
        chance: &mut SeededRng,
    ) -> Option<&'static str> {
        let lines = self.grammar.lines(&format!("word.{name}"));
        let word = chance.pick(lines)?.fields.first().copied()?;
        (!told.text.contains(word) && !filled.text.contains(word)).then_some(word)
    }
}

fn with_article(noun: &str) -> String {
    format!("{} {noun}", article(noun))
}

/// A phrase without its tail: `clock` of `clock over the school door`.
fn without_tail(phrase: &str) -> &str {
    let end = [" with ", " over ", " of "].iter().filter_map(|join| phrase.find(join)).min();
    &phrase[..end.unwrap_or(phrase.len())]
}

/// The noun alone: `key` of `brass key`.
fn head_noun(phrase: &str) -> &str {
    without_tail(phrase).rsplit(' ').next().unwrap_or(phrase)
}
