//! Days of the week in a schedule's JSON: `"daily"`, `"weekdays"`, `"weekends"`, one day such as `"mon"`, or a list of
//! these.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Words for several days, with their bits.
const DAY_GROUPS: [(&str, Days); 3] =
    [("daily", Days(0b111_1111)), ("weekdays", Days(0b001_1111)), ("weekends", Days(0b110_0000))];

const INVALID_DAYS: &str = "must be `daily`, `weekdays`, `weekends`, or a list of at least one of \
                       mon, tue, wed, thu, fri, sat and sun";

/// A set of at least one day of the week; Monday is the lowest bit. The default is every day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Days(u8);

impl Default for Days {
    fn default() -> Self {
        DAY_GROUPS[0].1
    }
}

impl Days {
    /// Returns whether the date falls on one of these days.
    pub fn contains(self, date: NaiveDate) -> bool {
        self.0 >> date.weekday().num_days_from_monday() & 1 == 1
    }

    /// Parses one word: the name of a day or of a group of days.
    fn from_word(word: &str) -> Option<Self> {
        let group = DAY_GROUPS.iter().find(|(name, _)| *name == word).map(|(_, days)| *days);
        group.or_else(|| DAY_NAMES.iter().position(|name| *name == word).map(|day| Self(1 << day)))
    }
}

impl TryFrom<Value> for Days {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let words = match value {
            Value::Array(words) => words,
            word => vec![word],
        };
        let days: Option<Vec<Self>> =
            words.iter().map(|word| Self::from_word(word.as_str()?)).collect();
        let union = days.iter().flatten().fold(0, |union, days| union | days.0);
        if days.is_none() || union == 0 { Err(INVALID_DAYS) } else { Ok(Self(union)) }
    }
}

impl From<Days> for Value {
    fn from(days: Days) -> Self {
        if let Some((word, _)) = DAY_GROUPS.iter().find(|(_, group)| *group == days) {
            return json!(word);
        }
        let names = DAY_NAMES.iter().enumerate().filter(|(day, _)| days.0 >> day & 1 == 1);
        names.map(|(_, name)| *name).collect()
    }
}
