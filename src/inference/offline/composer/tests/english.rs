//! Tests of the rules of written English.

use super::super::english::{
    article, join_with_and, possessive, sentences, to_typographic_quotes, truncate,
};

#[test]
fn articles_follow_the_sound() {
    for (noun, expected) in
        [("orange", "an"), ("burnt orange", "a"), ("hour", "an"), ("uniform", "a"), ("one", "a")]
    {
        assert_eq!(article(noun), expected, "{noun}");
    }
}

#[test]
fn owners_in_s_take_an_s() {
    assert_eq!(possessive("James"), "James’s");
}

#[test]
fn sentences_end_outside_quotes() {
    let text = "“Is it safe?” asked Mei. “No. Yes,” said Davit. “Who?” She left.";
    let expected = ["“Is it safe?” asked Mei.", "“No. Yes,” said Davit.", "“Who?”", "She left."];
    assert_eq!(sentences(text), expected);
}

#[test]
fn clipping_keeps_words_whole() {
    assert_eq!(truncate("where is the key", 9), "where is");
    assert_eq!(truncate("where is the key", 8), "where is");
    assert_eq!(truncate("lighthouse", 5), "light");
}

#[test]
fn quotes_curl_by_their_place() {
    assert_eq!(to_typographic_quotes("\"It's\", he said"), "“It’s”, he said");
}

#[test]
fn lists_are_joined_as_spoken() {
    assert_eq!(join_with_and(&["sea", "sky", "boat"].map(str::to_owned)), "sea, sky and boat");
}
