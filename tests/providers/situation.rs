//! The gazetteer and the weather with answers of Open-Meteo, and the situation if it does not answer.

use std::time::Duration;

use calliope::http_client;
use calliope::settings;
use calliope::situation::SituationService;
use serde_json::json;
use tokio::time::Instant;

use super::support::provider::{FakeProvider, RecordedRequest, Reply};
use super::support::{TestApp, TestDatabase, TestOptions, send_json};

fn situator(url: &str) -> SituationService {
    let settings = settings::SituationSettings {
        weather_url: url.to_owned(),
        gazetteer_url: url.to_owned(),
        geoip_url: Some(format!("{url}/")),
        timeout_milliseconds: 500,
        ..settings::SituationSettings::default()
    };
    SituationService::new(&settings, http_client::build_client().expect("a client"))
        .expect("no file to read")
}

/// Answers with recorded responses of Open-Meteo.
fn open_meteo(request: &RecordedRequest) -> Reply {
    if request.path.starts_with("/v1/search") {
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
    let provider = FakeProvider::start(|_, request| open_meteo(request)).await;
    let situator = situator(&provider.url);
    let now = "2026-07-01T20:50:00Z".parse().expect("a time");
    for _ in 0..2 {
        let lisbon = situator.resolve(Some("Lisbon, Portugal"), None, now).await;
        assert_eq!(
            lisbon.text,
            "It is a Wednesday in summer, on a dark evening, about a quarter to ten, in Lisbon, Portugal. Clouds and clear sky take turns, at 19 °C, with a fresh wind from the north-west. The moon is waning and gibbous and not in the sky. Venus stands in the sky."
        );
        assert_eq!(lisbon.hour, 21);
    }
    let paths: Vec<String> = provider.received().into_iter().map(|request| request.path).collect();
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
        Reply::Truncated,
        Reply::NeverEnds,
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
        let started = Instant::now();
        let now = "2026-07-01T12:00:00Z".parse().expect("a time");
        for _ in 0..2 {
            let there = situator.resolve(Some("38.72,-9.14"), None, now).await;
            assert_eq!(
                there.text, "It is a Wednesday in summer, at midday, about eleven o'clock.",
                "{what}"
            );
            let named = situator.resolve(Some("Lisbon"), None, now).await;
            assert!(named.text.ends_with(", in Lisbon."), "{what}: {}", named.text);
        }
        assert!(started.elapsed() < Duration::from_secs(2), "{what}");
        assert_eq!(provider.received().len(), 2, "{what}: a failure is remembered");
    }
}

/// A Sparrow that does not send its location is behind a proxy that forwards its address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_tells_where_a_sparrow_is_and_is_not_kept() {
    const ADDRESS: &str = "198.51.100.129";
    let provider = FakeProvider::start(|_, request| {
        if request.path.starts_with("/json/") {
            return Reply::ok(json!({"status": "success", "country": "Portugal", "city": "Lisbon",
                "lat": 38.7, "lon": -9.1, "timezone": "Europe/Lisbon"}));
        }
        open_meteo(request)
    })
    .await;
    let options = TestOptions {
        situator: situator(&provider.url),
        api_key: Some("shared-key"),
        trusted_proxies: &["127.0.0.0/8"],
        ..TestOptions::default()
    };
    let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
    let frame = |client: &str, body: serde_json::Value| {
        let body = json!({"client_id": client, "location": body});
        app.post_frame(&body).header("x-api-key", "shared-key").header("x-forwarded-for", ADDRESS)
    };
    let situation = |response: &serde_json::Value| {
        response["frames"][0]["metadata"]["situation"].as_str().unwrap_or_default().to_owned()
    };
    for _ in 0..2 {
        let (status, response) = send_json(frame("s", json!(null))).await;
        assert_eq!(status, 200, "{response}");
        assert!(
            situation(&response).contains(", in Lisbon, Portugal."),
            "{}",
            situation(&response)
        );
    }
    let lookups =
        || provider.received().into_iter().filter(|request| request.path.starts_with("/json"));
    let paths: Vec<String> = lookups().map(|request| request.path).collect();
    assert_eq!(
        paths,
        [format!("/json/{ADDRESS}?fields=status%2Ccity%2Ccountry%2Clat%2Clon%2Ctimezone")]
    );
    // A location that the Sparrow sends overrides the address.
    let (_, response) = send_json(frame("t", json!("0,0"))).await;
    assert!(!situation(&response).contains("Lisbon"), "{}", situation(&response));
    assert_eq!(lookups().count(), 1);
    let database = app.stop().await;
    for name in super::support::files(&database.folder.path().join("data")) {
        let bytes = std::fs::read(database.folder.path().join("data").join(&name)).expect("read");
        let found = bytes.windows(ADDRESS.len()).any(|bytes| bytes == ADDRESS.as_bytes());
        assert!(!found, "{name} holds the address");
    }
}
