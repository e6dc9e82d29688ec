//! Splits a frame into the pieces that are indexed: its text, then what its picture shows, what the camera saw and what
//! was heard. Each piece is short enough for an embedding model.

use crate::store::FrameToIndex;
use crate::vectors::MAX_PIECES;

/// Maximum length of a piece in characters: about 250 tokens of English, which even small embedding models accept.
const MAX_PIECE_CHARS: usize = 1000;

/// Returns the pieces of a frame, in order; none if the frame has no text. The part of a long frame beyond
/// [`MAX_PIECES`] can be found by lexical search only.
pub(super) fn split_frame(frame: &FrameToIndex) -> Vec<String> {
    let text = frame.text.as_deref().unwrap_or_default().trim();
    let mut document = text.to_owned();
    for (what, words) in [
        ("The picture shows", &frame.illustration),
        ("The camera saw", &frame.seen),
        ("Heard", &frame.heard),
    ] {
        let words = words.as_deref().unwrap_or_default().trim();
        // The description of an illustration often contains the text itself.
        if words.is_empty() || words.contains(text) && !text.is_empty() || text.contains(words) {
            continue;
        }
        if !document.is_empty() {
            document.push('\n');
        }
        document.extend([what, ": ", words]);
    }
    let mut pieces = split(&document);
    pieces.truncate(usize::try_from(MAX_PIECES).unwrap_or(usize::MAX));
    pieces
}

/// Splits a document between sentences. Each piece after the first starts with the last sentence of the piece before,
/// if that is short enough, so that a meaning that spans two sentences is complete in one piece.
fn split(document: &str) -> Vec<String> {
    let length = |text: &str| text.chars().count();
    let mut pieces: Vec<String> = Vec::new();
    let mut piece: Vec<&str> = Vec::new();
    let mut size = 0;
    for sentence in sentences(document) {
        let added = length(sentence) + 1;
        if size + added > MAX_PIECE_CHARS + 1 && !piece.is_empty() {
            pieces.push(piece.join(" "));
            let overlap = piece
                .last()
                .copied()
                .filter(|last| length(last) + 1 + added <= MAX_PIECE_CHARS / 2);
            piece = overlap.into_iter().collect();
            size = piece.iter().map(|sentence| length(sentence) + 1).sum();
        }
        piece.push(sentence);
        size += added;
    }
    if !piece.is_empty() {
        pieces.push(piece.join(" "));
    }
    pieces
}

/// Returns sentences and lines of at most [`MAX_PIECE_CHARS`] characters each. Longer ones are cut between words, or
/// anywhere if a word is too long.
fn sentences(document: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = document;
    while !rest.is_empty() {
        let (sentence, remainder) = rest.split_at(sentence_end(rest));
        rest = remainder;
        let mut sentence = sentence.trim();
        while let Some((limit, _)) = sentence.char_indices().nth(MAX_PIECE_CHARS) {
            let cut = sentence[..limit].rfind(char::is_whitespace).filter(|cut| *cut > 0);
            let (head, tail) = sentence.split_at(cut.unwrap_or(limit));
            found.push(head.trim_end());
            sentence = tail.trim_start();
        }
        if !sentence.is_empty() {
            found.push(sentence);
        }
    }
    found
}

/// Returns the byte offset at which the first sentence ends, including its closing quotes.
fn sentence_end(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let after = at + c.len_utf8();
        match c {
            '\n' | '。' | '！' | '？' | '।' => return after,
            '.' | '!' | '?' | '…' => {
                let mut after = after;
                while let Some((at, c)) = chars.next_if(|(_, c)| "”’\"')»".contains(*c)) {
                    after = at + c.len_utf8();
                }
                if chars.peek().is_none_or(|(_, next)| next.is_whitespace()) {
                    return after;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn frame(text: &str, illustration: &str, seen: &str) -> FrameToIndex {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        FrameToIndex {
            id: 1,
            story_id: Uuid::nil(),
            number: 0,
            text: given(text),
            illustration: given(illustration),
            seen: given(seen),
            heard: None,
            language: None,
            client_id: "s".to_owned(),
            strategy: "fern".to_owned(),
            date_created: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_short_frame_is_one_piece() {
        let pieces = |text: &str, illustration: &str, seen: &str| {
            split_frame(&frame(text, illustration, seen))
        };
        let text = "The lamp went out.";
        assert_eq!(pieces(text, "", ""), [text]);
        assert_eq!(pieces(text, &format!("in ink {text}"), ""), [text], "said once");
        assert_eq!(
            pieces(text, "a dark room", "A red boat."),
            ["The lamp went out. The picture shows: a dark room The camera saw: A red boat."]
        );
        assert_eq!(pieces("", "a dark room", ""), ["The picture shows: a dark room"]);
        assert_eq!(pieces("", "", ""), [""; 0]);
    }

    #[test]
    fn a_long_frame_is_split_between_sentences_that_overlap() {
        let sentence =
            |n: usize| format!("“Sentence {n} of many,” said Mr.Grey, “goes on for 3.5 lines!”");
        let text: Vec<String> = (0..40).map(sentence).collect();
        let found = split_frame(&frame(&text.join(" "), "", ""));
        assert!(found.len() > 2, "{found:?}");
        for pair in found.windows(2) {
            let last = &pair[0][pair[0].rfind("“Sentence").expect("a sentence")..];
            assert!(pair[1].starts_with(last), "{pair:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_long(text in "([a-zß。. !?…”\n]{0,60}|[^\\s]{900,2500}){0,6}") {
            let found = split(&text);
            let bare = |text: &str| text.split_whitespace().map(str::to_owned).collect::<String>();
            prop_assert!(found.iter().all(|piece| piece.chars().count() <= MAX_PIECE_CHARS));
            let joined: String = found.iter().map(|piece| bare(piece)).collect();
            // Overlaps only add characters, so the text must be a subsequence of the joined pieces.
            let mut rest = joined.chars();
            prop_assert!(bare(&text).chars().all(|c| rest.any(|other| other == c)));
        }
    }
}
