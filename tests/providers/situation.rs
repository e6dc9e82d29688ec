//! The gazetteer and the weather, as Open-Meteo answers, and what is told when it does not.

use std::time::Duration;

use calliope::settings;
use calliope::situation::Situator;
use calliope::web;
use serde_json::json;
use tokio::time::Instant;

use super::support::provider::{FakeProvider, Received, Reply};

fn situator(url: &str) -> Situator {
    let settings = settings::Situation {
        weather_url: url.to_owned(),
        gazetteer_url: url.to_owned(),
        patience_milliseconds: 500,
        ..settings::Situation::default()
    };
    Situator::new(&settings, web::client().expect("a client"))
}

/// Recorded shapes.
fn open_meteo(asked: &Received) -> Reply {
    if asked.path.starts_with("/v1/search") {
        return Reply::ok(json!({"generationtime_ms": 0.7, "results": [{
            "id": 2_267_057, "name": "Lisbon", "latitude": 38.71667, "longitude": -9.13333, "elevation": 45.0,
            "feature_code": "PPLC", "country_code": "PT", "timezone": "Europe/Lisbon", "population": 517_802,
            "country": "Portugal", "admin1": "Lisbon",
        }]}));
    }
    Reply::ok(json!({
        "latitude": 38.75, "longitude": -9.125, "utc_offset_seconds": 3600, "timezone": "Europe/Lisbon",
        "timezone_abbreviation": "GMT+1", "elevation": 42.0,
        "current_units": {"time": "iso8601", "temperature_2m": "°C"},
        "current": {"time": "2026-07-01T21:00", "interval": 900, "temperature_2m": 19.4, "weather_code": 2,
            "cloud_cover": 40, "wind_speed_10m": 21.3, "wind_direction_10m": 318},
    }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_has_its_weather_and_its_time_and_both_are_asked_for_once() {
    let provider = FakeProvider::start(|_, asked| open_meteo(asked)).await;
    let situator = situator(&provider.url);
    let now = "2026-07-01T20:50:00Z".parse().expect("a time");
    for _ in 0..2 {
        let lisbon = situator.situate(Some("Lisbon, Portugal"), now).await;
        assert_eq!(
            lisbon.text,
            "It is a Wednesday in summer, on a dark evening, about a quarter to ten, in Lisbon, Portugal. Clouds and clear sky take turns, at 19 °C, with a fresh wind from the north-west. The moon is waning and gibbous and not in the sky. Venus stands in the sky."
        );
        assert_eq!(lisbon.hour, 21);
    }
    let paths: Vec<String> = provider.received().into_iter().map(|asked| asked.path).collect();
    assert_eq!(
        paths,
        [
            "/v1/search?name=Lisbon&count=1&language=en&format=json",
            "/v1/forecast?latitude=38.72&longitude=-9.13&current=temperature_2m%2Cweather_code%2Ccloud_cover%2Cwind_speed_10m%2Cwind_direction_10m&timezone=auto",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_come_in_time_or_in_shape_is_left_out() {
    let replies = [
        Reply::Stall,
        Reply::Cut,
        Reply::Endless,
        Reply::status(500, json!({})),
        Reply::status(429, json!({"error": true, "reason": "limit"})),
        Reply::ok(json!({"results": [{"name": 7}], "current": {"temperature_2m": "warm"}})),
        Reply::ok(json!({"current": {"temperature_2m": 1e9, "weather_code": 1}})),
        Reply::File(200, "text/html", b"<html>".to_vec()),
    ];
    for reply in replies {
        let what = format!("{reply:?}");
        let provider = FakeProvider::start(move |_, _| reply.clone()).await;
        let situator = situator(&provider.url);
        let begun = Instant::now();
        let now = "2026-07-01T12:00:00Z".parse().expect("a time");
        for _ in 0..2 {
            let there = situator.situate(Some("38.72,-9.14"), now).await;
            assert_eq!(
                there.text, "It is a Wednesday in summer, at midday, about eleven o'clock.",
                "{what}"
            );
            let named = situator.situate(Some("Lisbon"), now).await;
            assert!(named.text.ends_with(", in Lisbon."), "{what}: {}", named.text);
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "{what}");
        assert_eq!(provider.received().len(), 2, "{what}: a failure is remembered");
    }
}
