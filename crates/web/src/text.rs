//! Texts of frames as pages show them.

/// The languages that a prompt template may name in words, with their BCP 47 tags.
const LANGUAGE_NAMES: [(&str, &str); 32] = [
    ("arabic", "ar"),
    ("bulgarian", "bg"),
    ("catalan", "ca"),
    ("chinese", "zh"),
    ("croatian", "hr"),
    ("czech", "cs"),
    ("danish", "da"),
    ("dutch", "nl"),
    ("english", "en"),
    ("finnish", "fi"),
    ("french", "fr"),
    ("german", "de"),
    ("greek", "el"),
    ("hebrew", "he"),
    ("hindi", "hi"),
    ("hungarian", "hu"),
    ("icelandic", "is"),
    ("italian", "it"),
    ("japanese", "ja"),
    ("korean", "ko"),
    ("norwegian", "no"),
    ("persian", "fa"),
    ("polish", "pl"),
    ("portuguese", "pt"),
    ("romanian", "ro"),
    ("russian", "ru"),
    ("spanish", "es"),
    ("swedish", "sv"),
    ("thai", "th"),
    ("turkish", "tr"),
    ("ukrainian", "uk"),
    ("vietnamese", "vi"),
];

/// Returns the BCP 47 tag of a language that is named by its tag or by its English name. No language means English;
/// one that is not known gets the tag `und`.
#[must_use]
pub fn language_tag(language: Option<&str>) -> String {
    let Some(language) = language.map(str::trim).filter(|language| !language.is_empty()) else {
        return "en".to_owned();
    };
    let lower = language.to_ascii_lowercase();
    let first_word = lower.split_whitespace().next_back().unwrap_or_default();
    let named = LANGUAGE_NAMES.iter().find(|(name, _)| *name == lower || *name == first_word);
    if let Some((_, tag)) = named {
        return (*tag).to_owned();
    }
    if is_tag(language) { language.to_owned() } else { "und".to_owned() }
}

/// Returns whether a text has the form of a language tag, such as `pt-BR`.
fn is_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Returns the paragraphs of a text: its lines that are not blank.
#[must_use]
pub fn paragraphs(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// Returns the start of a text on one line, with at most `max` characters. A text that is cut ends with an ellipsis,
/// after a whole word if one ends in its second half.
#[must_use]
pub fn shorten(text: &str, max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= max {
        return line;
    }
    let cut: String = line.chars().take(max.saturating_sub(1)).collect();
    let whole = cut.rsplit_once(' ').map(|(start, _)| start);
    let whole = whole.filter(|start| start.chars().count() * 2 >= max).unwrap_or(&cut);
    format!("{}…", whole.trim_end_matches([',', ';', ':', '.', '-', '–', '—']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_become_tags() {
        for (language, tag) in [
            (None, "en"),
            (Some(""), "en"),
            (Some("Portuguese"), "pt"),
            (Some("Brazilian Portuguese"), "pt"),
            (Some("pt-BR"), "pt-BR"),
            (Some("de"), "de"),
            (Some("the tongue of birds"), "und"),
            (Some("en\" onload=\""), "und"),
        ] {
            assert_eq!(language_tag(language), tag, "{language:?}");
        }
    }

    #[test]
    fn a_long_text_ends_after_a_word() {
        assert_eq!(shorten("The  lamp\nburns.", 40), "The lamp burns.");
        assert_eq!(shorten("The lamp burns, and the sea answers.", 18), "The lamp burns…");
        assert_eq!(shorten("灯台の光が海を照らし続ける", 6), "灯台の光が…");
        assert_eq!(paragraphs("One.\n\n  Two. \n"), ["One.", "Two."]);
    }
}
