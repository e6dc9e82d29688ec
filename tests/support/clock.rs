//! A clock that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use calliope::domain::Clock;
use chrono::{DateTime, TimeDelta, Utc};

/// Stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at noon of a Monday.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_795_435_200_000_000)))
    }

    /// Moves it, forward or back.
    pub fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_microseconds().expect("a sane jump"), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).expect("a time")
    }
}
