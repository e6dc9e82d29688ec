//! The words of a transcript, without the marks by which transcribers describe other sounds.

/// The brackets in which transcribers describe what is not speech, such as `[BLANK_AUDIO]` and `(silence)`.
const BRACKETS: [(char, char); 4] = [('[', ']'), ('(', ')'), ('*', '*'), ('<', '>')];

/// Returns the words that were spoken; `None` if the transcript has none.
///
/// Marks are removed only as a whole: an opening bracket that is never closed belongs to the words.
pub(super) fn spoken_words(transcript: &str) -> Option<String> {
    let (mut words, mut rest) = (String::new(), transcript);
    while let Some(at) = rest.find(|c: char| BRACKETS.iter().any(|(open, _)| *open == c)) {
        let (before, mark) = rest.split_at(at);
        words.push_str(before);
        let mut characters = mark.chars();
        let open = characters.next();
        let close =
            BRACKETS.iter().find(|(bracket, _)| Some(*bracket) == open).map(|(_, close)| *close);
        let inside = characters.as_str();
        rest = match close.and_then(|close| inside.split_once(close)) {
            Some((_, after)) => after,
            None => {
                words.extend(open);
                inside
            }
        };
    }
    words.push_str(rest);
    let is_note = |c: char| matches!(c, '\u{2669}'..='\u{266c}' | '\u{1f3b5}' | '\u{1f3b6}');
    if !words.contains(char::is_alphanumeric) {
        return None;
    }
    if words == transcript && !words.contains(is_note) {
        return Some(words.trim().to_owned());
    }
    let words = words.split(|c: char| c.is_whitespace() || is_note(c));
    Some(words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_silence_are_not_words() {
        for mark in [
            " [BLANK_AUDIO]\n",
            "(silence)",
            "[Music]",
            "*wind blowing*",
            "[ Silence ] (coughs)",
            "<|nospeech|>",
            "♪ ♪",
            "...",
            "",
        ] {
            assert_eq!(spoken_words(mark), None, "{mark}");
        }
    }

    #[test]
    fn words_between_marks_are_kept() {
        for (transcript, words) in [
            ("[Music] Tell me a story. [BLANK_AUDIO]", "Tell me a story."),
            ("♪ Row, row, row your boat ♪", "Row, row, row your boat"),
            ("a fox [unfinished", "a fox [unfinished"),
            ("two * three", "two * three"),
            ("  Erzähl mir\nwas. ", "Erzähl mir\nwas."),
            ("昔々 (笑)", "昔々"),
        ] {
            assert_eq!(spoken_words(transcript).as_deref(), Some(words), "{transcript}");
        }
    }
}
