//! The current weather, from Open-Meteo.

use chrono_tz::Tz;
use serde::Deserialize;

/// The response of Open-Meteo's forecast API.
#[derive(Debug, Deserialize)]
pub(super) struct ForecastResponse {
    timezone: Option<String>,
    current: Weather,
}

/// The weather at a place.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Weather {
    /// Air temperature in degrees Celsius, two metres above the ground.
    temperature_2m: f64,
    /// The WMO weather code.
    #[serde(rename = "weather_code")]
    code: u8,
    /// Cloud cover in per cent of the sky.
    #[serde(default)]
    pub(super) cloud_cover: f64,
    /// Wind speed in kilometres per hour, ten metres above the ground.
    #[serde(default)]
    wind_speed_10m: f64,
    /// The direction that the wind blows from, in degrees clockwise from north.
    #[serde(default)]
    wind_direction_10m: f64,
    /// The place's time zone.
    #[serde(skip)]
    pub(super) zone: Option<Tz>,
}

/// The fields that are requested.
pub(super) const FIELDS: &str =
    "temperature_2m,weather_code,cloud_cover,wind_speed_10m,wind_direction_10m";

impl ForecastResponse {
    /// Returns the weather; `None` if the temperature is outside -100 to 70 °C.
    pub(super) fn into_weather(self) -> Option<Weather> {
        let zone = self.timezone.and_then(|zone| zone.parse().ok());
        let is_plausible = (-100.0..=70.0).contains(&self.current.temperature_2m);
        is_plausible.then_some(Weather { zone, ..self.current })
    }
}

impl Weather {
    /// Describes the weather in one sentence.
    pub(super) fn sentence(&self) -> String {
        let sky = match self.code {
            0 => "The sky is clear",
            1 => "The sky is almost clear",
            2 => "Clouds and clear sky take turns",
            3 => "The sky is overcast",
            45 | 48 => "There is fog",
            51..=55 => "It drizzles",
            56 | 57 | 66 | 67 => "Freezing rain falls",
            61 | 80 => "It rains a little",
            63 | 81 => "It rains",
            65 | 82 => "It rains hard",
            71 | 85 => "A little snow falls",
            73 | 77 => "Snow falls",
            75 | 86 => "Snow falls thickly",
            95..=99 => "There is a thunderstorm",
            _ => "The sky is changeable",
        };
        let wind = match self.wind_speed_10m {
            speed if speed < 6.0 => {
                return format!("{sky}, at {:.0} °C, without wind.", self.temperature());
            }
            speed if speed < 20.0 => "a light wind",
            speed if speed < 39.0 => "a fresh wind",
            speed if speed < 62.0 => "a strong wind",
            _ => "a storm",
        };
        let points = [
            "north",
            "north-east",
            "east",
            "south-east",
            "south",
            "south-west",
            "west",
            "north-west",
        ];
        let from = points[(self.wind_direction_10m.rem_euclid(360.0) / 45.0).round() as usize % 8];
        format!("{sky}, at {:.0} °C, with {wind} from the {from}.", self.temperature())
    }

    /// Returns the temperature rounded to whole degrees, without a sign before zero.
    fn temperature(&self) -> f64 {
        self.temperature_2m.round() + 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weather_is_told_in_a_sentence() {
        let sentence = |code: u8, temperature: f64, speed: f64, from: f64| {
            let weather = Weather {
                temperature_2m: temperature,
                code,
                cloud_cover: 0.0,
                wind_speed_10m: speed,
                wind_direction_10m: from,
                zone: None,
            };
            weather.sentence()
        };
        assert_eq!(
            sentence(61, 11.6, 30.0, 350.0),
            "It rains a little, at 12 °C, with a fresh wind from the north."
        );
        assert_eq!(sentence(0, -0.2, 2.0, 0.0), "The sky is clear, at 0 °C, without wind.");
        assert_eq!(
            sentence(200, 20.0, 90.0, 130.0),
            "The sky is changeable, at 20 °C, with a storm from the south-east."
        );
    }
}
