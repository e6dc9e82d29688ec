//! The README and the guides: their links lead somewhere, and their JSON is what the program accepts.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says why and ends"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use calliope::domain::Schedule;
use serde_json::Value;

/// The README is the first page that a stranger reads; it stays this short, in lines.
const MAX_README_LINES: usize = 150;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn pages() -> Vec<(PathBuf, String)> {
    let mut paths = vec![root().join("README.md"), root().join("ARCHITECTURE.md")];
    for entry in fs::read_dir(root().join("docs")).expect("guides") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("readable");
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// The text without its blocks of code.
fn prose(text: &str) -> String {
    let parts = text.split("```").step_by(2);
    parts.collect::<Vec<&str>>().join("\n")
}

/// The fragments by which a page's headings are linked, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let text = prose(text);
    let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let kept =
                heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// The targets of a page's links.
fn links(text: &str) -> Vec<String> {
    let text = prose(text);
    let targets = text.split("](").skip(1);
    targets.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

#[test]
fn every_link_leads_to_a_page_and_a_heading() {
    let mut broken = Vec::new();
    for (path, text) in pages() {
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.parent().expect("a folder").join(file),
            };
            let is_there = target.exists()
                && (anchor.is_empty()
                    || fs::read_to_string(&target)
                        .is_ok_and(|page| anchors(&page).contains(anchor)));
            if !is_there {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(root().join("README.md")).expect("readable");
    assert!(readme.lines().count() <= MAX_README_LINES, "{}", readme.lines().count());
}

#[test]
fn the_schedules_in_the_guide_are_accepted() {
    let guide = fs::read_to_string(root().join("docs/schedules.md")).expect("readable");
    let blocks = guide.split("```json\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let values = blocks.filter_map(|(block, _)| serde_json::from_str::<Value>(block).ok());
    let schedules: Vec<Value> = values
        .filter(|value| value.get("weekly").is_some() || value.get("steps").is_some())
        .collect();
    assert!(schedules.len() >= 2, "weekly and steps are shown in full");
    for schedule in &schedules {
        if let Err(error) = Schedule::parse(schedule) {
            panic!("{error}: {schedule}");
        }
    }
    assert!(schedules.iter().any(|schedule| schedule.to_string().contains("\"sleep\":true")));
}

/// The names in the first cell of the rows of the guide's table of template variables.
fn variables_of_the_guide() -> BTreeSet<String> {
    let guide = fs::read_to_string(root().join("docs/storytellers.md")).expect("readable");
    let section = guide.split("\n## Template variables\n").nth(1).expect("the section");
    let table = section.split("\n\nTo see all values").next().expect("the table");
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| quoted(row.split(" | ").next().expect("a cell"))).collect()
}

/// The names before the colon in each item of the list of template variables in the OpenAPI document.
fn variables_of_the_api() -> BTreeSet<String> {
    let source = fs::read_to_string(root().join("crates/domain/src/resource.rs"));
    let source = source.expect("readable");
    let list = source.split("when it is stored. The variables:").nth(1).expect("the list");
    let items = list.lines().skip(1).take_while(|line| line.trim_start().starts_with("///"));
    let items = items.filter_map(|line| line.trim_start().strip_prefix("/// - "));
    items.flat_map(|item| quoted(item.split(": ").next().expect("names"))).collect()
}

fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_guide_and_the_api_list_the_same_template_variables() {
    let guide = variables_of_the_guide();
    assert!(guide.len() > 30 && guide.contains("brief.seen.look.palette"), "{guide:?}");
    assert_eq!(guide, variables_of_the_api());
}
