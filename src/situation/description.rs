//! A situation in words, as a storyteller gets it.

use chrono::{DateTime, Datelike, FixedOffset, TimeDelta, Timelike};

use super::weather::Weather;
use crate::domain::Season;
use crate::sky::{
    Coordinates, Eclipse, EclipseKind, MoonPhase, active_shower, eclipse_near, is_dark, moon, sun,
    visible_planets,
};

/// So many per cent of clouds hide the sky.
const OVERCAST_PERCENT: f64 = 85.0;

/// What is known.
#[derive(Debug)]
pub(super) struct SituationFacts<'a> {
    pub(super) local: DateTime<FixedOffset>,
    pub(super) season: Season,
    pub(super) place: Option<&'a str>,
    pub(super) coordinates: Option<Coordinates>,
    pub(super) weather: Option<&'a Weather>,
}

/// All of it, a sentence for each thing.
pub(super) fn describe(known: &SituationFacts<'_>) -> String {
    let place = known.place.map_or_else(String::new, |place| format!(", in {place}"));
    let mut sentences = vec![format!(
        "It is a {} in {}, {}, {}{place}.",
        known.local.format("%A"),
        known.season,
        part_of_day(known),
        clock(known.local),
    )];
    sentences.extend(known.weather.map(Weather::sentence));
    if let Some(coordinates) = known.coordinates {
        sentences.extend(sky_sentences(known, coordinates));
    }
    sentences.join(" ")
}

/// The time as people say it: figures look odd in a story, and small models copy them.
fn clock(local: DateTime<FixedOffset>) -> String {
    const HOURS: [&str; 12] = [
        "twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven",
    ];
    let hour = |hour: u32| HOURS[hour as usize % 12];
    match local.minute() {
        0..=7 => format!("about {} o'clock", hour(local.hour())),
        8..=22 => format!("about a quarter past {}", hour(local.hour())),
        23..=37 => format!("about half past {}", hour(local.hour())),
        38..=52 => format!("about a quarter to {}", hour(local.hour() + 1)),
        _ => format!("about {} o'clock", hour(local.hour() + 1)),
    }
}

/// By the sun where the place is known, else by the clock.
fn part_of_day(known: &SituationFacts<'_>) -> &'static str {
    let hour = known.local.hour();
    let is_morning = hour < 12;
    let Some(place) = known.coordinates else {
        return match hour {
            5..=8 => "early in the morning",
            9..=11 => "in the morning",
            12..=13 => "at midday",
            14..=17 => "in the afternoon",
            18..=21 => "in the evening",
            _ => "at night",
        };
    };
    let time = known.local.to_utc();
    match sun(time).altitude(time, place) {
        height if height > 6.0 => match hour {
            0..=10 => "in the morning",
            11..=13 => "at midday",
            14..=17 => "in the afternoon",
            _ => "in the light of evening",
        },
        height if height > -0.8 => {
            if is_morning {
                "at sunrise"
            } else {
                "at sunset"
            }
        }
        height if height > -8.0 => {
            if is_morning {
                "at dawn"
            } else {
                "at dusk"
            }
        }
        _ if (18..=21).contains(&hour) => "on a dark evening",
        _ if (5..=8).contains(&hour) => "on a dark morning",
        _ => "at night",
    }
}

/// What there is to see in the sky, or would be without clouds.
fn sky_sentences(known: &SituationFacts<'_>, place: Coordinates) -> Vec<String> {
    let time = known.local.to_utc();
    let is_hidden = known.weather.is_some_and(|weather| weather.cloud_cover > OVERCAST_PERCENT);
    let moon = moon(time);
    let is_up = moon.direction.altitude(time, place) > 0.0;
    let mut sentences = Vec::new();
    if is_dark(time, place) {
        let clouds = if is_hidden { ", behind the clouds" } else { "" };
        let lit = (moon.illuminated_fraction * 100.0).round();
        let phase = phase_name(moon.phase());
        sentences.push(if is_up && moon.phase() != MoonPhase::New {
            format!("The moon is {phase} and up, {lit:.0}% of it lit{clouds}.")
        } else {
            format!("The moon is {phase} and not in the sky.")
        });
        let planets = visible_planets(time, place);
        if !planets.is_empty() && !is_hidden {
            let verb = if planets.len() == 1 { "stands" } else { "stand" };
            sentences.push(format!("{} {verb} in the sky.", join_with_and(&planets)));
        }
        if let Some(shower) = active_shower(known.local.date_naive(), place.latitude)
            && !is_hidden
        {
            sentences.push(format!("These are the nights of the {}: meteors fall.", shower.name));
        }
    }
    sentences.extend(
        eclipse_near(time, TimeDelta::hours(14))
            .and_then(|eclipse| eclipse_sentence(&eclipse, known, place)),
    );
    sentences
}

/// A phase of the moon, as it follows "The moon is".
fn phase_name(phase: MoonPhase) -> &'static str {
    match phase {
        MoonPhase::New => "new",
        MoonPhase::WaxingCrescent => "a waxing crescent",
        MoonPhase::FirstQuarter => "at its first quarter",
        MoonPhase::WaxingGibbous => "waxing and gibbous",
        MoonPhase::Full => "full",
        MoonPhase::WaningGibbous => "waning and gibbous",
        MoonPhase::LastQuarter => "at its last quarter",
        MoonPhase::WaningCrescent => "a waning crescent",
    }
}

/// A sentence for an eclipse of this local day: of the moon where it can be seen, of the sun wherever one is.
fn eclipse_sentence(
    eclipse: &Eclipse,
    known: &SituationFacts<'_>,
    place: Coordinates,
) -> Option<String> {
    let local = eclipse.greatest_at.with_timezone(known.local.offset());
    if local.num_days_from_ce() != known.local.num_days_from_ce() {
        return None;
    }
    let at = local.format("%H:%M");
    let is_seen = moon(eclipse.greatest_at).direction.altitude(eclipse.greatest_at, place) > 0.0;
    match eclipse.kind {
        EclipseKind::TotalLunar if is_seen => {
            Some(format!("Tonight the moon is eclipsed wholly; it is reddest at {at}."))
        }
        EclipseKind::PartialLunar if is_seen => {
            Some(format!("Tonight the moon is eclipsed in part, most at {at}."))
        }
        EclipseKind::TotalLunar | EclipseKind::PartialLunar => None,
        EclipseKind::TotalSolar => {
            Some("Somewhere on Earth the sun is eclipsed wholly today.".to_owned())
        }
        EclipseKind::AnnularSolar => {
            Some("Somewhere on Earth the sun becomes a ring of fire today.".to_owned())
        }
        EclipseKind::PartialSolar => {
            Some("Somewhere on Earth the sun is eclipsed in part today.".to_owned())
        }
    }
}

fn join_with_and(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
