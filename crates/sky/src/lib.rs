//! The sky above a place: sun, moon, planets, meteor showers and eclipses.
//!
//! Everything is computed from a time and, where it matters, a place. The crate does no I/O, reads no clock and keeps
//! no state. Times are UTC; angles are in degrees. Positions are accurate to a fraction of a degree between 1900 and
//! 2050, and eclipses to a few minutes. Later or earlier dates give an answer too, with a growing error.
//!
//! The algorithms come from two sources, which each item names: Jean Meeus, *Astronomical Algorithms* (moon, eclipses,
//! sidereal time), and E. M. Standish, *Approximate Positions of the Major Planets*, JPL (sun and planets). The dates
//! of meteor showers follow the calendar of the International Meteor Organization.
//!
//! ```
//! use calliope_sky::{Coordinates, MoonPhase, moon};
//! use chrono::{DateTime, Utc};
//!
//! let time: DateTime<Utc> = "2026-03-03T12:00:00Z".parse()?;
//! let moon = moon(time);
//! assert_eq!(moon.phase(), MoonPhase::Full);
//! assert!(moon.illuminated_fraction > 0.99);
//!
//! // It is noon in Greenwich, where the full moon is below the horizon. It is evening in Perth, where it has risen.
//! let greenwich = Coordinates { latitude: 51.48, longitude: 0.0 };
//! let perth = Coordinates { latitude: -31.95, longitude: 115.86 };
//! assert!(moon.direction.altitude(time, greenwich) < 0.0);
//! assert!(moon.direction.altitude(time, perth) > 0.0);
//! # Ok::<(), chrono::ParseError>(())
//! ```

mod coordinates;
mod eclipses;
mod epoch;
mod meteors;
mod moon;
mod planets;

pub use coordinates::{Coordinates, Ecliptic};
pub use eclipses::{Eclipse, EclipseKind, eclipse_near};
pub use meteors::{MeteorShower, active_shower};
pub use moon::{Moon, MoonPhase, moon};
pub use planets::{is_dark, sun, visible_planets};
