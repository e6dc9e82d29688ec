//! How a story is named in links and lists.

/// The slug that a title asks for, before a number makes it unique.
///
/// Lowercased, anything outside `[a-z0-9\s]` to a space, the first five words joined by `-`, cut to 40
/// characters (a quirk that links rely on: the cut may leave a `-` at the end); `story` when nothing is left.
#[must_use]
pub fn slug_base(title: &str) -> String {
    let plain: String = title
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { ' ' })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().take(5).collect();
    let slug: String = words.join("-").chars().take(40).collect();
    if slug.is_empty() { "story".to_owned() } else { slug }
}

/// The title that a story takes from the text of its first frame: one line, at most 255 characters.
#[must_use]
pub fn story_title(first_text: &str) -> String {
    let line = first_text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(255).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_the_first_five_plain_words() {
        let cases = [
            ("Deep in the mysterious forest, a bell rang.", "deep-in-the-mysterious-forest"),
            ("It's 5 o'clock!", "it-s-5-o-clock"),
            ("  \n", "story"),
            ("Ünïcödé", "n-c-d"),
            ("日本語", "story"),
            (
                "incomprehensibilities counterrevolutionaries apart",
                "incomprehensibilities-counterrevolutiona",
            ),
            (
                "abcdefghijklmnopqrstuvwxyz abcdefghijkl mnop",
                "abcdefghijklmnopqrstuvwxyz-abcdefghijkl-",
            ),
        ];
        for (title, slug) in cases {
            assert_eq!(slug_base(title), slug, "{title}");
        }
    }
}
