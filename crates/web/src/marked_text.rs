//! Excerpts of texts with the words that a search found.

/// Number of characters shown before the first marked word.
const LEAD: usize = 80;

/// A piece of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarkedPart {
    /// The characters.
    pub text: String,
    /// Whether the search found them.
    pub is_marked: bool,
}

/// Returns at most `max` characters of a text around its first marked word. `marks` are pairs of offsets in code points.
#[must_use]
pub fn marked_excerpt(text: &str, marks: &[(usize, usize)], max: usize) -> Vec<MarkedPart> {
    let chars: Vec<char> = text.trim_end().chars().collect();
    let first = marks.first().map_or(0, |mark| mark.0).min(chars.len());
    let mut start = if chars.len() <= max { 0 } else { first.saturating_sub(LEAD) };
    while start > 0 && start < first && !chars[start - 1].is_whitespace() {
        start += 1;
    }
    let end = chars.len().min(start + max);
    let mut parts = Vec::new();
    let mut push = |from: usize, to: usize, is_marked: bool| {
        if from < to {
            let text = chars.iter().take(to).skip(from).collect();
            parts.push(MarkedPart { text, is_marked });
        }
    };
    let mut at = start;
    for &(from, to) in marks {
        let (from, to) = (from.clamp(at, end), to.clamp(at, end));
        push(at, from, false);
        push(from, to, true);
        at = to;
    }
    push(at, end, false);
    let ellipsis = || MarkedPart { text: "…".to_owned(), is_marked: false };
    if start > 0 {
        parts.insert(0, ellipsis());
    }
    if end < chars.len() {
        parts.push(ellipsis());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str, marks: &[(usize, usize)], max: usize) -> String {
        let parts = marked_excerpt(text, marks, max).into_iter();
        parts.map(|p| if p.is_marked { format!("[{}]", p.text) } else { p.text }).collect()
    }

    #[test]
    fn marks_stay_at_their_words() {
        assert_eq!(show("Über Boote, rot\n", &[(5, 10), (12, 15)], 99), "Über [Boote], [rot]");
        assert_eq!(show("none", &[], 99), "none");
        assert_eq!(show("", &[(3, 9)], 99), "");
        let long = format!("{}the moon rose", "word ".repeat(60));
        let shown = show(&long, &[(304, 308)], 40);
        assert!(shown.starts_with("…word") && !shown.contains('['), "{shown}");
        let shown = show(&long, &[(304, 308)], 120);
        assert!(shown.starts_with("…word ") && shown.ends_with("the [moon] rose"), "{shown}");
    }
}
