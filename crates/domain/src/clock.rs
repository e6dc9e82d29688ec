//! Time, passed in: whoever needs to know the hour is given a clock, so that tests can hold it.

use std::fmt::Debug;

use chrono::{DateTime, SubsecRound, Utc};

/// Tells the time.
pub trait Clock: Debug + Send + Sync {
    /// Now, in whole microseconds: the finest that both databases keep.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the real time is read")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}
