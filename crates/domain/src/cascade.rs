//! The cascade: levels of parameters in which the highest level that sets a name wins.

use std::fmt;

use serde_json::{Map, Value};

/// The name of a level. `Display` writes it as the API shows it, such as `flock wood`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LevelName {
    /// The parameters of the request.
    Request,
    /// The schedule of a level. It stands directly above that level.
    Schedule(Box<LevelName>),
    /// The Sparrow's own configuration.
    Sparrow,
    /// The configuration of a flock, by its id.
    Flock(String),
    /// The configuration of a client type, by its name.
    ClientType(String),
    /// The configuration of a strategy, by its slug.
    Strategy(String),
}

impl fmt::Display for LevelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("request"),
            Self::Schedule(level) => write!(f, "schedule of {level}"),
            Self::Sparrow => f.write_str("sparrow"),
            Self::Flock(name) => write!(f, "flock {name}"),
            Self::ClientType(name) => write!(f, "client type {name}"),
            Self::Strategy(name) => write!(f, "strategy {name}"),
        }
    }
}

/// Levels of parameters, the highest first. A level whose value is null or an empty string does not set it.
#[derive(Debug, Clone, Default)]
pub struct Cascade(Vec<(LevelName, Map<String, Value>)>);

impl Cascade {
    /// Adds a level below all existing levels.
    pub fn push(&mut self, name: LevelName, parameters: Map<String, Value>) {
        self.0.push((name, parameters));
    }

    /// Returns the value in force for a name, and the level that sets it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<(&Value, &LevelName)> {
        let levels = self.0.iter();
        let mut values =
            levels.filter_map(|(level, parameters)| Some((parameters.get(name)?, level)));
        values.find(|(value, _)| is_present(value))
    }

    /// Returns the value in force for a name and the level that sets it, or `None` if the value is not text.
    #[must_use]
    pub fn get_str(&self, name: &str) -> Option<(&str, &LevelName)> {
        let (value, level) = self.get(name)?;
        Some((value.as_str()?, level))
    }

    /// Returns every value in force with its name and level, sorted by name.
    #[must_use]
    pub fn all(&self) -> Vec<(&str, &Value, &LevelName)> {
        let mut names: Vec<&str> = self
            .0
            .iter()
            .flat_map(|(_, parameters)| parameters.keys().map(String::as_str))
            .collect();
        names.sort_unstable();
        names.dedup();
        let values = names.into_iter().filter_map(|name| {
            let (value, level) = self.get(name)?;
            Some((name, value, level))
        });
        values.collect()
    }

    /// Returns the values in force as one object.
    #[must_use]
    pub fn merged(&self) -> Map<String, Value> {
        self.all().into_iter().map(|(name, value, _)| (name.to_owned(), value.clone())).collect()
    }

    /// Returns the names of the levels, the highest first.
    pub fn levels(&self) -> impl Iterator<Item = &LevelName> {
        self.0.iter().map(|(name, _)| name)
    }
}

/// Returns whether a value sets a parameter: it is neither null nor an empty string.
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
        let flock = LevelName::Flock("wood".into());
        cascade.push(LevelName::Schedule(Box::new(flock)), object(json!({"debug": true})));
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
