//! How sure something is that was learned: evidence adds up, and fades.
//!
//! Evidence is a sum of observations, each at most 1, that halves every [`HALF_LIFE`]. What is seen again at once tells
//! little more: an observation counts by how much of an [`FULL_WEIGHT_INTERVAL`] has passed since the last one, and at least a tenth.
//! Confidence is `1 − 2^(−evidence / 4)`: one observation gives 0.16, four 0.5, twelve 0.88; it never gets to 1.

use chrono::TimeDelta;

/// How long it takes for evidence to be worth half.
pub const HALF_LIFE: TimeDelta = TimeDelta::days(30);

/// How far apart two observations are that count in full.
pub const FULL_WEIGHT_INTERVAL: TimeDelta = TimeDelta::hours(1);

/// What an observation counts at least.
const MIN_INTERVAL_WEIGHT: f64 = 0.1;

/// Evidence for a confidence of a half.
const EVIDENCE_FOR_HALF_CONFIDENCE: f64 = 4.0;

/// What something was learned from.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Evidence(pub f64);

impl Evidence {
    /// What it is worth after a while. A clock that was set back changes nothing.
    #[must_use]
    pub fn decayed(self, elapsed: TimeDelta) -> Self {
        let halves = elapsed.as_seconds_f64().max(0.0) / HALF_LIFE.as_seconds_f64();
        Self(self.0.max(0.0) * (-halves).exp2())
    }

    /// With one more observation of a weight (0-1), a while after the last.
    #[must_use]
    pub fn with_observation(self, elapsed: TimeDelta, weight: f64) -> Self {
        let interval_weight = (elapsed.as_seconds_f64() / FULL_WEIGHT_INTERVAL.as_seconds_f64())
            .clamp(MIN_INTERVAL_WEIGHT, 1.0);
        Self(self.decayed(elapsed).0 + weight.clamp(0.0, 1.0) * interval_weight)
    }

    /// How sure that makes: 0-1, and never 1.
    #[must_use]
    pub fn confidence(self) -> f64 {
        // More would be rounded to certainty.
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
