//! The clock. Code that needs the time receives a [`Clock`], so that tests control it.

use std::fmt::Debug;

use chrono::{DateTime, SubsecRound, Utc};

/// A source of the current time.
pub trait Clock: Debug + Send + Sync {
    /// Returns the current time in whole microseconds, the finest unit that both databases store.
    fn now(&self) -> DateTime<Utc>;
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the real time is read")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}
