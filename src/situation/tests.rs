//! Situations of places and times, without online services.

use super::*;

async fn at(location: Option<&str>, time: &str) -> Situation {
    SituationService::default().resolve(location, None, time.parse().expect("a time")).await
}

#[tokio::test]
async fn coordinates_have_their_own_time_season_and_sky() {
    let lisbon = at(Some("38.72,-9.14"), "2026-01-10T23:30:00Z").await;
    assert_eq!(
        lisbon.text,
        "It is a Saturday in winter, at night, about half past ten. The moon is at its last quarter and not in the sky. Jupiter stands in the sky."
    );
    assert_eq!((lisbon.hour, lisbon.season, lisbon.place), (22, Season::Winter, None));
    let sydney = at(Some("-33.87,151.21"), "2026-01-10T02:00:00Z").await;
    assert_eq!(sydney.text, "It is a Saturday in summer, at midday, about twelve o'clock.");
    let perth = at(Some("-31.95,115.86"), "2026-03-03T11:40:00Z").await;
    assert_eq!(
        perth.text,
        "It is a Tuesday in autumn, on a dark evening, about a quarter to eight. The moon is full and up, 100% of it lit. Jupiter stands in the sky. Tonight the moon is eclipsed wholly; it is reddest at 19:35."
    );
    let reykjavik = at(Some("64.15,-21.94"), "2026-08-12T22:00:00Z").await;
    assert!(
        reykjavik.text.contains("Somewhere on Earth the sun is eclipsed wholly today."),
        "{}",
        reykjavik.text
    );
}

#[tokio::test]
async fn a_name_without_a_gazetteer_is_told_as_it_is() {
    let wood = at(Some(" the wood "), "2026-06-01T12:00:00Z").await;
    assert_eq!(wood.place.as_deref(), Some("the wood"));
    assert!(wood.text.ends_with(", in the wood."), "{}", wood.text);
    let nowhere = at(None, "2026-06-01T12:00:00Z").await;
    assert!(
        nowhere.place.is_none() && nowhere.text.starts_with("It is a Monday in summer"),
        "{nowhere:?}"
    );
}

#[tokio::test]
async fn the_ends_of_the_earth_have_skies_too() {
    for location in ["90,0", "-90,180", "0,-180", "0,0"] {
        for time in [
            "2026-06-21T00:00:00Z",
            "2026-12-21T12:00:00Z",
            "1900-01-01T00:00:00Z",
            "2099-12-31T23:59:59Z",
        ] {
            assert!(
                at(Some(location), time).await.text.starts_with("It is a "),
                "{location} {time}"
            );
        }
    }
}
