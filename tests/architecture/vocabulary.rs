//! Words that the project has retired. One word means one thing here, and it is the field's standard term; `ARCHITECTURE.md` and
//! the code use the words on the right.

use std::fs;
use std::path::{Path, PathBuf};

use super::sources;

/// A part of a name (`FilmAsk` has the parts `film` and `ask`) that no public name may have, and the word to use.
const RETIRED_IN_NAMES: &[(&str, &str)] = &[
    ("asked", "requested"),
    ("ask", "request"),
    ("beside", "attachments"),
    ("brief", "context"),
    ("book", "ledger"),
    ("begun", "started"),
    ("chance", "rng or seed"),
    ("clumsy", "prose_only"),
    ("door", "state or endpoint"),
    ("easel", "context"),
    ("elsewhere", "remote"),
    ("endless", "long_lived"),
    ("film", "video"),
    ("filming", "video"),
    ("furnish", "bootstrap"),
    ("heed", "respect"),
    ("hop", "element"),
    ("housekeeping", "maintenance"),
    ("ill", "failed"),
    ("manner", "style or mode"),
    ("minds", "models or model_session"),
    ("nobody", "unavailable"),
    ("overhear", "on_prompt"),
    ("patience", "timeout"),
    ("reach", "fetch"),
    ("seat", "subscription"),
    ("settled", "resolved"),
    ("standing", "position"),
    ("stray", "orphan or local file"),
    ("sweep", "orphans, retention or maintenance"),
    ("teller", "composer"),
    ("told", "frame, generated or reported"),
    ("unfit", "flagged or incompatible"),
    ("upkeep", "maintenance"),
    ("wish", "request"),
];

/// Names that hold a retired word in another, standard sense.
const ALLOWED_NAMES: &[(&str, &str)] = &[
    ("told", "the lines that a story has told, as its memory is stored"),
    ("told_at", "when a frame was told"),
    ("told_at_micros", "when a frame was told"),
    ("Door", "a door in a prompt for the painter"),
    ("Book", "a book in a prompt for the painter"),
    ("BookError", "a story as a book"),
    ("BookFormat", "a story as a book"),
    ("BookOrder", "a story as a book"),
    ("BookPage", "a story as a book"),
    ("BookPicture", "a story as a book"),
    ("BookStory", "a story as a book"),
    ("Elsewhere", "another place, in the offline composer's grammar"),
    ("door", "a door that the painter paints"),
    ("book", "a book that the painter paints"),
];

/// Turns of phrase that read as if they were translated; prose and messages do without them.
const RETIRED_PHRASES: &[&str] = &[
    "whoever",
    "whosoever",
    "in the place of",
    "that of which",
    "what is none",
    "is none of",
    "has it done",
    "put off",
    "housekeeping",
    "upkeep",
    "of our own making",
    "of its own making",
    "the house",
    "let go",
    "all the same",
    "nearness in meaning",
    "beside the story",
    "is no key",
    "is no picture",
];

/// The parts of a name, in lower case: `FilmAsk`, `film_ask` and `FILM_ASK` have the same ones.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut previous = '_';
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && previous.is_lowercase()) {
            parts.push(String::new());
        }
        if c != '_' {
            parts.last_mut().expect("one").extend(c.to_lowercase());
        }
        previous = c;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The public names that a line declares: items, fields and modules. The variants of enums are found by their place.
fn public_name(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let rest = match rest.strip_prefix('(') {
        Some(scope) => scope.split_once(')')?.1,
        None => rest,
    };
    let mut rest = rest.strip_prefix(' ')?;
    for word in [
        "const ", "async ", "unsafe ", "fn ", "struct ", "enum ", "trait ", "type ", "mod ",
        "static ",
    ] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    Some(word(rest)).filter(|name| !name.is_empty() && *name != "use")
}

/// Every public name in a source: what is `pub`, the variants of a public enum, and the functions of a public trait.
fn public_names(source: &str) -> Vec<(usize, &str)> {
    let mut names = Vec::new();
    let mut members = "";
    for (index, line) in source.lines().enumerate() {
        if line.starts_with('}') {
            members = "";
        }
        let member = line.strip_prefix("    ").filter(|rest| !rest.starts_with(' '));
        let name = match (members, member) {
            ("variants", Some(rest)) if rest.starts_with(char::is_uppercase) => Some(word(rest)),
            ("functions", Some(rest)) => {
                rest.strip_prefix("async ").unwrap_or(rest).strip_prefix("fn ").map(word)
            }
            _ => public_name(line),
        };
        names.extend(name.map(|name| (index + 1, name)));
        if line.starts_with("pub") && line.ends_with('{') {
            members = match () {
                () if line.contains("enum ") => "variants",
                () if line.contains("trait ") => "functions",
                () => "",
            };
        }
    }
    names
}

/// The word that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

fn retired(name: &str) -> Option<(&'static str, &'static str)> {
    if ALLOWED_NAMES.iter().any(|(allowed, _)| *allowed == name) {
        return None;
    }
    let parts = parts(name);
    RETIRED_IN_NAMES.iter().copied().find(|(word, _)| parts.iter().any(|part| part == word))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn no_public_name_has_a_retired_word() {
    let mut found = Vec::new();
    for folder in ["src", "crates", "tests/support"] {
        for path in sources(&root().join(folder)) {
            let text = fs::read_to_string(&path).expect("readable");
            for (line, name) in public_names(&text) {
                if let Some((word, instead)) = retired(name) {
                    let shown = path.strip_prefix(root()).expect("below").display().to_string();
                    found.push(format!("{shown}:{line}: {name} ({word} → {instead})"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn prose_has_no_retired_phrase() {
    let mut found = Vec::new();
    let mut paths: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md"].iter().map(|name| root().join(name)).collect();
    let guides = fs::read_dir(root().join("docs")).expect("guides");
    paths.extend(guides.map(|guide| guide.expect("listed").path()));
    for database in ["sqlite", "postgres"] {
        let migrations = fs::read_dir(root().join("migrations").join(database));
        paths.extend(migrations.expect("migrations").map(|file| file.expect("listed").path()));
    }
    for folder in ["src", "crates"] {
        paths.extend(sources(&root().join(folder)));
    }
    for path in paths {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_rust = extension == Some("rs");
        if !is_rust && !matches!(extension, Some("md" | "sql")) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("readable");
        for (index, line) in text.lines().enumerate() {
            // In sources, comments and the messages of logs; stories and their material speak as they like.
            if is_rust && !line.trim_start().starts_with("//") && !line.contains("tracing::") {
                continue;
            }
            let line = line.to_lowercase();
            if let Some(phrase) = RETIRED_PHRASES.iter().find(|phrase| has_phrase(&line, phrase)) {
                let shown = path.strip_prefix(root()).expect("below").display().to_string();
                found.push(format!("{shown}:{}: {phrase}", index + 1));
            }
        }
    }
    assert!(found.is_empty(), "{} lines:\n{}", found.len(), found.join("\n"));
}

/// Whether a line has these words, and not as a part of longer ones.
fn has_phrase(line: &str, phrase: &str) -> bool {
    line.match_indices(phrase).any(|(at, _)| {
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        is_edge(line[..at].chars().next_back()) && is_edge(line[at + phrase.len()..].chars().next())
    })
}

#[test]
fn a_retired_word_is_found_in_any_kind_of_name() {
    for (line, name) in [
        ("pub struct FilmAsk {", "FilmAsk"),
        ("    pub(super) async fn reach_file(&self) {", "reach_file"),
        ("    pub filming: bool,", "filming"),
        ("pub(crate) const FIRST_FILM: u8 = 1;", "FIRST_FILM"),
        ("pub mod beside;", "beside"),
    ] {
        assert_eq!(public_name(line), Some(name));
        assert!(retired(name).is_some(), "{name}");
    }
    for name in ["filter", "skill", "task", "told_at_sea_level", "reachable", "tasked"] {
        assert_eq!(retired(name).is_some(), name.starts_with("told"), "{name}");
    }
    let source = "pub enum Mood {\n    /// Well.\n    Ill,\n}\npub trait Voice {\n    async fn overhear(&self);\n}\n";
    let names: Vec<&str> = public_names(source).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["Mood", "Ill", "Voice", "overhear"]);
    assert!(has_phrase("for whoever comes", "whoever") && !has_phrase("upkeepers", "upkeep"));
}
