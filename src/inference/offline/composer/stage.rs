//! The stages of a thread, and the number of beats in each.

use serde::{Deserialize, Serialize};

use super::rng::SeededRng;

/// A stage of a thread, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stage {
    /// Something turns up.
    Opening,
    /// It is examined.
    Discovery,
    /// It turns out to be less simple.
    Complication,
    /// Somebody or something helps.
    Help,
    /// Something is lost.
    Setback,
    /// It appears in another light.
    Turn,
    /// Everyone rests.
    Quiet,
    /// The answer is close.
    Near,
    /// The matter is resolved.
    Resolution,
    /// The aftermath.
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

    /// Returns the name of the stage's section in a thread's file.
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

    /// Returns the next stage; `None` after the last.
    pub(super) fn next(self) -> Option<Self> {
        let here = Self::ALL.iter().position(|stage| *stage == self)?;
        Self::ALL.get(here + 1).copied()
    }

    /// Draws the number of beats of the stage. A stage whose beats exclude each other has one.
    pub(super) fn beats(self, rng: &mut SeededRng) -> u8 {
        let (least, most) = match self {
            Self::Discovery | Self::Complication => (2, 3),
            Self::Near => (2, 2),
            Self::Help | Self::Setback | Self::Quiet | Self::After => (1, 2),
            Self::Opening | Self::Turn | Self::Resolution => (1, 1),
        };
        least + u8::from(most > least && rng.percent(50))
    }

    /// Whether a frame of everyday life may come before the next beat.
    pub(super) const fn can_wait(self) -> bool {
        !matches!(self, Self::Opening | Self::Turn | Self::Resolution)
    }
}
