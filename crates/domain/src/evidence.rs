//! Evidence for something learned about a client, and the confidence that it gives.

use chrono::TimeDelta;

/// The time in which evidence halves: 30 days.
pub const HALF_LIFE: TimeDelta = TimeDelta::days(30);

/// The time after the last observation from which the next one counts in full: one hour.
pub const FULL_WEIGHT_INTERVAL: TimeDelta = TimeDelta::hours(1);

/// The smallest factor for an observation that comes soon after the last.
const MIN_INTERVAL_WEIGHT: f64 = 0.1;

/// The evidence that gives a confidence of 0.5.
const EVIDENCE_FOR_HALF_CONFIDENCE: f64 = 4.0;

/// Evidence for something learned about a client. Observations add to it; time reduces it.
///
/// Evidence is a sum of observations, each at most 1, that halves every 30 days. An observation soon after the last one
/// adds little: its weight is multiplied by the part of an hour that has passed in between, at least 0.1 and at most 1.
/// Confidence is `1 − 2^(−evidence / 4)`: one observation gives 0.16, four give 0.5, twelve give 0.88. It never reaches
/// 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Evidence(pub f64);

impl Evidence {
    /// Returns the evidence that is left after `elapsed`. A negative `elapsed` (the clock was set back) counts as zero.
    #[must_use]
    pub fn decayed(self, elapsed: TimeDelta) -> Self {
        let halves = elapsed.as_seconds_f64().max(0.0) / HALF_LIFE.as_seconds_f64();
        Self(self.0.max(0.0) * (-halves).exp2())
    }

    /// Returns the evidence after one more observation with a weight from 0 to 1, `elapsed` after the last one.
    #[must_use]
    pub fn with_observation(self, elapsed: TimeDelta, weight: f64) -> Self {
        let interval_weight = (elapsed.as_seconds_f64() / FULL_WEIGHT_INTERVAL.as_seconds_f64())
            .clamp(MIN_INTERVAL_WEIGHT, 1.0);
        Self(self.decayed(elapsed).0 + weight.clamp(0.0, 1.0) * interval_weight)
    }

    /// Returns the confidence: at least 0 and less than 1.
    #[must_use]
    pub fn confidence(self) -> f64 {
        // From about 200 on, the result would be rounded to 1.
        1.0 - (-self.0.clamp(0.0, 150.0) / EVIDENCE_FOR_HALF_CONFIDENCE).exp2()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn a_while() -> impl Strategy<Value = TimeDelta> {
        (-86_400_i64..400 * 86_400).prop_map(TimeDelta::seconds)
    }

    proptest! {
        #[test]
        fn confidence_is_a_share_that_grows_with_evidence(a in 0.0_f64..1e6, more in 0.0_f64..100.0) {
            let (less, more) = (Evidence(a).confidence(), Evidence(a + more).confidence());
            prop_assert!((0.0..1.0).contains(&less));
            prop_assert!(more >= less);
        }

        #[test]
        fn it_only_fades_and_the_order_stays(a in 0.0_f64..200.0, b in 0.0_f64..200.0, t in a_while()) {
            let (low, high) = (Evidence(a.min(b)), Evidence(a.max(b)));
            prop_assert!(high.decayed(t).confidence() <= high.confidence());
            prop_assert!(low.decayed(t) <= high.decayed(t));
        }

        #[test]
        fn fading_is_the_same_in_one_step_or_in_two(a in 0.0_f64..200.0, s in 0_i64..10_000_000, t in 0_i64..10_000_000) {
            let at_once = Evidence(a).decayed(TimeDelta::seconds(s + t)).0;
            let in_two = Evidence(a).decayed(TimeDelta::seconds(s)).decayed(TimeDelta::seconds(t)).0;
            prop_assert!((at_once - in_two).abs() < 1e-9);
        }

        #[test]
        fn an_observation_adds_at_most_its_weight(a in 0.0_f64..200.0, t in a_while(), weight in -1.0_f64..2.0) {
            let (faded, seen) = (Evidence(a).decayed(t), Evidence(a).with_observation(t, weight));
            prop_assert!(seen >= faded);
            prop_assert!(seen.0 - faded.0 <= weight.clamp(0.0, 1.0) + 1e-9);
        }
    }

    #[test]
    fn the_numbers_are_those_that_are_documented() {
        let percent = |n: f64| (Evidence(n).confidence() * 100.0).round() as i64;
        assert_eq!([percent(1.0), percent(4.0), percent(12.0)], [16, 50, 88]);
        assert!((Evidence(6.0).decayed(HALF_LIFE).0 - 3.0).abs() < 1e-12);
        assert!((Evidence(1.0).with_observation(TimeDelta::zero(), 1.0).0 - 1.1).abs() < 1e-12);
    }
}
