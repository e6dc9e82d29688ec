//! Configurations laid over each other: which value is in force, and which level gave it.

use std::fmt;

use serde_json::{Map, Value};

/// Who gives parameters. Its `Display` is how answers name it: `flock wood`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LevelName {
    /// The request itself.
    Request,
    /// A schedule, above the level that it belongs to.
    Schedule(Box<LevelName>),
    /// The Sparrow's own configuration.
    Sparrow,
    /// A flock's.
    Flock(String),
    /// That of the device's kind.
    ClientType(String),
    /// The strategy's.
    Strategy(String),
}

impl fmt::Display for LevelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("request"),
            Self::Schedule(of) => write!(f, "schedule of {of}"),
            Self::Sparrow => f.write_str("sparrow"),
            Self::Flock(name) => write!(f, "flock {name}"),
            Self::ClientType(name) => write!(f, "client type {name}"),
            Self::Strategy(name) => write!(f, "strategy {name}"),
        }
    }
}

/// Levels of parameters, the highest first. Null and empty values do not count as given.
#[derive(Debug, Clone, Default)]
pub struct Cascade(Vec<(LevelName, Map<String, Value>)>);

impl Cascade {
    /// Adds a level below all others.
    pub fn push(&mut self, name: LevelName, parameters: Map<String, Value>) {
        self.0.push((name, parameters));
    }

    /// The value in force under a name, and the level that gave it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<(&Value, &LevelName)> {
        let levels = self.0.iter();
        let mut given =
            levels.filter_map(|(level, parameters)| Some((parameters.get(name)?, level)));
        given.find(|(value, _)| is_present(value))
    }

    /// The text in force under a name, and the level that gave it.
    #[must_use]
    pub fn get_str(&self, name: &str) -> Option<(&str, &LevelName)> {
        let (value, level) = self.get(name)?;
        Some((value.as_str()?, level))
    }

    /// Every value in force with its level, by name.
    #[must_use]
    pub fn all(&self) -> Vec<(&str, &Value, &LevelName)> {
        let mut names: Vec<&str> = self
            .0
            .iter()
            .flat_map(|(_, parameters)| parameters.keys().map(String::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        let given = names.into_iter().filter_map(|name| {
            let (value, level) = self.get(name)?;
            Some((name, value, level))
        });
        given.collect()
    }

    /// The values in force.
    #[must_use]
    pub fn merged(&self) -> Map<String, Value> {
        self.all().into_iter().map(|(name, value, _)| (name.to_owned(), value.clone())).collect()
    }

    /// The levels' names, the highest first.
    pub fn levels(&self) -> impl Iterator<Item = &LevelName> {
        self.0.iter().map(|(name, _)| name)
    }
}

/// Whether a value counts.
pub(super) fn is_present(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("not an object: {other}"),
        }
    }

    #[test]
    fn higher_levels_win_and_nothing_given_does_not_count() {
        let mut cascade = Cascade::default();
        let request = json!({"location": "Oslo", "debug": null, "output_image_style": ""});
        cascade.push(LevelName::Request, object(request));
        let of = LevelName::Flock("wood".into());
        cascade.push(LevelName::Schedule(Box::new(of)), object(json!({"debug": true})));
        let strategy =
            json!({"output_image_style": "in ink", "location": "Rome", "narrate": false});
        cascade.push(LevelName::Strategy("fern".into()), object(strategy));
        let all: Vec<String> =
            cascade.all().iter().map(|(n, v, level)| format!("{n} = {v} by {level}")).collect();
        let expected = [
            "debug = true by schedule of flock wood",
            "location = \"Oslo\" by request",
            "narrate = false by strategy fern",
            "output_image_style = \"in ink\" by strategy fern",
        ];
        assert_eq!(all, expected);
    }

    proptest! {
        #[test]
        fn the_first_level_that_gives_a_name_wins(
            levels in prop::collection::vec(prop::collection::btree_map("[a-d]", prop::option::of(0..9), 0..4), 0..6)
        ) {
            let mut cascade = Cascade::default();
            for (index, level) in levels.iter().enumerate() {
                let parameters = level.iter().map(|(name, value)| (name.clone(), json!(value)));
                cascade.push(LevelName::Flock(index.to_string()), parameters.collect());
            }
            for name in ["a", "b", "c", "d"] {
                let first = levels.iter().enumerate().find_map(|(index, level)| {
                    level.get(name).copied().flatten().map(|value| (json!(value), index.to_string()))
                });
                let given = cascade.get(name).map(|(value, level)| {
                    (value.clone(), level.to_string().trim_start_matches("flock ").to_owned())
                });
                prop_assert_eq!(given, first);
            }
        }
    }
}
