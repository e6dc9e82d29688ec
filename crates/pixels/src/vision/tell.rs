//! One to three sentences about a picture.

use super::things::Thing;
use super::words::{joined, sentence, weighty, with_article};
use calliope_domain::Look;

/// Describes a measured picture. No word of weight is used twice.
pub fn description(look: &Look, things: &[Thing]) -> String {
    let turn = turn(look);
    let first = opening(look, turn);
    let mut told = Told::default();
    told.note(&first);
    let mut sentences = vec![sentence(&first)];
    if let [first, .., last] = things
        && first.quiet
    {
        sentences.extend(
            told.fresh(format!("nothing stands out; there is only {}", last.phrase))
                .as_deref()
                .map(sentence),
        );
        return sentences.join(" ");
    }
    let mut rest = things.iter();
    if let Some(second) = rest.find_map(|thing| eye(thing, look, turn, &told)) {
        told.note(&second);
        sentences.push(sentence(&second));
    }
    if let Some(third) = rest.find_map(|thing| also(thing, turn, &told)) {
        sentences.push(sentence(&third));
    }
    sentences.join(" ")
}

/// Which way of saying things this picture gets: fixed by its colours, different between pictures.
fn turn(look: &Look) -> usize {
    look.palette
        .iter()
        .flat_map(|s| s.rgb)
        .fold(7usize, |h, v| h.wrapping_mul(31).wrapping_add(usize::from(v)) % 100_003)
}

/// Words already used.
#[derive(Default)]
struct Told(Vec<String>);

impl Told {
    fn note(&mut self, text: &str) {
        self.0.extend(weighty(&text.to_lowercase()).map(str::to_owned));
    }

    /// The text, where it says nothing twice, neither against what was told nor within itself.
    fn fresh(&self, text: String) -> Option<String> {
        let lower = text.to_lowercase();
        let words: Vec<&str> = weighty(&lower).collect();
        let repeats = words
            .iter()
            .enumerate()
            .any(|(i, w)| words[..i].contains(w) || self.0.iter().any(|t| t == w));
        (!repeats).then_some(text)
    }
}

fn opening(look: &Look, turn: usize) -> String {
    let light = light(look.brightness);
    let mood = if look.warmth > 0.22 {
        ", warm"
    } else if look.warmth < -0.12 {
        ", cool"
    } else {
        ""
    };
    let noun = if turn.is_multiple_of(3) { "view" } else { "picture" };
    let start = with_article(&format!("{light}{mood} {noun}"));
    let Some(main) = look.palette.first() else { return start };
    let second = look.palette.get(1).filter(|s| s.share > 0.12);
    let colours = second.map_or_else(|| main.name.clone(), |s| joined(&main.name, &s.name));
    let link = if main.share > 0.96 {
        "all in"
    } else if main.share > 0.7 {
        "almost wholly"
    } else if turn.is_multiple_of(2) {
        "mostly"
    } else {
        "made up mainly of"
    };
    // `a dark picture, mostly dark brown` says dark twice; then the light goes unsaid.
    let whole = format!("{start}, {link} {colours}");
    Told::default().fresh(whole).unwrap_or_else(|| {
        let plain = if mood.is_empty() { "quiet" } else { &mood[2..] };
        format!("{}, {link} {colours}", with_article(&format!("{plain} {noun}")))
    })
}

const fn light(brightness: f32) -> &'static str {
    match brightness {
        b if b < 0.12 => "very dark",
        b if b < 0.28 => "dark",
        b if b < 0.42 => "rather dim",
        b if b < 0.58 => "softly lit",
        b if b < 0.74 => "fairly bright",
        b if b < 0.9 => "bright",
        _ => "very bright",
    }
}

/// What draws the eye, and against what.
fn eye(thing: &Thing, look: &Look, turn: usize, told: &Told) -> Option<String> {
    let place = thing.place.map_or_else(String::new, |p| format!(" {p}"));
    let what = format!("{}{place}", thing.phrase);
    let start = match turn % 4 {
        0 => format!("what draws the eye is {what}"),
        1 => format!("the eye goes to {what}"),
        2 => format!("{what} stands out"),
        _ => format!("the first thing to notice is {what}"),
    };
    let against = match look.brightness {
        b if b < 0.3 => ", against something dark",
        b if b > 0.7 => ", against something pale",
        _ => "",
    };
    let long = format!("{start}{against}");
    if look.contrast > 0.3 && thing.place.is_some() && turn % 4 != 2 {
        told.fresh(long).or_else(|| told.fresh(start))
    } else {
        told.fresh(start)
    }
}

fn also(thing: &Thing, turn: usize, told: &Told) -> Option<String> {
    let what = &thing.phrase;
    let place = thing.place.map_or_else(String::new, |p| format!(" {p}"));
    let whole = match turn % 3 {
        0 => format!("there is also {what}{place}"),
        1 => format!("then there is {what}{place}"),
        _ => format!("it has {what}{place} as well"),
    };
    told.fresh(whole)
}
