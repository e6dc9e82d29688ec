//! The layers of the services in `app`: a service uses only services below it, and reaches them through private
//! fields.
//!
//! `cargo test --test architecture services -- --nocapture` prints the service graph.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::{code_of, sources};

/// The services by layer, from the top down. Services of one layer do not use each other.
const LAYERS: &[&[&str]] = &[
    &["ops"],
    &["frames"],
    &["search"],
    &["clients", "books", "device_commands"],
    &["events"],
    &["stories"],
    &["models"],
    &["config", "files", "idempotency", "identity"],
    &["jobs"],
];

/// Modules that every service may use.
const LEAVES: &[&str] = &["actor", "audit", "error", "page"];

/// The types that hold rows or services, by folder. No other type may hold either.
const SERVICES: &[(&str, &[&str])] = &[
    ("ops", &["Ops"]),
    (
        "frames",
        &[
            "Frames",
            "Intake",
            "Inputs",
            "FrameWaiter",
            "NextFrames",
            "Generator",
            "Perceiver",
            "Pictures",
            "Attachments",
            "FramePersister",
            "Redraws",
            "Rehearsals",
        ],
    ),
    ("search", &["Search"]),
    ("clients", &["Clients", "Shares"]),
    ("books", &["Books"]),
    ("device_commands", &["DeviceCommands"]),
    ("events", &["Events"]),
    ("stories", &["Stories"]),
    ("models", &["Models", "SpendLedger"]),
    ("config", &["Config"]),
    ("files", &["Files"]),
    ("idempotency", &["Idempotency"]),
    ("identity", &["Identities"]),
    ("jobs", &["Jobs"]),
];

/// Types that pass resources to constructors, which take them apart.
const DEPENDENCY_TYPES: &[&str] = &["FrameDependencies"];

/// Maximum number of fields in a service.
const MAX_FIELDS: usize = 9;

/// A field of a struct.
#[derive(Debug, PartialEq, Eq)]
struct Field {
    name: String,
    kind: String,
    is_public: bool,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app")
}

fn layer_of(service: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&service))
}

/// Returns the service that owns each name that `app` re-exports. For example, `stories` owns `StoryView`.
fn owners(app: &str) -> BTreeMap<String, String> {
    let mut owners = BTreeMap::new();
    for statement in app.split("pub use ").skip(1) {
        let statement = statement.split(';').next().unwrap_or_default();
        let Some((module, names)) = statement.split_once("::") else { continue };
        for name in names.trim_matches(['{', '}', '\n', ' ']).split(',') {
            owners.insert(name.trim().to_owned(), module.trim().to_owned());
        }
    }
    owners
}

/// Returns the names in `app` that a source mentions. `depth` is the number of modules between the source and `app`.
fn mentioned_names(code: &str, depth: usize) -> Vec<String> {
    let climb = "super::".repeat(depth);
    let mut found = Vec::new();
    for prefix in ["crate::app::", &climb] {
        for (at, _) in code.match_indices(prefix) {
            // `super::super::` is a different prefix from `super::`.
            let before = code[..at].chars().next_back().unwrap_or(' ');
            if before == ':' || before.is_alphanumeric() || before == '_' {
                continue;
            }
            let rest = &code[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(list) => found.extend(super::top_level_names(list)),
                None => found.push(super::leading_name(rest)),
            }
        }
    }
    found.retain(|name| !name.is_empty() && name != "super" && name != "self");
    found
}

/// Returns the services that a source calls by name, as in `frames.tell(…)`, `self.frames.tell(…)` or
/// `app.frames().tell(…)`.
fn called_services(code: &str) -> BTreeSet<&'static str> {
    let squeezed: String = code.split_whitespace().collect();
    let mut called = BTreeSet::new();
    for service in LAYERS.iter().flat_map(|layer| layer.iter()) {
        for form in [format!("self.{service}."), format!("app.{service}()")] {
            if squeezed.contains(&form) {
                called.insert(*service);
            }
        }
    }
    called
}

/// Returns a message for each rule that a source of a service breaks.
fn violations(
    service: &str,
    source: &str,
    depth: usize,
    owners: &BTreeMap<String, String>,
) -> Vec<String> {
    let Some(here) = layer_of(service) else {
        return vec![format!(
            "{service} has no layer; add it to LAYERS in tests/architecture/services.rs"
        )];
    };
    let code = code_of(source);
    let mut wrong = Vec::new();
    let mentioned = mentioned_names(&code, depth);
    let calls = called_services(&code).into_iter().map(str::to_owned);
    for name in mentioned.into_iter().chain(calls) {
        if name == "App" || name == "AppResources" {
            wrong.push(format!("{service} knows {name}, which is above every service"));
            continue;
        }
        let owner = owners.get(&name).unwrap_or(&name);
        if owner == service || LEAVES.contains(&owner.as_str()) {
            continue;
        }
        let Some(there) = layer_of(owner) else { continue };
        if there <= here {
            wrong.push(format!("{service} uses {name} of {owner}, which is not below it"));
        }
    }
    wrong
}

/// Returns the fields of a struct; `None` if the source does not declare it.
fn fields(source: &str, name: &str) -> Option<Vec<Field>> {
    let code = code_of(source);
    let at = code.find(&format!("struct {name} {{"))?;
    let body = code[at..].split_once('{')?.1.split_once("\n}")?.0;
    let mut fields = Vec::new();
    for line in body.lines().map(str::trim) {
        let Some((left, kind)) = line.split_once(": ") else { continue };
        let is_public = left.starts_with("pub");
        let name = left.rsplit(' ').next().unwrap_or(left).to_owned();
        fields.push(Field { name, kind: kind.trim_end_matches(',').to_owned(), is_public });
    }
    Some(fields)
}

/// Returns every source in a service's folder, with the depth of its module below `app`.
fn sources_of(service: &str) -> Vec<(PathBuf, String, usize)> {
    let folder = root().join(service);
    let read = |path: PathBuf| {
        let inside = path.strip_prefix(root()).expect("below app");
        let depth = inside.components().count() - usize::from(inside.ends_with("mod.rs"));
        let source = fs::read_to_string(&path).expect("a source");
        (path, source, depth)
    };
    sources(&folder).into_iter().map(read).collect()
}

/// Returns the fields of each service type.
fn all_fields() -> Vec<(&'static str, &'static str, Vec<Field>)> {
    let mut all = Vec::new();
    for (service, types) in SERVICES {
        let sources = sources_of(service);
        for name in *types {
            let found = sources.iter().find_map(|(_, source, _)| fields(source, name));
            let found = found.unwrap_or_else(|| panic!("{service} has no struct {name}"));
            all.push((*service, *name, found));
        }
    }
    all
}

#[test]
fn a_service_uses_only_those_below_it() {
    let app = fs::read_to_string(root().join("mod.rs")).expect("app");
    let owners = owners(&code_of(&app));
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root()).expect("app can be read") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if path.is_file() {
            let is_known = LEAVES.contains(&&*name) || name == "mod";
            assert!(is_known, "{} belongs to a service, or among the leaves", path.display());
            continue;
        }
        for (path, source, depth) in sources_of(&name) {
            let found = violations(&name, &source, depth, &owners);
            wrong.extend(found.into_iter().map(|what| format!("{}: {what}", path.display())));
        }
    }
    for leaf in LEAVES {
        let source = fs::read_to_string(root().join(format!("{leaf}.rs"))).expect("a leaf");
        for name in mentioned_names(&code_of(&source), 1) {
            let owner = owners.get(&name).unwrap_or(&name);
            if layer_of(owner).is_some() {
                wrong.push(format!("{leaf}: uses {name} of {owner}; a leaf uses no service"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_service_keeps_its_fields_to_itself_and_has_few() {
    let app = fs::read_to_string(root().join("mod.rs")).expect("app");
    let of_app = fields(&app, "App").expect("the struct App");
    let mut wrong = Vec::new();
    for (owner, name, fields) in all_fields().into_iter().chain([("app", "App", of_app)]) {
        for field in fields.iter().filter(|field| field.is_public) {
            wrong.push(format!("{owner}: the field {name}.{} is seen from outside", field.name));
        }
        if name != "App" && fields.len() > MAX_FIELDS {
            let count = fields.len();
            wrong.push(format!("{owner}: {name} has {count} fields, more than {MAX_FIELDS}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_type_that_holds_rows_is_a_service() {
    for (service, types) in SERVICES {
        for (path, source, _) in sources_of(service) {
            let code = code_of(&source);
            for declared in code.split("struct ").skip(1) {
                let name = super::leading_name(declared);
                let fields = fields(&source, &name).unwrap_or_default();
                let holds_rows = fields.iter().any(|field| field.kind == "Store");
                let is_known = types.contains(&&*name) || DEPENDENCY_TYPES.contains(&&*name);
                assert!(
                    !holds_rows || is_known,
                    "{}: {name} holds rows, so it is a service; list it in tests/architecture",
                    path.display()
                );
            }
        }
    }
}

/// Returns one line for each service type, with its number of fields and the services among them.
fn graph() -> String {
    let all = all_fields();
    let by_type: BTreeMap<&str, &str> =
        all.iter().map(|(owner, name, _)| (*name, *owner)).collect();
    let mut lines = String::new();
    for (_, name, fields) in &all {
        let below = fields.iter().filter_map(|field| {
            let kind = field.kind.trim_start_matches("Arc<").trim_end_matches('>');
            let kind = kind.rsplit("::").next().unwrap_or(kind);
            by_type.contains_key(kind).then(|| kind.to_owned())
        });
        let below: Vec<String> = below.collect();
        let line = format!("{name:<12} {} → {}", fields.len(), below.join(" "));
        let _ = writeln!(lines, "{}", line.trim_end());
    }
    lines
}

#[test]
fn services_are_as_the_architecture_draws_them() {
    let drawn = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let drawn = fs::read_to_string(drawn).expect("ARCHITECTURE.md");
    let graph = graph();
    // Shown with `--nocapture`.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), graph.as_bytes());
    assert!(
        drawn.contains(&graph),
        "ARCHITECTURE.md draws other services; it should have\n\n{graph}"
    );
}

#[test]
fn a_broken_service_rule_is_seen() {
    let owners =
        owners("pub use frames::{FrameOrder, Frames};\npub use page::Page;\npub use jobs::Jobs;");
    let seen = |service: &str, source: &str, depth: usize| {
        violations(service, source, depth, &owners).len()
    };
    for (service, source, depth, expected, why) in [
        ("stories", "use crate::app::frames::AcceptedOrder;", 2, 1, "an import upward"),
        ("stories", "use super::frames::AcceptedOrder;", 1, 1, "an import upward, by climbing"),
        ("stories", "use crate::app::{AppError, FrameOrder};", 2, 1, "by a name that app hands on"),
        ("files", "use super::config::Config;", 1, 1, "a neighbour"),
        ("files", "fn f(&self) { self\n    .stories\n    .find() }", 2, 1, "a call upward"),
        ("files", "fn f() { app.frames().tell() }", 2, 1, "a call upward, through app"),
        ("ops", "use crate::app::App;", 2, 1, "the whole of it"),
        ("attic", "", 1, 1, "no layer"),
        ("stories", "use super::{Stories, jobs};\nuse crate::app::jobs::Job;", 2, 0, "downward"),
        ("stories", "// use crate::app::frames::AcceptedOrder;", 2, 0, "a comment"),
        ("stories", "use super::read::frames;\nuse crate::app::Page;", 2, 0, "its own, and a leaf"),
    ] {
        assert_eq!(seen(service, source, depth), expected, "{service}: {why}: {source}");
    }
    let declared = "pub struct Thing {\n    /// Rows.\n    pub(in crate::app) store: Store,\n    clock: Arc<dyn Clock>,\n}\n";
    let found = fields(declared, "Thing").expect("a struct");
    assert_eq!(found.iter().map(|field| field.is_public).collect::<Vec<_>>(), [true, false]);
}
