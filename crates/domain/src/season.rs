//! Seasons of the year, which storytellers use for mood.

use serde::{Deserialize, Serialize};

/// A meteorological season: three whole months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Season {
    /// March to May in the northern hemisphere, September to November in the southern.
    Spring,
    /// June to August in the northern hemisphere, December to February in the southern.
    Summer,
    /// September to November in the northern hemisphere, March to May in the southern.
    Autumn,
    /// December to February in the northern hemisphere, June to August in the southern.
    Winter,
}

impl std::fmt::Display for Season {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Spring => "spring",
            Self::Summer => "summer",
            Self::Autumn => "autumn",
            Self::Winter => "winter",
        })
    }
}

impl Season {
    /// Returns the season of a month (1-12).
    #[must_use]
    pub const fn from_month(month: u32, southern: bool) -> Self {
        let month = if southern { month + 6 } else { month };
        match month % 12 {
            3..=5 => Self::Spring,
            6..=8 => Self::Summer,
            9..=11 => Self::Autumn,
            _ => Self::Winter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hemispheres_are_half_a_year_apart() {
        let names =
            |southern| (1..=12).map(|m| Season::from_month(m, southern)).collect::<Vec<_>>();
        let north = names(false);
        assert_eq!(north[..4], [Season::Winter, Season::Winter, Season::Spring, Season::Spring]);
        assert_eq!(north[11], Season::Winter);
        let shifted: Vec<_> = north[6..].iter().chain(&north[..6]).copied().collect();
        assert_eq!(names(true), shifted);
    }
}
