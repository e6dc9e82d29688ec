//! Tests of properties that every picture must have.

use image::RgbImage;

use super::prompt::{Light, Motif, PaintedWeather, ParsedPrompt, Setting, tokenize};
use super::{PaintRequest, paint};
use crate::vision;
use crate::vision::oklab::Lab;
use calliope_domain::{ImageFeatures, Size, Swatch};

const STORY: &str = "A lighthouse keeper reads a wet letter by lamplight, the sea dark outside";

fn request(words: &str, size: (u32, u32), seed: u64) -> PaintRequest<'_> {
    PaintRequest { prompt: words, size: Size::new(size.0, size.1), seed, features: None }
}

/// Returns the fraction of pixels of which a channel differs by more than 8.
fn difference(a: &RgbImage, b: &RgbImage) -> f32 {
    let differs = |(p, q): (&image::Rgb<u8>, &image::Rgb<u8>)| {
        p.0.iter().zip(q.0).any(|(x, y)| x.abs_diff(y) > 8)
    };
    let count = a.pixels().zip(b.pixels()).filter(|pair| differs(*pair)).count();
    count as f32 / (a.width() * a.height()) as f32
}

fn lumas(picture: &RgbImage) -> Vec<f32> {
    picture.pixels().map(|p| p.0.iter().map(|&v| f32::from(v)).sum::<f32>() / 3.0).collect()
}

/// Returns the standard deviation of luma, and the correlation of each pixel with its right neighbour.
fn texture(picture: &RgbImage) -> (f32, f32) {
    let luma = lumas(picture);
    let count = luma.len() as f32;
    let mean = luma.iter().sum::<f32>() / count;
    let variance = luma.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count;
    let width = picture.width() as usize;
    let pairs: Vec<f32> = (0..luma.len() - 1)
        .filter(|i| (i + 1) % width != 0)
        .map(|i| (luma[i] - mean) * (luma[i + 1] - mean))
        .collect();
    let together = pairs.iter().sum::<f32>() / pairs.len() as f32;
    (variance.sqrt(), together / variance.max(1e-6))
}

fn with_features<'a>(features: &'a ImageFeatures, request: PaintRequest<'a>) -> PaintRequest<'a> {
    PaintRequest { features: Some(features), ..request }
}

fn photo_features(colours: &[[u8; 3]], focus: (f32, f32)) -> ImageFeatures {
    let share = 1.0 / colours.len() as f32;
    let palette =
        colours.iter().map(|&rgb| Swatch { name: "a colour".into(), rgb, share }).collect();
    ImageFeatures { palette, brightness: 0.5, warmth: 0.0, contrast: 0.5, focus }
}

#[test]
fn the_same_ask_gives_the_same_picture() {
    for prompt in [STORY, "a train in the snow", ""] {
        assert_eq!(paint(&request(prompt, (160, 120), 7)), paint(&request(prompt, (160, 120), 7)));
    }
}

/// A prompt for each kind of scene, medium and weather.
const SCENES: [&str; 8] = [
    STORY,
    "a train in the snow at dawn",
    "pen and ink: a village street at night, lit windows, a cat",
    "a forest path in autumn rain, a figure with an umbrella",
    "a room with a candle, a book and a cup on the table",
    "gouache of a boat below high mountains under a bright sky",
    "charcoal tower in fog",
    "pastel garden with flowers and a kite",
];

#[test]
fn every_machine_paints_the_same_picture() {
    let sums: Vec<String> = SCENES
        .iter()
        .zip(1..)
        .map(|(prompt, seed)| {
            let picture = paint(&request(prompt, (120, 90), seed));
            let own = vision::analyze(&picture).features.expect("features");
            let again = paint(&with_features(&own, request(prompt, (64, 96), seed)));
            let hex = [&picture, &again].map(|picture| {
                let hash = picture.as_raw().iter().fold(0xCBF2_9CE4_8422_2325_u64, |h, b| {
                    (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01B3)
                });
                format!("{hash:016x}")
            });
            hex.join(" ")
        })
        .collect();
    // A change to the painter changes these numbers. A machine must not: neither its processor nor its system.
    assert_eq!(
        sums,
        [
            "352cdfb1ecd714e3 d41b8b748a5f9164",
            "bd9f71d96453aa80 c41e3bef3823e2f0",
            "c5bc726280a42178 1c01b641f23b0957",
            "061c51b6b048509d 7a725e9366ccbab3",
            "4d1e80b740ec4396 a71d5856f6947cc3",
            "3f4010c7db8a9eca fc766a9eee632a28",
            "3f25ffa13ed16e8f bc20c20ad3dec6a2",
            "ea197aae0ed1e9f1 b16fa575a54347bd",
        ]
    );
}

#[test]
fn sizes_are_exact() {
    for size in [(1, 1), (1, 2), (7, 300), (300, 7), (64, 64), (33, 97), (320, 240), (900, 500)] {
        assert_eq!(paint(&request(STORY, size, 3)).dimensions(), size);
    }
    assert_eq!(paint(&request(STORY, (0, 5), 3)).dimensions(), (1, 5), "zero counts as one");
    assert_eq!(paint(&request(STORY, (1, 4096), 3)).dimensions(), (1, 4096));
}

#[test]
fn two_seeds_paint_two_pictures() {
    let (a, b) = (paint(&request(STORY, (256, 256), 1)), paint(&request(STORY, (256, 256), 2)));
    assert!(difference(&a, &b) > 0.6, "{}", difference(&a, &b));
    assert!(difference(&a, &a) == 0.0);
}

#[test]
fn a_hundred_seeds_are_all_different() {
    let all: Vec<RgbImage> =
        (0..100).map(|seed| paint(&request("a boat", (32, 32), seed))).collect();
    for (i, a) in all.iter().enumerate() {
        for b in &all[..i] {
            assert!(difference(a, b) > 0.25, "{}", difference(a, b));
        }
    }
}

#[test]
fn words_change_the_picture() {
    let (sea, wood) =
        (paint(&request("the sea", (128, 128), 1)), paint(&request("the forest", (128, 128), 1)));
    assert!(difference(&sea, &wood) > 0.6);
    let mean = |p: &RgbImage| lumas(p).iter().sum::<f32>() / (128.0 * 128.0);
    let (day, night) = (
        mean(&paint(&request("hills at noon", (128, 128), 4))),
        mean(&paint(&request("hills at night", (128, 128), 4))),
    );
    assert!(day > night + 40.0, "{day} {night}");
}

#[test]
fn pictures_are_neither_blank_nor_noise() {
    for (i, prompt) in [STORY, "fog", "a train in the snow at dawn", "garden", "", "charcoal tower"]
        .iter()
        .enumerate()
    {
        let (spread, neighbour) = texture(&paint(&request(prompt, (256, 256), i as u64)));
        assert!(spread > 14.0, "{prompt}: blank, {spread}");
        assert!(neighbour > 0.85, "{prompt}: noise, {neighbour}");
    }
    let noise = RgbImage::from_fn(64, 64, |x, y| {
        image::Rgb([(super::rng::fnv1a(&format!("{x},{y}")) >> 13) as u8; 3])
    });
    assert!(texture(&noise).1 < 0.3, "the measure must recognise noise");
}

#[test]
fn the_photo_sets_the_hues() {
    let teal = [[20, 90, 95], [60, 140, 145], [150, 205, 205], [15, 50, 55]];
    let rust = [[140, 60, 30], [190, 100, 60], [235, 190, 160], [70, 30, 15]];
    let mean = |colours: &[[u8; 3]]| {
        let features = photo_features(colours, (0.5, 0.5));
        let picture = paint(&with_features(&features, request("hills and a tree", (128, 128), 11)));
        let sum = picture
            .pixels()
            .map(|p| Lab::from_rgb(p.0))
            .fold((0.0, 0.0), |s, c| (s.0 + c.a, s.1 + c.b));
        (sum.0 / 16384.0, sum.1 / 16384.0)
    };
    let (cold, warm) = (mean(&teal), mean(&rust));
    assert!(cold.0 < -0.01 && warm.0 > 0.015, "{cold:?} {warm:?}");
    assert!(warm.1 > cold.1 + 0.03, "{cold:?} {warm:?}");
}

#[test]
fn the_paint_is_near_the_photo_s_palette() {
    let colours = [[30, 40, 90], [90, 110, 170], [200, 210, 235], [120, 70, 130]];
    let features = photo_features(&colours, (0.4, 0.5));
    let request = with_features(&features, request("a house on a hill", (128, 128), 5));
    let own = vision::analyze(&paint(&request)).features.expect("features");
    // Hue and chroma only, because the scene sets the light.
    let off = |rgb: [u8; 3]| {
        let c = Lab::from_rgb(rgb);
        colours
            .iter()
            .map(|&k| Lab::from_rgb(k))
            .map(|k| (k.a - c.a).hypot(k.b - c.b))
            .fold(f32::MAX, f32::min)
    };
    let total: f32 = own.palette.iter().map(|s| s.share).sum();
    let mean = own.palette.iter().map(|s| off(s.rgb) * s.share).sum::<f32>() / total;
    assert!(mean < 0.05, "{mean}");
    assert!(off([230, 140, 20]) > 0.1, "the measure must recognise a foreign colour");
}

#[test]
fn the_main_thing_goes_to_the_focus() {
    // The dark tree moves the horizontal mean of dark pixels with it.
    let weight = |focus: f32| {
        let mut total = (0.0, 0.0);
        for seed in 0..6 {
            let features =
                photo_features(&[[235, 235, 225], [120, 140, 90], [40, 50, 40]], (focus, 0.5));
            let picture = paint(&with_features(
                &features,
                request("a tree at noon in a field", (128, 128), seed),
            ));
            for (x, y, p) in picture.enumerate_pixels().filter(|(_, y, _)| *y < 70) {
                let dark = (255.0 - f32::from(p.0[1])).powi(3) * f32::from(y > 0);
                total = (total.0 + dark * x as f32, total.1 + dark);
            }
        }
        total.0 / total.1
    };
    assert!(weight(0.25) + 4.0 < weight(0.75), "{} {}", weight(0.25), weight(0.75));
}

fn parse(prompt: &str) -> ParsedPrompt {
    let words = tokenize(prompt);
    ParsedPrompt::from_words(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn words_are_read() {
    let story = parse(STORY);
    assert_eq!(story.setting, Some(Setting::Sea));
    assert_eq!(story.motifs, [Motif::Lighthouse, Motif::Figure, Motif::Letter, Motif::Lamp]);
    assert_eq!(story.light, Light::Night);
    let train = parse("A train crosses a snowy field at dawn");
    assert_eq!((train.setting, train.light), (Some(Setting::Field), Light::Dawn));
    assert_eq!(train.weather, Some(PaintedWeather::Snow));
    assert_eq!(parse("Houses, churches, boats").motifs, [Motif::House, Motif::Church, Motif::Boat]);
    assert!(parse("A picture book illustration of nobody").motifs.is_empty());
    assert_eq!(parse("rain").light, Light::Overcast);
}

#[test]
fn every_known_word_can_be_painted() {
    for (i, (words, _)) in super::lexicon::LEXICON.iter().enumerate() {
        let picture = paint(&request(words, (48, 32), i as u64));
        assert!(texture(&picture).0 > 5.0, "{words}");
    }
}
