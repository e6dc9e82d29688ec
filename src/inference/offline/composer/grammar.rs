//! Parses the grammar files, once per process.
//!
//! A file holds sections (`[weave.hue]`) of lines. A line is a template; ` | ` separates its fields, such as a beat
//! from the phrase by which later frames recall it. `#` begins a comment. A line that cannot be parsed is skipped and
//! recorded as a fault, so a typing error costs a sentence but never the story. A test asserts that there are no
//! faults.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::rng::fingerprint;
use super::template::Template;

const FILES: &[&str] = &[
    include_str!("grammar/words.txt"),
    include_str!("grammar/people.txt"),
    include_str!("grammar/quirks.txt"),
    include_str!("grammar/creatures.txt"),
    include_str!("grammar/time.txt"),
    include_str!("grammar/tones.txt"),
    include_str!("grammar/conceits.txt"),
    include_str!("grammar/weaving.txt"),
    include_str!("grammar/joining.txt"),
    include_str!("grammar/talk.txt"),
    include_str!("grammar/short.txt"),
    include_str!("grammar/settings/harbour.txt"),
    include_str!("grammar/settings/mountain.txt"),
    include_str!("grammar/settings/canal.txt"),
    include_str!("grammar/settings/forest.txt"),
    include_str!("grammar/settings/island.txt"),
    include_str!("grammar/settings/hill.txt"),
    include_str!("grammar/settings/marsh.txt"),
    include_str!("grammar/settings/garden.txt"),
    include_str!("grammar/threads/key.txt"),
    include_str!("grammar/threads/lamp.txt"),
    include_str!("grammar/threads/letter.txt"),
    include_str!("grammar/threads/clock.txt"),
    include_str!("grammar/threads/map.txt"),
    include_str!("grammar/threads/tune.txt"),
    include_str!("grammar/threads/book.txt"),
    include_str!("grammar/threads/bird.txt"),
    include_str!("grammar/threads/suitcase.txt"),
    include_str!("grammar/threads/photograph.txt"),
];

/// A line of a section.
#[derive(Debug)]
pub(super) struct Line {
    /// A number below one million by which memory refers to the line. It depends only on the section and the line, so
    /// it stays the same when the files grow.
    pub(super) id: u32,
    /// The fields as written.
    pub(super) fields: Vec<&'static str>,
    /// The fields parsed as templates.
    pub(super) templates: Vec<Template>,
}

/// All sections of all files.
#[derive(Debug, Default)]
pub(super) struct Grammar {
    sections: HashMap<&'static str, Vec<Line>>,
    /// Section names in file order, so that drawing one does not depend on the hasher.
    order: Vec<&'static str>,
    /// Lines that could not be parsed, for the test that there are none.
    pub(super) faults: Vec<String>,
}

impl Grammar {
    /// Returns the grammar of this build.
    pub(super) fn shared() -> &'static Self {
        static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
            let mut grammar = Grammar::default();
            for file in FILES {
                grammar.parse_file(file);
            }
            grammar
        });
        &GRAMMAR
    }

    /// Returns the lines of a section; empty if there is no such section.
    pub(super) fn lines(&self, section: &str) -> &[Line] {
        self.sections.get(section).map_or(&[], Vec::as_slice)
    }

    /// Returns the names of the sections one level below `parent`: `key`, `lamp`, … for `thread`.
    pub(super) fn children(&self, parent: &str) -> Vec<&'static str> {
        let child = |name: &&'static str| name.strip_prefix(parent)?.strip_prefix('.');
        self.order.iter().filter_map(child).filter(|name| !name.contains('.')).collect()
    }

    /// Returns the first value of `key = value` in a section.
    pub(super) fn property(&self, section: &str, key: &str) -> Option<&'static str> {
        self.properties(section, key).into_iter().next()
    }

    /// Returns all values of `key = value` in a section. A key may occur more than once.
    pub(super) fn properties(&self, section: &str, key: &str) -> Vec<&'static str> {
        let value = |line: &Line| {
            let (name, value) = line.fields.first()?.split_once('=')?;
            (name.trim() == key).then_some(value.trim())
        };
        self.lines(section).iter().filter_map(value).collect()
    }

    /// Returns every line with its section.
    #[cfg(test)]
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, &Line)> {
        self.order.iter().flat_map(|name| self.lines(name).iter().map(|line| (*name, line)))
    }

    fn parse_file(&mut self, file: &'static str) {
        let mut section = "";
        for line in file.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name;
                if !self.sections.contains_key(name) {
                    self.order.push(name);
                    self.sections.insert(name, Vec::new());
                }
                continue;
            }
            match Line::parse(section, line) {
                Ok(read) => self.sections.entry(section).or_default().push(read),
                Err(fault) => self.faults.push(format!("[{section}] {line}: {fault}")),
            }
        }
    }
}

impl Line {
    fn parse(section: &str, line: &'static str) -> Result<Self, super::template::UnknownSlot> {
        let fields: Vec<_> = line.split(" | ").map(str::trim).collect();
        let templates =
            fields.iter().map(|field| Template::parse(field)).collect::<Result<_, _>>()?;
        let id = u32::try_from(fingerprint(&[section, line]) % 1_000_000).unwrap_or(0);
        Ok(Self { id, fields, templates })
    }
}
