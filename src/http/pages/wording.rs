//! Parts of sentences.

/// Joins names as sentences do: `OpenAI`, `OpenAI and Runway`, `OpenAI, Stability and Runway`.
pub(super) fn in_words(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// Returns a length of time in its largest whole unit, such as `1 day` or `36 hours`.
pub(super) fn length_in_words(seconds: u64) -> String {
    let units = [("day", 86_400), ("hour", 3600), ("minute", 60)];
    let unit =
        units.into_iter().find(|(_, length)| seconds >= *length && seconds.is_multiple_of(*length));
    let (name, length) = unit.unwrap_or(("second", 1));
    let count = seconds / length;
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_names_read_as_people_write_them() {
        for (seconds, words) in
            [(86_400, "1 day"), (129_600, "36 hours"), (3600, "1 hour"), (90, "90 seconds")]
        {
            assert_eq!(length_in_words(seconds), words);
        }
        let names = ["OpenAI", "Stability", "Runway"].map(str::to_owned);
        assert_eq!(in_words(&names), "OpenAI, Stability and Runway");
        assert_eq!(in_words(&names[..1]), "OpenAI");
    }
}
