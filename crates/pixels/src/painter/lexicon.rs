//! The words that the painter knows.

use super::prompt::{Light, Motif, Setting, Weather};
use calliope_domain::Season;

/// What a word asks for.
#[derive(Debug)]
pub enum Meaning {
    /// A scene.
    Place(Setting),
    /// A thing in it.
    Thing(Motif),
    /// The light.
    Hour(Light),
    /// What falls or drifts.
    Sky(Weather),
    /// The season.
    Time(Season),
}

use Meaning::{Hour, Place, Sky, Thing, Time};

/// Words in their singular, parted by spaces, and what they mean. A word may stand in two rows.
pub const LEXICON: &[(&str, Meaning)] = &[
    (
        "sea ocean wave tide shore beach coast harbour harbor bay pier quay island cliff",
        Place(Setting::Sea),
    ),
    ("hill slope valley moor heath countryside pasture sheep", Place(Setting::Hills)),
    ("field meadow plain prairie wheat barley farm desert dune", Place(Setting::Field)),
    ("mountain peak summit alp glacier", Place(Setting::Mountains)),
    ("forest wood woods grove thicket jungle", Place(Setting::Forest)),
    ("river stream brook lake pond canal creek marsh", Place(Setting::River)),
    ("city street town alley square market roof rooftop pavement", Place(Setting::Town)),
    ("garden orchard hedge greenhouse park", Place(Setting::Garden)),
    (
        "room kitchen attic library bedroom parlour desk table shelf workshop museum",
        Place(Setting::Room),
    ),
    ("lighthouse beacon", Thing(Motif::Lighthouse)),
    ("boat ship sail sailor ferry raft vessel fisherman", Thing(Motif::Boat)),
    ("house cottage cabin hut home farmhouse barn shed", Thing(Motif::House)),
    ("village hamlet", Thing(Motif::Village)),
    ("church chapel steeple", Thing(Motif::Church)),
    ("tower turret belfry observatory", Thing(Motif::Tower)),
    ("castle palace fortress", Thing(Motif::Castle)),
    ("bridge viaduct", Thing(Motif::Bridge)),
    ("train railway locomotive carriage station", Thing(Motif::Train)),
    ("tree oak elm willow apple branch leaf", Thing(Motif::Tree)),
    ("pine fir spruce cedar", Thing(Motif::Pine)),
    ("flower rose tulip poppy daisy lily blossom petal bouquet", Thing(Motif::Flower)),
    (
        "bird gull seagull crow raven swallow sparrow owl goose heron wing feather pigeon",
        Thing(Motif::Bird),
    ),
    ("cat kitten", Thing(Motif::Cat)),
    ("dog puppy hound fox wolf", Thing(Motif::Dog)),
    ("fish whale salmon", Thing(Motif::Fish)),
    (
        "man woman boy girl child children keeper figure stranger traveller traveler walker person people grandmother grandfather mother father daughter son king queen wizard astronaut postman baker wanderer lady soldier someone",
        Thing(Motif::Figure),
    ),
    ("lamp lamplight lantern", Thing(Motif::Lamp)),
    ("streetlamp streetlight lamppost", Thing(Motif::StreetLamp)),
    ("candle candlelight", Thing(Motif::Candle)),
    ("window pane curtain", Thing(Motif::Window)),
    ("door doorway gate threshold", Thing(Motif::Door)),
    ("letter envelope postcard map", Thing(Motif::Letter)),
    ("book diary novel notebook", Thing(Motif::Book)),
    ("key", Thing(Motif::Key)),
    ("bottle jar flask vase", Thing(Motif::Bottle)),
    ("clock pocketwatch", Thing(Motif::Clock)),
    ("cup tea coffee mug teapot", Thing(Motif::Cup)),
    ("chair armchair", Thing(Motif::Chair)),
    ("ladder", Thing(Motif::Ladder)),
    ("stair staircase steps stairway", Thing(Motif::Stairs)),
    ("moon moonlight moonlit", Thing(Motif::Moon)),
    ("sun sunlight sunny sunrise sunset", Thing(Motif::Sun)),
    ("star starlight starry constellation", Thing(Motif::Star)),
    ("road path lane track trail", Thing(Motif::Road)),
    ("umbrella", Thing(Motif::Umbrella)),
    ("kite", Thing(Motif::Kite)),
    ("balloon", Thing(Motif::Balloon)),
    ("fence", Thing(Motif::Fence)),
    ("rocket spaceship", Thing(Motif::Rocket)),
    ("dawn sunrise daybreak morning", Hour(Light::Dawn)),
    ("noon midday daylight sunlight sunny afternoon", Hour(Light::Day)),
    ("dusk sunset evening twilight sundown", Hour(Light::Dusk)),
    (
        "night midnight moon star stars moonlight moonlit lamplight candlelight starlight starry dark darkness nocturne",
        Hour(Light::Night),
    ),
    ("grey gray overcast cloudy storm stormy thunder gloomy", Hour(Light::Overcast)),
    ("rain rainy drizzle downpour storm stormy puddle thunder", Sky(Weather::Rain)),
    ("snow snowy snowfall blizzard frost frozen ice icy", Sky(Weather::Snow)),
    ("fog foggy mist misty haze smoke", Sky(Weather::Fog)),
    ("wind windy breeze gale gust", Sky(Weather::Wind)),
    ("spring april blossom", Time(Season::Spring)),
    ("summer june july august", Time(Season::Summer)),
    ("autumn september october november harvest leaves", Time(Season::Autumn)),
    ("winter december january february snow snowy frost", Time(Season::Winter)),
];
