//! Lengths of time as people write them: `12h`, `90d`, `4w`. Tokens expire and files grow old by them.

use std::str::FromStr;

use chrono::TimeDelta;

/// A whole number of hours, days or weeks: at least one hour, at most ten years ([`Lifetime::MAX`]).
///
/// It parses from a number of ASCII digits and a unit: `h` (hours), `d` (24 hours) or `w` (7 days).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime(pub TimeDelta);

/// A text is not a valid [`Lifetime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a time is a whole number of hours, days or weeks, such as 12h, 90d or 4w, and at most ten years"
)]
pub struct InvalidLifetime;

impl Lifetime {
    /// The longest lifetime: 3653 days, ten years with up to three leap days.
    pub const MAX: TimeDelta = TimeDelta::days(3653);
}

impl FromStr for Lifetime {
    type Err = InvalidLifetime;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unit = text.chars().last().ok_or(InvalidLifetime)?;
        let hours = match unit {
            'h' => 1,
            'd' => 24,
            'w' => 7 * 24,
            _ => return Err(InvalidLifetime),
        };
        let number = &text[..text.len() - 1];
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidLifetime);
        }
        let number: i64 = number.parse().map_err(|_| InvalidLifetime)?;
        let time = number.checked_mul(hours).and_then(TimeDelta::try_hours);
        let is_in_range = |time: &TimeDelta| *time > TimeDelta::zero() && *time <= Self::MAX;
        time.filter(is_in_range).map(Self).ok_or(InvalidLifetime)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hours_days_and_weeks_are_read() {
        for (text, hours) in [("12h", 12), ("90d", 2160), ("4w", 672), ("3653d", 87_672)] {
            assert_eq!(text.parse(), Ok(Lifetime(TimeDelta::hours(hours))), "{text}");
        }
        for bad in [
            "",
            "d",
            "0d",
            "-1d",
            "+1d",
            "1",
            "1m",
            "1.5d",
            "1 d",
            "3654d",
            "९d",
            "99999999999999999999w",
            "dé",
        ] {
            assert_eq!(bad.parse::<Lifetime>(), Err(InvalidLifetime), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,20}[hdwx]?") {
            if let Ok(Lifetime(time)) = text.parse() {
                prop_assert!(time > TimeDelta::zero() && time <= Lifetime::MAX);
            }
        }
    }
}
