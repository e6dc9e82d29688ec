//! The layers of the code: imports go downward only, and modules of one layer do not import each other.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says why and ends")]

mod services;
mod vocabulary;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules by layer, from the top down. `main.rs` and `lib.rs` are above all layers.
const LAYERS: &[&[&str]] = &[
    &["cli"],
    &["http", "worker"],
    &["app"],
    &["storytellers"],
    &["store", "objects", "inference", "vectors", "situation"],
    // Below these layers are the crates in `crates/`. Their manifests keep them from importing from `src`.
    &[
        "settings",
        "imaging",
        "vision",
        "painter",
        "audio",
        "compute",
        "sky",
        "telemetry",
        "http_client",
    ],
    &["domain"],
];

/// Maximum number of lines of a file that gives no reason at its top.
const MAX_LINES: usize = 400;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("src can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn layers() -> BTreeMap<&'static str, usize> {
    let numbered = LAYERS.iter().enumerate();
    numbered
        .flat_map(|(layer, modules)| modules.iter().map(move |module| (*module, layer)))
        .collect()
}

/// Returns a source without its comments and unit tests.
fn code_of(source: &str) -> String {
    remove_comments(source.split("#[cfg(test)]").next().unwrap_or_default())
}

fn remove_comments(source: &str) -> String {
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.collect::<Vec<_>>().join("\n")
}

/// Returns the modules that a source names as `crate::module` or within `use crate::{a, b::c}`. Comments and strings
/// are ignored.
fn imports(source: &str) -> Vec<String> {
    let code = remove_comments(source);
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let names = match rest.strip_prefix('{') {
            Some(list) => top_level_names(list),
            None => vec![leading_name(rest)],
        };
        found.extend(names.into_iter().filter(|name| !name.is_empty()));
    }
    found
}

fn leading_name(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn top_level_names(list: &str) -> Vec<String> {
    let (mut depth, mut names, mut start) = (1, Vec::new(), 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && c == ',') {
            names.push(leading_name(&list[start..at]));
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// Returns a message for each import of a file that breaks a rule.
fn violations(module: &str, source: &str) -> Vec<String> {
    let layers = layers();
    let Some(&here) = layers.get(module) else {
        return vec![format!(
            "{module} has no layer; add it to LAYERS in tests/architecture/main.rs"
        )];
    };
    imports(source)
        .into_iter()
        .filter(|import| import != module)
        .filter_map(|import| {
            let there = *layers.get(import.as_str())?;
            (there <= here).then(|| format!("{module} imports {import}, which is not below it"))
        })
        .collect()
}

#[test]
fn imports_go_downward_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for path in sources(&root) {
        let inside = path.strip_prefix(&root).expect("below src");
        let first = inside.iter().next().expect("a name").to_string_lossy().into_owned();
        let module = first.trim_end_matches(".rs");
        if matches!(module, "main" | "lib") {
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source");
        let found = violations(module, &source);
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", inside.display())));
        // A relative path to the crate's root would hide the module that it names.
        let depth = inside.components().count() - usize::from(inside.ends_with("mod.rs"));
        let outside_tests = source.split("#[cfg(test)]").next().unwrap_or_default();
        if outside_tests.contains(&"super::".repeat(depth)) {
            wrong.push(format!(
                "{}: climbs out of its module; begin with crate::",
                inside.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_broken_rule_is_seen() {
    let cases = [
        ("domain", "use crate::store::Store;", 1),
        ("store", "use crate::{domain::Clock, objects::{LocalStore, Stray}, settings};", 1),
        ("http", "fn f() { crate::worker::run() }", 1),
        ("app", "use crate::store::{Store, Tx};\nuse crate::domain;", 0),
        ("app", "// crate::http is above", 0),
        ("attic", "", 1),
    ];
    for (module, source, expected) in cases {
        assert_eq!(violations(module, source).len(), expected, "{module}: {source}");
    }
}

#[test]
fn a_long_file_says_why() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["benches", "crates", "src", "tests"];
    for path in folders.into_iter().flat_map(|folder| sources(&root.join(folder))) {
        let source = fs::read_to_string(&path).expect("a source");
        let head: String = source.lines().take(12).collect::<Vec<_>>().join("\n");
        let says_why = head.contains("long because");
        let lines = source.lines().count();
        assert!(
            lines <= MAX_LINES || says_why,
            "{} has {lines} lines; split it, or say at its top why it is `long because …`",
            path.display()
        );
    }
}
