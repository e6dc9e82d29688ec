//! Fills the slots for facts and words.

use super::english::article;
use super::rng::SeededRng;
use super::scene::{FillOptions, FilledLine, FrameProgress, Scene, bit};
use super::template::Fact;

impl Scene<'_> {
    /// Returns the text for a fact's slot; `None` if the scene does not have the fact.
    pub(super) fn fact(
        &self,
        fact: Fact,
        progress: &FrameProgress,
        filled: &FilledLine,
        options: FillOptions<'_>,
        rng: &mut SeededRng,
    ) -> Option<String> {
        let plot = &self.memory.plot;
        Some(match fact {
            Fact::Carried => {
                let thread = format!("thread.{}", plot.key);
                self.grammar.property(&thread, "carried")?;
                self.prop(progress, filled, options)
            }
            Fact::Prop => self.prop(progress, filled, options),
            Fact::FirstProp if options.is_bare => {
                with_article(without_tail(plot.prop(self.grammar)))
            }
            Fact::FirstProp => with_article(plot.prop(self.grammar)),
            Fact::OldProp => {
                format!("the {}", without_tail(self.memory.done.last()?.prop(self.grammar)))
            }
            Fact::Keepsake => {
                let prop = without_tail(rng.pick(&self.memory.done)?.prop(self.grammar));
                let current = prop == without_tail(plot.prop(self.grammar));
                (!current).then(|| format!("the {prop}"))?
            }
            Fact::Trace => self.trace(rng)?.clone(),
            Fact::Thing => rng.pick(&self.input.things)?.clone(),
            Fact::Hue => rng.pick(&self.input.hues)?.clone(),
            Fact::FirstHue => with_article(rng.pick(&self.input.hues)?),
            Fact::OtherHue => self.other_hue(filled, rng)?.clone(),
            Fact::Quote => options.quote?.to_owned(),
            Fact::Place => self.input.place.clone()?,
            Fact::Town => self.memory.town.clone(),
            _ => self.place_or_time(fact, rng)?.to_owned(),
        })
    }

    /// Returns the thread's object: with its adjective at the first mention, as a bare noun after that.
    fn prop(
        &self,
        progress: &FrameProgress,
        filled: &FilledLine,
        options: FillOptions<'_>,
    ) -> String {
        let known = (progress.facts | filled.facts) & (bit(Fact::Prop) | bit(Fact::FirstProp));
        let prop = without_tail(self.memory.plot.prop(self.grammar));
        format!("the {}", if known == 0 && !options.is_bare { prop } else { head_noun(prop) })
    }

    fn place_or_time(&self, fact: Fact, rng: &mut SeededRng) -> Option<&'static str> {
        let thread = format!("thread.{}", self.memory.plot.key);
        let setting = format!("setting.{}", self.memory.setting);
        match fact {
            Fact::Question => self.grammar.property(&thread, "question"),
            Fact::At => self.spot(self.memory.spot, 1),
            Fact::Spot => self.spot(self.memory.spot, 2),
            Fact::Elsewhere => {
                let spots = self.grammar.lines(&format!("{setting}.spots")).len();
                let step = 1 + rng.below(spots.saturating_sub(1));
                self.spot(self.memory.spot + step, 2)
            }
            Fact::Blurb => self.grammar.property(&setting, "blurb"),
            Fact::When => {
                let lines = self.grammar.lines(&format!("when.{}", self.input.period));
                rng.pick(lines)?.fields.first().copied()
            }
            Fact::Season => Some(self.input.season),
            Fact::Light => Some(self.light),
            Fact::Weather => Some(self.weather),
            _ => None,
        }
    }

    /// Returns a field of one of the setting's spots: its key (0), `on the quay` (1), `the quay` (2), or its
    /// description for the illustration (3).
    pub(super) fn spot(&self, spot: usize, field: usize) -> Option<&'static str> {
        let spots = self.grammar.lines(&format!("setting.{}.spots", self.memory.setting));
        spots.get(spot % spots.len().max(1))?.fields.get(field).copied()
    }

    /// Returns an event to look back on, but not the latest, which readers still remember.
    fn trace(&self, rng: &mut SeededRng) -> Option<&String> {
        let (_, earlier) = self.memory.traces.split_last()?;
        rng.pick(earlier)
    }

    fn other_hue(&self, filled: &FilledLine, rng: &mut SeededRng) -> Option<&String> {
        let unused = |hue: &&String| !filled.text.contains(hue.as_str());
        let others: Vec<_> = self.input.hues.iter().filter(unused).collect();
        rng.pick(&others).copied()
    }

    /// Returns a word from the section `word.NAME`; `None` if the frame already contains the drawn word.
    pub(super) fn word(
        &self,
        name: &str,
        progress: &FrameProgress,
        filled: &FilledLine,
        rng: &mut SeededRng,
    ) -> Option<&'static str> {
        let lines = self.grammar.lines(&format!("word.{name}"));
        let word = rng.pick(lines)?.fields.first().copied()?;
        (!progress.text.contains(word) && !filled.text.contains(word)).then_some(word)
    }
}

fn with_article(noun: &str) -> String {
    format!("{} {noun}", article(noun))
}

/// Removes the tail of a phrase: `clock over the school door` becomes `clock`.
fn without_tail(phrase: &str) -> &str {
    let end = [" with ", " over ", " of "].iter().filter_map(|join| phrase.find(join)).min();
    &phrase[..end.unwrap_or(phrase.len())]
}

/// Returns the noun of a phrase: `brass key` becomes `key`.
fn head_noun(phrase: &str) -> &str {
    without_tail(phrase).rsplit(' ').next().unwrap_or(phrase)
}
