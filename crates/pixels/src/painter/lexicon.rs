//! The words that the painter recognises in a prompt.

use super::prompt::{Light, Motif, PaintedWeather, Setting};
use calliope_domain::Season;

/// The meaning of a word.
#[derive(Debug)]
pub enum Meaning {
    /// The word names the place.
    Setting(Setting),
    /// The word names a thing in the picture.
    Motif(Motif),
    /// The word names the light.
    Light(Light),
    /// The word names the weather.
    Weather(PaintedWeather),
    /// The word names the season.
    Season(Season),
}

/// Words in the singular, separated by spaces, and their meaning. A word with several meanings occurs
/// in several rows.
pub const LEXICON: &[(&str, Meaning)] = &[
    (
        "sea ocean wave tide shore beach coast harbour harbor bay pier quay island cliff",
        Meaning::Setting(Setting::Sea),
    ),
    ("hill slope valley moor heath countryside pasture sheep", Meaning::Setting(Setting::Hills)),
    ("field meadow plain prairie wheat barley farm desert dune", Meaning::Setting(Setting::Field)),
    ("mountain peak summit alp glacier", Meaning::Setting(Setting::Mountains)),
    ("forest wood woods grove thicket jungle", Meaning::Setting(Setting::Forest)),
    ("river stream brook lake pond canal creek marsh", Meaning::Setting(Setting::River)),
    ("city street town alley square market roof rooftop pavement", Meaning::Setting(Setting::Town)),
    ("garden orchard hedge greenhouse park", Meaning::Setting(Setting::Garden)),
    (
        "room kitchen attic library bedroom parlour desk table shelf workshop museum",
        Meaning::Setting(Setting::Room),
    ),
    ("lighthouse beacon", Meaning::Motif(Motif::Lighthouse)),
    ("boat ship sail sailor ferry raft vessel fisherman", Meaning::Motif(Motif::Boat)),
    ("house cottage cabin hut home farmhouse barn shed", Meaning::Motif(Motif::House)),
    ("village hamlet", Meaning::Motif(Motif::Village)),
    ("church chapel steeple", Meaning::Motif(Motif::Church)),
    ("tower turret belfry observatory", Meaning::Motif(Motif::Tower)),
    ("castle palace fortress", Meaning::Motif(Motif::Castle)),
    ("bridge viaduct", Meaning::Motif(Motif::Bridge)),
    ("train railway locomotive carriage station", Meaning::Motif(Motif::Train)),
    ("tree oak elm willow apple branch leaf", Meaning::Motif(Motif::Tree)),
    ("pine fir spruce cedar", Meaning::Motif(Motif::Pine)),
    ("flower rose tulip poppy daisy lily blossom petal bouquet", Meaning::Motif(Motif::Flower)),
    (
        "bird gull seagull crow raven swallow sparrow owl goose heron wing feather pigeon",
        Meaning::Motif(Motif::Bird),
    ),
    ("cat kitten", Meaning::Motif(Motif::Cat)),
    ("dog puppy hound fox wolf", Meaning::Motif(Motif::Dog)),
    ("fish whale salmon", Meaning::Motif(Motif::Fish)),
    (
        "man woman boy girl child children keeper figure stranger traveller traveler walker person people grandmother grandfather mother father daughter son king queen wizard astronaut postman baker wanderer lady soldier someone",
        Meaning::Motif(Motif::Figure),
    ),
    ("lamp lamplight lantern", Meaning::Motif(Motif::Lamp)),
    ("streetlamp streetlight lamppost", Meaning::Motif(Motif::StreetLamp)),
    ("candle candlelight", Meaning::Motif(Motif::Candle)),
    ("window pane curtain", Meaning::Motif(Motif::Window)),
    ("door doorway gate threshold", Meaning::Motif(Motif::Door)),
    ("letter envelope postcard map", Meaning::Motif(Motif::Letter)),
    ("book diary novel notebook", Meaning::Motif(Motif::Book)),
    ("key", Meaning::Motif(Motif::Key)),
    ("bottle jar flask vase", Meaning::Motif(Motif::Bottle)),
    ("clock pocketwatch", Meaning::Motif(Motif::Clock)),
    ("cup tea coffee mug teapot", Meaning::Motif(Motif::Cup)),
    ("chair armchair", Meaning::Motif(Motif::Chair)),
    ("ladder", Meaning::Motif(Motif::Ladder)),
    ("stair staircase steps stairway", Meaning::Motif(Motif::Stairs)),
    ("moon moonlight moonlit", Meaning::Motif(Motif::Moon)),
    ("sun sunlight sunny sunrise sunset", Meaning::Motif(Motif::Sun)),
    ("star starlight starry constellation", Meaning::Motif(Motif::Star)),
    ("road path lane track trail", Meaning::Motif(Motif::Road)),
    ("umbrella", Meaning::Motif(Motif::Umbrella)),
    ("kite", Meaning::Motif(Motif::Kite)),
    ("balloon", Meaning::Motif(Motif::Balloon)),
    ("fence", Meaning::Motif(Motif::Fence)),
    ("rocket spaceship", Meaning::Motif(Motif::Rocket)),
    ("dawn sunrise daybreak morning", Meaning::Light(Light::Dawn)),
    ("noon midday daylight sunlight sunny afternoon", Meaning::Light(Light::Day)),
    ("dusk sunset evening twilight sundown", Meaning::Light(Light::Dusk)),
    (
        "night midnight moon star stars moonlight moonlit lamplight candlelight starlight starry dark darkness nocturne",
        Meaning::Light(Light::Night),
    ),
    ("grey gray overcast cloudy storm stormy thunder gloomy", Meaning::Light(Light::Overcast)),
    (
        "rain rainy drizzle downpour storm stormy puddle thunder",
        Meaning::Weather(PaintedWeather::Rain),
    ),
    ("snow snowy snowfall blizzard frost frozen ice icy", Meaning::Weather(PaintedWeather::Snow)),
    ("fog foggy mist misty haze smoke", Meaning::Weather(PaintedWeather::Fog)),
    ("wind windy breeze gale gust", Meaning::Weather(PaintedWeather::Wind)),
    ("spring april blossom", Meaning::Season(Season::Spring)),
    ("summer june july august", Meaning::Season(Season::Summer)),
    ("autumn september october november harvest leaves", Meaning::Season(Season::Autumn)),
    ("winter december january february snow snowy frost", Meaning::Season(Season::Winter)),
];
