//! English grammar helpers: articles, positions, and joining names without repeated words.

/// Returns `a` or `an`, by the first letter of `word`. In all words used here, a vowel letter at the
/// start is also a vowel sound.
pub fn article(word: &str) -> &'static str {
    match word.bytes().next() {
        Some(b'a' | b'e' | b'i' | b'o' | b'u') => "an",
        _ => "a",
    }
}

/// Puts the article before a phrase: `an even field`.
pub fn with_article(phrase: &str) -> String {
    format!("{} {phrase}", article(phrase))
}

/// Joins two names with `and`. If both end with the same word, the first leaves it out: `slate and
/// pale grey`.
pub fn join_names(first: &str, second: &str) -> String {
    match (first.rsplit_once(' '), second.rsplit_once(' ')) {
        (Some((start, a)), Some((_, b))) if a == b => format!("{start} and {second}"),
        _ => format!("{first} and {second}"),
    }
}

/// Describes the position of a point, given as fractions of width and height.
pub fn position_phrase((x, y): (f32, f32)) -> &'static str {
    let column = column(x);
    let row = if y < 0.34 { 0 } else { usize::from(y > 0.66) + 1 };
    POSITION_PHRASES[row][column]
}

const fn column(x: f32) -> usize {
    match x {
        x if x < 0.28 => 0,
        x if x < 0.44 => 1,
        x if x <= 0.56 => 2,
        x if x <= 0.72 => 3,
        _ => 4,
    }
}

const POSITION_PHRASES: [[&str; 5]; 3] = [
    [
        "in the upper left",
        "left of the middle, near the top",
        "near the top",
        "right of the middle, near the top",
        "in the upper right",
    ],
    [
        "on the left",
        "just left of the middle",
        "in the middle",
        "just right of the middle",
        "on the right",
    ],
    [
        "in the lower left",
        "left of the middle, near the bottom",
        "near the bottom",
        "right of the middle, near the bottom",
        "in the lower right",
    ],
];

/// Returns the words of a phrase that carry meaning, whose repetition a reader would notice.
pub fn content_words(phrase: &str) -> impl Iterator<Item = &str> {
    phrase
        .split(|c: char| !c.is_alphabetic())
        .filter(|w| w.len() > 3 || matches!(*w, "red" | "tan" | "top"))
        .filter(|w| !matches!(*w, "with" | "that" | "there" | "some" | "from"))
}

/// Turns `text` into a sentence: a capital first letter and a period at the end.
pub fn to_sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str().trim_end_matches('.'))
    })
}
