//! Describes a situation in sentences for storytellers.

use chrono::{DateTime, Datelike, FixedOffset, TimeDelta, Timelike};

use super::weather::Weather;
use crate::domain::Season;
use crate::sky::{
    Coordinates, Eclipse, EclipseKind, MoonPhase, active_shower, eclipse_near, is_dark, moon, sun,
    visible_planets,
};

/// The cloud cover, in per cent, above which the sky is hidden.
const OVERCAST_PERCENT: f64 = 85.0;

/// The known facts about a place and a time.
#[derive(Debug)]
pub(super) struct SituationFacts<'a> {
    pub(super) local: DateTime<FixedOffset>,
    pub(super) season: Season,
    pub(super) place: Option<&'a str>,
    pub(super) coordinates: Option<Coordinates>,
    pub(super) weather: Option<&'a Weather>,
}

/// Describes the facts, one sentence each.
pub(super) fn describe(facts: &SituationFacts<'_>) -> String {
    let place = facts.place.map_or_else(String::new, |place| format!(", in {place}"));
    let mut sentences = vec![format!(
        "It is a {} in {}, {}, {}{place}.",
        facts.local.format("%A"),
        facts.season,
        part_of_day(facts),
        clock(facts.local),
    )];
    sentences.extend(facts.weather.map(Weather::sentence));
    if let Some(coordinates) = facts.coordinates {
        sentences.extend(sky_sentences(facts, coordinates));
    }
    sentences.join(" ")
}

/// Returns the time as people say it. Figures look odd in a story, and small models copy them.
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

/// Returns the part of the day: by the height of the sun if the place is known, otherwise by the clock.
fn part_of_day(facts: &SituationFacts<'_>) -> &'static str {
    let hour = facts.local.hour();
    let is_morning = hour < 12;
    let Some(place) = facts.coordinates else {
        return match hour {
            5..=8 => "early in the morning",
            9..=11 => "in the morning",
            12..=13 => "at midday",
            14..=17 => "in the afternoon",
            18..=21 => "in the evening",
            _ => "at night",
        };
    };
    let time = facts.local.to_utc();
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

/// Describes what is visible in the sky. With an overcast sky, only the moon and eclipses are mentioned.
fn sky_sentences(facts: &SituationFacts<'_>, place: Coordinates) -> Vec<String> {
    let time = facts.local.to_utc();
    let is_hidden = facts.weather.is_some_and(|weather| weather.cloud_cover > OVERCAST_PERCENT);
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
        if let Some(shower) = active_shower(facts.local.date_naive(), place.latitude)
            && !is_hidden
        {
            sentences.push(format!("These are the nights of the {}: meteors fall.", shower.name));
        }
    }
    sentences.extend(
        eclipse_near(time, TimeDelta::hours(14))
            .and_then(|eclipse| eclipse_sentence(&eclipse, facts, place)),
    );
    sentences
}

/// Returns a phase of the moon in words that follow "The moon is".
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

/// Describes an eclipse of this local day: a lunar one only if it is visible here, a solar one wherever it is visible.
fn eclipse_sentence(
    eclipse: &Eclipse,
    facts: &SituationFacts<'_>,
    place: Coordinates,
) -> Option<String> {
    let local = eclipse.greatest_at.with_timezone(facts.local.offset());
    if local.num_days_from_ce() != facts.local.num_days_from_ce() {
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
