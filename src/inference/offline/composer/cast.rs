//! The cast of a story.

use serde::{Deserialize, Serialize};

use super::english::article;
use super::grammar::Grammar;
use super::rng::SeededRng;
use super::template::Form;

/// The number of people in a story, without the animal.
pub(super) const MAX_PEOPLE: usize = 3;

/// A person's pronoun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Pronoun {
    /// she, her, hers.
    She,
    /// he, him, his.
    He,
    /// they, them, theirs, in the singular.
    They,
}

/// A member of the cast. The animal is a member too; its role is its species.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Person {
    /// The full name.
    pub(super) name: String,
    /// The pronoun.
    pub(super) pronoun: Pronoun,
    /// The role, a noun without an article: `lighthouse keeper`.
    pub(super) role: String,
    /// The key of a habit in the grammar; empty for none.
    pub(super) quirk: String,
    /// The number of the last frame that named the person; `None` before the introduction.
    pub(super) met: Option<u32>,
}

impl Pronoun {
    /// Parses `she` or `he`. Anything else is `they`, which is never wrong.
    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "she" => Self::She,
            "he" => Self::He,
            _ => Self::They,
        }
    }

    /// Returns the pronoun in a grammatical form; `None` for forms of the name.
    pub(super) const fn form(self, form: Form) -> Option<&'static str> {
        let [subject, at_start, object, owner, owner_at_start, absolute, oneself, was] = match self
        {
            Self::She => ["she", "She", "her", "her", "Her", "hers", "herself", "was"],
            Self::He => ["he", "He", "him", "his", "His", "his", "himself", "was"],
            Self::They => ["they", "They", "them", "their", "Their", "theirs", "themself", "were"],
        };
        Some(match form {
            Form::They(false) => subject,
            Form::They(true) => at_start,
            Form::Them => object,
            Form::Their(false) => owner,
            Form::Their(true) => owner_at_start,
            Form::Theirs => absolute,
            Form::Oneself => oneself,
            Form::Was => was,
            Form::Name | Form::Owner | Form::Plain | Form::Role => return None,
        })
    }
}

impl Person {
    /// Returns the first name, or the full name if it begins with a title, such as `Aunt Lettuce`.
    pub(super) fn short_name(&self) -> &str {
        let titled = ["Aunt", "Lady", "Count", "Uncle", "Old", "Mr", "Mrs", "Ms", "Dr", "The"];
        match self.name.split_once(' ') {
            Some((first, _)) if !titled.contains(&first.trim_end_matches('.')) => first,
            _ => &self.name,
        }
    }

    /// Describes the person, as in `Marta Vell, a lighthouse keeper who …`.
    pub(super) fn description(&self, grammar: &Grammar) -> String {
        if self.role.is_empty() {
            return self.name.clone();
        }
        let role = format!("{}, {} {}", self.name, article(&self.role), self.role);
        match grammar.property(&format!("quirk.{}", self.quirk), "who") {
            Some(who) => format!("{role} who {who}"),
            None => role,
        }
    }
}

/// Draws people until there are three, and adds an animal.
pub(super) fn complete_cast(
    mut people: Vec<Person>,
    setting: &str,
    grammar: &Grammar,
    rng: &mut SeededRng,
) -> Vec<Person> {
    people.truncate(MAX_PEOPLE);
    let mut names: Vec<_> = grammar.lines("names").iter().collect();
    let roles = grammar.lines(&format!("setting.{setting}.roles"));
    let mut roles: Vec<_> = roles.iter().filter_map(|line| line.fields.first()).collect();
    let mut quirks = grammar.children("quirk");
    rng.shuffle(&mut names);
    rng.shuffle(&mut roles);
    rng.shuffle(&mut quirks);
    for person in &mut people {
        quirks.pop().unwrap_or_default().clone_into(&mut person.quirk);
    }
    while let (true, Some(line)) = (people.len() < MAX_PEOPLE, names.pop()) {
        let name = line.fields.first().copied().unwrap_or_default();
        if people.iter().any(|other| has_same_initial(&other.name, name)) {
            continue;
        }
        people.push(Person {
            name: name.to_owned(),
            pronoun: Pronoun::from_name(line.fields.get(1).copied().unwrap_or_default()),
            role: roles.pop().copied().unwrap_or("neighbour").to_owned(),
            quirk: quirks.pop().unwrap_or_default().to_owned(),
            met: None,
        });
    }
    people.extend(draw_animal(grammar, rng));
    people
}

/// Whether two names begin with the same letter. Such names are easily confused.
fn has_same_initial(one: &str, other: &str) -> bool {
    one.chars().next() == other.chars().next()
}

fn draw_animal(grammar: &Grammar, rng: &mut SeededRng) -> Option<Person> {
    let line = rng.pick(grammar.lines("creatures"))?;
    let [species, name, pronoun] = line.fields.get(..3)?.try_into().ok()?;
    Some(Person {
        name: str::to_owned(name),
        pronoun: Pronoun::from_name(pronoun),
        role: str::to_owned(species),
        quirk: String::new(),
        met: None,
    })
}
