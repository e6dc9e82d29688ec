//! Slugs and titles of stories.

/// Returns the slug of a title, to which the caller adds a number if another story has it.
///
/// The title is converted to lower case, every character outside `[a-z0-9]` becomes a space, and the first five words
/// are joined by `-` and cut to 40 characters. The cut may leave a `-` at the end, which existing links rely on. If
/// nothing is left, the slug is `story`.
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

/// Returns the title of a story whose first frame has this text: one line, at most 255 characters.
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
