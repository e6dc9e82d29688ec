//! The stages of a thread, and how long it stays in each.

use serde::{Deserialize, Serialize};

use super::rng::SeededRng;

/// Where a thread stands between its first sign and its settling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stage {
    /// Something turns up.
    Opening,
    /// It is looked at closely.
    Discovery,
    /// It is not so simple.
    Complication,
    /// Somebody or something assists.
    Help,
    /// A loss.
    Setback,
    /// It is seen in another light.
    Turn,
    /// Breath is drawn.
    Quiet,
    /// It is close.
    Near,
    /// It is settled.
    Resolution,
    /// What is left of it.
    After,
}

impl Stage {
    /// All stages in the order of a thread.
    pub(super) const ALL: [Self; 10] = [
        Self::Opening,
        Self::Discovery,
        Self::Complication,
        Self::Help,
        Self::Setback,
        Self::Turn,
        Self::Quiet,
        Self::Near,
        Self::Resolution,
        Self::After,
    ];

    /// The name of its section in a thread's file.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Discovery => "discovery",
            Self::Complication => "complication",
            Self::Help => "help",
            Self::Setback => "setback",
            Self::Turn => "turn",
            Self::Quiet => "quiet",
            Self::Near => "near",
            Self::Resolution => "resolution",
            Self::After => "after",
        }
    }

    /// The stage after this one; nothing after the last.
    pub(super) fn next(self) -> Option<Self> {
        let here = Self::ALL.iter().position(|stage| *stage == self)?;
        Self::ALL.get(here + 1).copied()
    }

    /// How many beats the stage is given. Stages whose beats exclude each other have one.
    pub(super) fn beats(self, chance: &mut SeededRng) -> u8 {
        let (least, most) = match self {
            Self::Discovery | Self::Complication => (2, 3),
            Self::Near => (2, 2),
            Self::Help | Self::Setback | Self::Quiet | Self::After => (1, 2),
            Self::Opening | Self::Turn | Self::Resolution => (1, 1),
        };
        least + u8::from(most > least && chance.percent(50))
    }

    /// Whether a frame of everyday life may come before the next beat.
    pub(super) const fn can_wait(self) -> bool {
        !matches!(self, Self::Opening | Self::Turn | Self::Resolution)
    }
}
