//! Tests that known pictures get the expected descriptions.

use image::{Rgb, RgbImage};

use super::colour_names::{COLOUR_NAMES, nearest_name};
use super::grammar::{article, join_names, position_phrase, to_sentence};
use super::oklab::Lab;
use super::{analyze, describe, measure::LabImage, swatches, things};
use calliope_domain::ImageAnalysis;

fn flat(colour: [u8; 3]) -> RgbImage {
    RgbImage::from_pixel(60, 40, Rgb(colour))
}

/// Returns a square of one colour on a background of another; `left` is its left edge in pixels.
fn square(ground: [u8; 3], colour: [u8; 3], left: u32) -> RgbImage {
    RgbImage::from_fn(200, 120, |x, y| {
        let inside = (left..left + 40).contains(&x) && (40..80).contains(&y);
        Rgb(if inside { colour } else { ground })
    })
}

fn pictures() -> Vec<RgbImage> {
    let across = |x: u32, _: u32| Rgb([x as u8, x as u8, x as u8]);
    let colours = |x: u32, y: u32| Rgb([x as u8, 120, (y * 2) as u8]);
    let stripes = |x: u32, _: u32| Rgb(if (x / 4).is_multiple_of(2) { [0; 3] } else { [255; 3] });
    let mut all = vec![
        RgbImage::new(0, 0),
        RgbImage::from_pixel(1, 1, Rgb([200, 30, 30])),
        RgbImage::from_fn(1, 300, |_, y| Rgb([(y % 256) as u8, 80, 10])),
        flat([0; 3]),
        flat([255; 3]),
        RgbImage::from_fn(256, 100, across),
        RgbImage::from_fn(200, 120, colours),
        RgbImage::from_fn(64, 64, stripes),
    ];
    for (i, &(_, hex)) in COLOUR_NAMES.iter().enumerate() {
        let [_, r, g, b] = hex.to_be_bytes();
        let ground = COLOUR_NAMES[(i * 37 + 11) % COLOUR_NAMES.len()].1.to_be_bytes();
        all.push(square([ground[1], ground[2], ground[3]], [r, g, b], (i as u32 * 13) % 160));
        all.push(flat([r, g, b]));
    }
    all
}

/// Returns every mistake of grammar or style in a description.
fn faults(analysis: &ImageAnalysis) -> Vec<String> {
    let text = &analysis.description;
    let mut found = Vec::new();
    let mut check = |wrong: bool, what: &str| {
        if wrong {
            found.push(format!("{what}: {text}"));
        }
    };
    check(!text.ends_with('.'), "no period");
    check(text.contains("  ") || text.contains(" ,") || text.contains(".."), "spacing");
    check(text.chars().any(|c| c.is_ascii_digit()), "number");
    let sentences: Vec<&str> = text.split_inclusive('.').map(str::trim).collect();
    check(sentences.is_empty() || sentences.len() > 3, "number of sentences");
    check(!sentences.iter().all(|s| s.starts_with(char::is_uppercase)), "capital");
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect();
    check(words.windows(2).any(|w| w[0] == w[1]), "doubled word");
    for pair in words.windows(2) {
        let vowel = pair[1].starts_with(['a', 'e', 'i', 'o', 'u']);
        check((pair[0] == "a" && vowel) || (pair[0] == "an" && !vowel), "article");
    }
    found
}

#[test]
fn descriptions_read_well_for_any_picture() {
    let wrong: Vec<String> = pictures().iter().flat_map(|p| faults(&analyze(p))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_fault_finder_finds_faults() {
    let bad = |text: &str| ImageAnalysis {
        description: text.into(),
        things: vec![],
        features: None,
        ..ImageAnalysis::default()
    };
    for text in
        ["No period", "Two  spaces.", "A orange square.", "An picture.", "The the end.", "low."]
    {
        assert!(!faults(&bad(text)).is_empty(), "{text}");
    }
}

#[test]
fn things_are_two_to_five_noun_phrases_with_articles() {
    for picture in pictures() {
        let analysis = analyze(&picture);
        assert!((2..=5).contains(&analysis.things.len()), "{:?}", analysis.things);
        for thing in &analysis.things {
            let (first, rest) = thing.split_once(' ').expect("an article and a noun");
            assert_eq!(first, article(rest), "{thing}");
        }
    }
}

#[test]
fn an_orange_square_on_the_left_is_seen_there() {
    let analysis = analyze(&square([128; 3], [245, 130, 32], 20));
    assert!(analysis.things[0].contains("orange"), "{:?}", analysis.things);
    assert!(analysis.description.contains("on the left"), "{}", analysis.description);
    let features = analysis.features.expect("features");
    assert!(
        features.focus.0 < 0.4 && (0.3..0.7).contains(&features.focus.1),
        "{:?}",
        features.focus
    );
    assert!(features.palette[0].name.contains("grey"), "{:?}", features.palette);
}

#[test]
fn the_focus_follows_the_square() {
    let at = |left| {
        analyze(&square([30, 40, 60], [250, 220, 120], left)).features.expect("features").focus.0
    };
    assert!(at(10) < at(80) && at(80) < at(150), "{} {} {}", at(10), at(80), at(150));
}

#[test]
fn light_warmth_and_contrast_point_the_right_way() {
    let measure = |picture: &RgbImage| analyze(picture).features.expect("features");
    assert!(measure(&flat([0; 3])).brightness < 0.01 && measure(&flat([255; 3])).brightness > 0.99);
    assert!(
        measure(&flat([240, 120, 20])).warmth > 0.6 && measure(&flat([20, 80, 220])).warmth < -0.6
    );
    assert!(measure(&flat([128; 3])).warmth.abs() < 0.02);
    let halves = RgbImage::from_fn(40, 40, |x, _| Rgb([if x < 20 { 0 } else { 255 }; 3]));
    assert!(measure(&halves).contrast > 0.95 && measure(&flat([90; 3])).contrast < 0.01);
}

#[test]
fn shares_are_parts_of_the_picture_and_sorted() {
    for picture in pictures() {
        let features = analyze(&picture).features.expect("features");
        let total: f32 = features.palette.iter().map(|s| s.share).sum();
        assert!(!features.palette.is_empty() && features.palette.len() <= 6);
        assert!(total > 0.3 && total < 1.001, "{total}");
        assert!(features.palette.windows(2).all(|w| w[0].share >= w[1].share));
    }
}

#[test]
fn the_same_picture_is_told_the_same_way() {
    let picture = square([40, 90, 70], [220, 60, 40], 90);
    assert_eq!(analyze(&picture), analyze(&picture));
}

#[test]
fn each_known_colour_is_called_by_its_name() {
    for (known, hex) in COLOUR_NAMES {
        let [_, r, g, b] = hex.to_be_bytes();
        assert_eq!(nearest_name(Lab::from_rgb([r, g, b])), known);
        let vowel = known.starts_with(['a', 'e', 'i', 'o', 'u']);
        assert_eq!(article(known), if vowel { "an" } else { "a" }, "{known}");
    }
}

#[test]
fn oklab_keeps_colours() {
    for (known, hex) in COLOUR_NAMES {
        let [_, r, g, b] = hex.to_be_bytes();
        let back = Lab::from_rgb([r, g, b]).to_rgb();
        let near = |x: u8, y: u8| x.abs_diff(y) <= 1;
        assert!(near(back[0], r) && near(back[1], g) && near(back[2], b), "{known} {back:?}");
    }
    // Pure red, from Ottosson's table.
    let red = Lab::from_rgb([255, 0, 0]);
    assert!((red.l - 0.628).abs() < 1e-3 && (red.a - 0.225).abs() < 1e-3, "{red:?}");
}

#[test]
fn small_grammar() {
    assert_eq!(join_names("slate grey", "pale grey"), "slate and pale grey");
    assert_eq!(join_names("tan", "deep blue"), "tan and deep blue");
    assert_eq!(to_sentence("the end."), "The end.");
    assert_eq!(position_phrase((0.5, 0.5)), "in the middle");
    assert_eq!(position_phrase((0.1, 0.9)), "in the lower left");
}

#[test]
fn parts_agree_with_the_whole() {
    let picture = square([128; 3], [245, 130, 32], 20);
    let image = LabImage::from_image(&super::downscale(&picture));
    let clusters = swatches::clusters(&image);
    let total: f32 = clusters.iter().map(|c| c.share).sum();
    assert!((total - 1.0).abs() < 1e-3, "every pixel belongs to one cluster: {total}");
    let found = things::find(&image, &clusters, (0.25, 0.5));
    let analysis = analyze(&picture);
    assert_eq!(
        describe::description(&analysis.features.expect("features"), &found),
        analysis.description
    );
}
