//! Eclipses of the sun and of the moon: Meeus, Astronomical Algorithms, ch. 54.

use chrono::{DateTime, TimeDelta, Utc};

use crate::coordinates::{cos, sin};
use crate::epoch::{DAYS_TO_J2000, MILLISECONDS_PER_DAY, days_since_j2000};

/// The kind of an eclipse: whether the sun or the moon is darkened, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EclipseKind {
    /// The moon covers the whole sun, as seen from a narrow path on Earth. Hybrid eclipses, which are total on a part
    /// of their path and annular on the rest, count as total.
    TotalSolar,
    /// The moon leaves a ring of the sun uncovered, as seen from a narrow path on Earth.
    AnnularSolar,
    /// The moon covers a part of the sun. The few total and annular eclipses whose central line misses the Earth
    /// count as partial.
    PartialSolar,
    /// The whole moon passes through the Earth's umbra.
    TotalLunar,
    /// A part of the moon passes through the Earth's umbra.
    PartialLunar,
}

/// An eclipse of the sun or of the moon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Eclipse {
    /// Which of the two is eclipsed, and how far.
    pub kind: EclipseKind,
    /// The time of greatest eclipse, accurate to a few minutes.
    pub greatest_at: DateTime<Utc>,
}

/// Returns the eclipse, anywhere on Earth, whose greatest moment is at most `within` before or after `time`.
///
/// Penumbral lunar eclipses are left out, because they are hardly visible. Two eclipses are at least half a month
/// apart, so `within` should be less than a week. The algorithm is that of Meeus, Astronomical Algorithms, ch. 54.
pub fn eclipse_near(time: DateTime<Utc>, within: TimeDelta) -> Option<Eclipse> {
    // Lunations since the first new moon of 2000; a half is a full moon.
    let about = ((days_since_j2000(time) - 5.097_66) / 29.530_588_861 * 2.0).round() / 2.0;
    [about - 0.5, about, about + 0.5]
        .into_iter()
        .filter_map(eclipse)
        .find(|eclipse| (eclipse.greatest_at - time).abs() <= within)
}

/// Returns the eclipse at lunation `k`, if there is one. Lunations are counted from the first new moon of 2000: a whole
/// number is a new moon, and a whole number plus a half is a full moon. The variables are named as in Meeus.
fn eclipse(k: f64) -> Option<Eclipse> {
    let is_full = (k.rem_euclid(1.0) - 0.5).abs() < 0.25;
    let t = k / 1236.85;
    let e = 1.0 - 0.002_516 * t - 0.000_007_4 * t * t;
    let m = 2.5534 + 29.105_356_70 * k - 0.000_001_4 * t * t;
    let n = 201.5643 + 385.816_935_28 * k + 0.010_758_2 * t * t;
    let f = 160.7108 + 390.670_502_84 * k - 0.001_611_8 * t * t;
    let node = 124.7746 - 1.563_755_88 * k + 0.002_067_2 * t * t;
    if sin(f).abs() > 0.36 {
        return None;
    }
    let f1 = f - 0.026_65 * sin(node);
    let a1 = 299.77 + 0.107_408 * k - 0.009_173 * t * t;
    let (first, second) = if is_full { (-0.4065, 0.1727) } else { (-0.4075, 0.1721) };
    let correction = first * sin(n) + second * e * sin(m) + 0.0161 * sin(2.0 * n)
        - 0.0097 * sin(2.0 * f1)
        + 0.0073 * e * sin(n - m)
        - 0.0050 * e * sin(n + m)
        - 0.0023 * sin(n - 2.0 * f1)
        + 0.0021 * e * sin(2.0 * m)
        + 0.0012 * sin(n + 2.0 * f1)
        + 0.0006 * e * sin(2.0 * n + m)
        - 0.0004 * sin(3.0 * n)
        - 0.0003 * e * sin(m + 2.0 * f1)
        + 0.0003 * sin(a1);
    let p = 0.2070 * e * sin(m) + 0.0024 * e * sin(2.0 * m) - 0.0392 * sin(n)
        + 0.0116 * sin(2.0 * n)
        - 0.0073 * e * sin(n + m)
        + 0.0067 * e * sin(n - m)
        + 0.0118 * sin(2.0 * f1);
    let q = 5.2207 - 0.0048 * e * cos(m) + 0.0020 * e * cos(2.0 * m)
        - 0.3299 * cos(n)
        - 0.0060 * e * cos(n + m)
        + 0.0041 * e * cos(n - m);
    let gamma = (p * cos(f1) + q * sin(f1)) * (1.0 - 0.0048 * cos(f1).abs());
    let u = 0.0059 + 0.0046 * e * cos(m) - 0.0182 * cos(n) + 0.0004 * cos(2.0 * n)
        - 0.0005 * cos(m + n);
    let kind = if is_full { lunar_kind(gamma.abs(), u) } else { solar_kind(gamma.abs(), u) }?;
    let since = 5.097_66 + 29.530_588_861 * k + 0.000_154_37 * t * t + correction;
    let greatest =
        DateTime::from_timestamp_millis(((since + DAYS_TO_J2000) * MILLISECONDS_PER_DAY) as i64)?;
    Some(Eclipse { kind, greatest_at: greatest })
}

fn solar_kind(gamma: f64, u: f64) -> Option<EclipseKind> {
    if gamma > 1.5433 + u {
        None
    } else if gamma > 0.9972 {
        Some(EclipseKind::PartialSolar)
    } else if u < 0.0 || u < 0.004_64 * (1.0 - gamma * gamma).sqrt() {
        // The upper bound includes hybrid eclipses.
        Some(EclipseKind::TotalSolar)
    } else {
        Some(EclipseKind::AnnularSolar)
    }
}

/// Returns the kind of a lunar eclipse; `None` if the eclipse is penumbral or no eclipse occurs.
fn lunar_kind(gamma: f64, u: f64) -> Option<EclipseKind> {
    match (1.0128 - u - gamma) / 0.5450 {
        magnitude if magnitude >= 1.0 => Some(EclipseKind::TotalLunar),
        magnitude if magnitude > 0.0 => Some(EclipseKind::PartialLunar),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eclipses_are_when_and_what_they_were_and_will_be() {
        use EclipseKind::{AnnularSolar, PartialLunar, PartialSolar, TotalLunar, TotalSolar};
        // Published times of greatest eclipse.
        let cases = [
            ("1999-08-11T11:03:00Z", TotalSolar),
            ("2024-04-08T18:17:00Z", TotalSolar),
            ("2024-10-02T18:45:00Z", AnnularSolar),
            ("2025-03-29T10:47:00Z", PartialSolar),
            ("2025-09-07T18:12:00Z", TotalLunar),
            ("2026-02-17T12:12:00Z", AnnularSolar),
            ("2026-03-03T11:34:00Z", TotalLunar),
            ("2026-08-12T17:46:00Z", TotalSolar),
            ("2026-08-28T04:13:00Z", PartialLunar),
            ("2027-08-02T10:07:00Z", TotalSolar),
        ];
        for (time, kind) in cases {
            let time: DateTime<Utc> = time.parse().expect("a time");
            let found = eclipse_near(time, TimeDelta::hours(12)).expect("an eclipse");
            assert_eq!(found.kind, kind, "{time}");
            assert!(
                (found.greatest_at - time).abs() < TimeDelta::minutes(12),
                "{time}: {}",
                found.greatest_at
            );
        }
    }

    #[test]
    fn most_days_have_none() {
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().expect("a time");
        let days = (0..365).filter(|day| {
            eclipse_near(start + TimeDelta::days(*day), TimeDelta::hours(12)).is_some()
        });
        assert_eq!(days.count(), 4, "2026 has four that are not penumbral");
    }
}
