//! The sun and the planets that the naked eye can see. The Keplerian elements and their rates come from Standish,
//! "Approximate Positions of the Major Planets" (JPL), and are valid from 1800 to 2050.

use chrono::{DateTime, Utc};

use crate::coordinates::{Coordinates, Ecliptic, cos, sin};
use crate::epoch::centuries_since_j2000;

/// The elements of an orbit. Each is a pair: the value at J2000.0 and its change per Julian century. Angles are in
/// degrees.
struct Orbit {
    name: &'static str,
    /// The semi-major axis, in astronomical units.
    semi_major_axis: (f64, f64),
    eccentricity: (f64, f64),
    inclination: (f64, f64),
    mean_longitude: (f64, f64),
    /// The longitude of the perihelion.
    perihelion: (f64, f64),
    /// The longitude of the ascending node.
    node: (f64, f64),
}

const EARTH: Orbit = Orbit {
    name: "Earth",
    semi_major_axis: (1.000_002_61, 0.000_005_62),
    eccentricity: (0.016_711_23, -0.000_043_92),
    inclination: (-0.000_015_31, -0.012_946_68),
    mean_longitude: (100.464_571_66, 35_999.372_449_81),
    perihelion: (102.937_681_93, 0.323_273_64),
    node: (0.0, 0.0),
};

const PLANETS: [Orbit; 5] = [
    Orbit {
        name: "Mercury",
        semi_major_axis: (0.387_099_27, 0.000_000_37),
        eccentricity: (0.205_635_93, 0.000_019_06),
        inclination: (7.004_979_02, -0.005_947_49),
        mean_longitude: (252.250_323_50, 149_472.674_111_75),
        perihelion: (77.457_796_28, 0.160_476_89),
        node: (48.330_765_93, -0.125_340_81),
    },
    Orbit {
        name: "Venus",
        semi_major_axis: (0.723_335_66, 0.000_003_90),
        eccentricity: (0.006_776_72, -0.000_041_07),
        inclination: (3.394_676_05, -0.000_788_90),
        mean_longitude: (181.979_099_50, 58_517.815_387_29),
        perihelion: (131.602_467_18, 0.002_683_29),
        node: (76.679_842_55, -0.277_694_18),
    },
    Orbit {
        name: "Mars",
        semi_major_axis: (1.523_710_34, 0.000_018_47),
        eccentricity: (0.093_394_10, 0.000_078_82),
        inclination: (1.849_691_42, -0.008_131_31),
        mean_longitude: (-4.553_432_05, 19_140.302_684_99),
        perihelion: (-23.943_629_59, 0.444_410_88),
        node: (49.559_538_91, -0.292_573_43),
    },
    Orbit {
        name: "Jupiter",
        semi_major_axis: (5.202_887_00, -0.000_116_07),
        eccentricity: (0.048_386_24, -0.000_132_53),
        inclination: (1.304_396_95, -0.001_837_14),
        mean_longitude: (34.396_440_51, 3_034.746_127_75),
        perihelion: (14.728_479_83, 0.212_526_68),
        node: (100.473_909_09, 0.204_691_06),
    },
    Orbit {
        name: "Saturn",
        semi_major_axis: (9.536_675_94, -0.001_250_60),
        eccentricity: (0.053_861_79, -0.000_509_91),
        inclination: (2.485_991_87, 0.001_936_09),
        mean_longitude: (49.954_244_23, 1_222.493_622_01),
        perihelion: (92.598_878_31, -0.418_972_16),
        node: (113.662_424_48, -0.288_677_94),
    },
];

/// The sun's altitude below which it is dark, in degrees.
const DARK_SUN_ALTITUDE: f64 = -4.0;

/// The lowest altitude at which a planet is visible over roofs and trees, in degrees.
const MIN_ALTITUDE: f64 = 8.0;

/// The smallest distance from the sun at which a planet is visible in the twilight, in degrees.
const MIN_ELONGATION: f64 = 15.0;

impl Orbit {
    /// Returns the heliocentric position in the ecliptic of J2000.0, in astronomical units; `t` is in Julian centuries
    /// since J2000.0.
    fn position(&self, t: f64) -> [f64; 3] {
        let at = |(value, rate): (f64, f64)| value + rate * t;
        let (axis, eccentricity) = (at(self.semi_major_axis), at(self.eccentricity));
        let (node, perihelion) = (at(self.node), at(self.perihelion));
        let inclination = at(self.inclination);
        let anomaly = (at(self.mean_longitude) - perihelion).to_radians();
        // Kepler's equation, solved by Newton's method; these orbits are so round that six steps are enough.
        let mut eccentric = anomaly;
        for _ in 0..6 {
            let error = eccentric - eccentricity * eccentric.sin() - anomaly;
            eccentric -= error / (1.0 - eccentricity * eccentric.cos());
        }
        let x = axis * (eccentric.cos() - eccentricity);
        let y = axis * (1.0 - eccentricity * eccentricity).sqrt() * eccentric.sin();
        let (w, o, i) = (perihelion - node, node, inclination);
        [
            (cos(w) * cos(o) - sin(w) * sin(o) * cos(i)) * x
                - (sin(w) * cos(o) + cos(w) * sin(o) * cos(i)) * y,
            (cos(w) * sin(o) + sin(w) * cos(o) * cos(i)) * x
                - (sin(w) * sin(o) - cos(w) * cos(o) * cos(i)) * y,
            sin(w) * sin(i) * x + cos(w) * sin(i) * y,
        ]
    }

    /// Returns the direction as seen from Earth, in the ecliptic of the date.
    fn direction(&self, t: f64) -> Ecliptic {
        let (planet, earth) = (self.position(t), EARTH.position(t));
        direction([planet[0] - earth[0], planet[1] - earth[1], planet[2] - earth[2]], t)
    }
}

/// Converts a geocentric position in the ecliptic of J2000.0 to a direction in the ecliptic of the date.
fn direction([x, y, z]: [f64; 3], t: f64) -> Ecliptic {
    // The equinox moves by 1.397 degrees in a century.
    let longitude = y.atan2(x).to_degrees() + 1.397 * t;
    let latitude = z.atan2(x.hypot(y)).to_degrees();
    Ecliptic { longitude: longitude.rem_euclid(360.0), latitude }
}

/// Returns the direction of the sun at `time`, from Standish's orbital elements of the Earth.
pub fn sun(time: DateTime<Utc>) -> Ecliptic {
    let t = centuries_since_j2000(time);
    let [x, y, z] = EARTH.position(t);
    direction([-x, -y, -z], t)
}

/// Reports whether it is dark enough at `place` to see the brightest stars and planets: the sun is more than 4 degrees
/// below the horizon.
pub fn is_dark(time: DateTime<Utc>, place: Coordinates) -> bool {
    sun(time).altitude(time, place) < DARK_SUN_ALTITUDE
}

/// Returns the English names of the planets that the naked eye can see from `place`, in the order of their orbits from
/// the sun outwards.
///
/// A planet counts as visible if it is dark ([`is_dark`]), the planet is more than 8 degrees above the horizon, and the
/// planet is more than 15 degrees from the sun. Weather is not considered. The planets are Mercury, Venus, Mars, Jupiter
/// and Saturn, with the orbital elements of Standish.
pub fn visible_planets(time: DateTime<Utc>, place: Coordinates) -> Vec<&'static str> {
    if !is_dark(time, place) {
        return Vec::new();
    }
    let sun = sun(time);
    let t = centuries_since_j2000(time);
    let visible = PLANETS.iter().filter(|planet| {
        let direction = planet.direction(t);
        direction.altitude(time, place) > MIN_ALTITUDE && direction.separation(sun) > MIN_ELONGATION
    });
    visible.map(|planet| planet.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn planet(name: &str, time: &str) -> Ecliptic {
        let orbit = PLANETS.iter().find(|orbit| orbit.name == name).expect("a planet");
        orbit.direction(centuries_since_j2000(at(time)))
    }

    #[test]
    fn the_sun_crosses_the_equator_when_almanacs_say() {
        // Equinoxes and solstices of 2024 and 2026.
        for (time, longitude) in [
            ("2024-03-20T03:06:00Z", 0.0),
            ("2024-06-20T20:51:00Z", 90.0),
            ("2026-09-23T00:05:00Z", 180.0),
            ("2026-12-21T20:50:00Z", 270.0),
        ] {
            let off = (sun(at(time)).longitude - longitude + 180.0).rem_euclid(360.0) - 180.0;
            assert!(off.abs() < 0.05, "{time}: {off}");
        }
    }

    #[test]
    fn planets_meet_and_stand_opposite_when_they_did() {
        let meeting = planet("Jupiter", "2020-12-21T18:20:00Z");
        let apart = meeting.separation(planet("Saturn", "2020-12-21T18:20:00Z"));
        assert!(apart < 0.3, "the great conjunction: {apart}");
        for (name, time) in [
            ("Mars", "2025-01-16T02:39:00Z"),
            ("Jupiter", "2026-01-10T08:34:00Z"),
            ("Saturn", "2025-09-21T05:46:00Z"),
        ] {
            let apart = planet(name, time).separation(sun(at(time)));
            assert!(apart > 173.0, "{name} at its opposition: {apart}");
        }
        let venus =
            planet("Venus", "2025-01-10T00:00:00Z").separation(sun(at("2025-01-10T00:00:00Z")));
        assert!((venus - 47.2).abs() < 0.5, "its greatest elongation: {venus}");
    }

    #[test]
    fn by_day_no_planet_is_seen() {
        let london = Coordinates { latitude: 51.5, longitude: 0.0 };
        assert!(visible_planets(at("2026-06-21T12:00:00Z"), london).is_empty());
        // Jupiter, opposite the sun, stands high over London at midnight.
        assert_eq!(visible_planets(at("2026-01-10T00:00:00Z"), london), ["Jupiter"]);
    }
}
