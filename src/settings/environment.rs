//! The environment of the process as a source of settings. It is shared with shells, container tools and other programs,
//! which set variables of the same names, keep quotes, or add blanks.

use std::collections::BTreeMap;

use figment::value::{Dict, Map, Tag, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

use super::renamed::RENAMED_VARIABLES;
use super::variables::{
    CONFIG_FILE, GOOGLE_SWITCH, VARIABLES, ValueKind, Variable, find_variable, parse_flag,
};
use super::{Cloud, InvalidSetting, SettingWarning};

/// The prefix of the variables that only Calliope reads.
const PREFIX: &str = "CALLIOPE_";

/// How similar a name must be to be suggested, from 0 to 1.
const MIN_SIMILARITY: f64 = 0.75;

/// The environment's variables that are settings. An empty variable counts as unset, because compose files pass them.
pub(super) struct Environment {
    variables: BTreeMap<String, String>,
    /// The variables that are ignored or doubtful.
    pub(super) warnings: Vec<SettingWarning>,
}

impl Environment {
    /// Reads the variables that are settings.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidSetting`] for a setting that is not UTF-8 text, whose wrong bytes are U+FFFD here.
    pub(super) fn new(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, InvalidSetting> {
        let mut environment = Self { variables: BTreeMap::new(), warnings: Vec::new() };
        let mut unknown = Vec::new();
        for (name, raw) in variables {
            let variable = find_variable(&name);
            if variable.is_none() && name != CONFIG_FILE {
                if name.to_ascii_uppercase().starts_with(PREFIX) && !is_of_kubernetes(&name, &raw) {
                    unknown.push(unknown_variable(&name));
                }
                continue;
            }
            if raw.contains(char::REPLACEMENT_CHARACTER) {
                return Err(InvalidSetting(format!("{name}: must be UTF-8 text")));
            }
            let value = clean_value(&name, &raw);
            if value.len() + 2 <= raw.trim().len() {
                let reason = "had quotes around its value, which were removed; files for --env-file have none";
                environment.warnings.push(SettingWarning::new(&*name, reason));
            }
            if value.is_empty() {
                continue;
            }
            match variable.and_then(|variable| foreign_value(variable, value)) {
                Some(reason) => environment.warnings.push(SettingWarning::new(name, reason)),
                None => drop(environment.variables.insert(name, value.to_owned())),
            }
        }
        environment.warnings.extend(unknown);
        environment.warnings.extend(environment.renamed());
        Ok(environment)
    }

    pub(super) fn config_file(&self) -> Option<&str> {
        self.variables.get(CONFIG_FILE).map(String::as_str)
    }

    /// Returns warnings about the variables that are set by an earlier name.
    fn renamed(&self) -> Vec<SettingWarning> {
        let used = RENAMED_VARIABLES.iter().filter(|(old, _)| self.variables.contains_key(*old));
        used.map(|(old, new)| {
            if self.variables.contains_key(*new) {
                SettingWarning::superseded(*old, new)
            } else {
                SettingWarning::renamed(*old, new)
            }
        })
        .collect()
    }

    /// Merges the environment over other sources. Each variable is a source of its own, so that errors can name it. The
    /// variables of a cloud are merged only if that cloud is chosen.
    pub(super) fn merge_into(&mut self, sources: Figment) -> Figment {
        let general = VARIABLES.iter().filter(|v| v.cloud.is_none() && v.name != GOOGLE_SWITCH);
        let sources = self.merge(general, sources);
        let sources = self.merge_google_switch(sources);
        match chosen_cloud(&sources) {
            Some(cloud) => self.merge(VARIABLES.iter().filter(|v| v.cloud == Some(cloud)), sources),
            None => sources,
        }
    }

    fn merge(&self, variables: impl Iterator<Item = &'static Variable>, to: Figment) -> Figment {
        variables.fold(to, |sources, variable| match self.variables.get(variable.name) {
            Some(raw) => sources.merge(SetVariable { variable, value: variable.parse(raw) }),
            None => sources,
        })
    }

    /// Merges the switch of a bucket at Google, which has no say about the buckets of other clouds.
    fn merge_google_switch(&mut self, sources: Figment) -> Figment {
        let Some(variable) = find_variable(GOOGLE_SWITCH) else { return sources };
        let Some(raw) = self.variables.get(GOOGLE_SWITCH) else { return sources };
        let value = match (parse_flag(raw), chosen_cloud(&sources)) {
            (None, _) => Value::from(&**raw),
            (Some(true), Some(Cloud::Local)) => Value::from(Cloud::Gcp.name()),
            (Some(false), Some(Cloud::Gcp)) => Value::from(Cloud::Local.name()),
            (Some(true), Some(cloud @ (Cloud::Aws | Cloud::Azure))) => {
                let reason = format!("is ignored, because the bucket is at {}", cloud.name());
                self.warnings.push(SettingWarning::new(GOOGLE_SWITCH, reason));
                return sources;
            }
            _ => return sources,
        };
        sources.merge(SetVariable { variable, value })
    }
}

/// Returns the cloud that the sources choose, or `None` if they name one that does not exist.
fn chosen_cloud(sources: &Figment) -> Option<Cloud> {
    match sources.find_value("storage.cloud") {
        Ok(value) => value.as_str()?.parse().ok(),
        Err(_) => Some(Cloud::Local),
    }
}

/// A variable that is set, with its value.
struct SetVariable {
    variable: &'static Variable,
    value: Value,
}

impl Provider for SetVariable {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.variable.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let (section, field) = self.variable.key.split_once('.').unwrap_or(("", self.variable.key));
        let fields = Dict::from([(field.to_owned(), self.value.clone())]);
        let section = (section.to_owned(), Value::Dict(Tag::Default, fields));
        Ok(Map::from([(Profile::Default, Dict::from([section]))]))
    }
}

/// Returns a variable's value without the quotes that `docker run --env-file` keeps, and without blanks at its ends. A
/// password may begin or end with a blank, so it only loses line ends.
pub(crate) fn clean_value<'a>(name: &str, raw: &'a str) -> &'a str {
    let value = match name {
        "POSTGRESQL_PASSWORD" => raw.trim_matches(['\r', '\n']),
        _ => raw.trim(),
    };
    let unquoted = ['"', '\''].into_iter().find_map(|quote| {
        let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then_some(inner)
    });
    match (unquoted, name) {
        (Some(inner), "POSTGRESQL_PASSWORD") => inner,
        (Some(inner), _) => inner.trim(),
        (None, _) if value.trim().is_empty() => "",
        (None, _) => value,
    }
}

/// Returns why a value is not meant for Calliope, if another tool sets variables of this name to such values.
fn foreign_value(variable: &Variable, value: &str) -> Option<String> {
    let is_port = variable.kind == ValueKind::Number && variable.name.ends_with("PORT");
    if is_port && value.contains("://") {
        return Some(format!(
            "is ignored, because `{}` is what Kubernetes sets for a service of that name; it must be {}",
            shortened(value),
            variable.expected
        ));
    }
    if variable.name == "HOST" && value != "localhost" && is_host_name(value) {
        return Some(format!(
            "is ignored, because `{}` is a name, which conda and some shells set; set CALLIOPE_HOST to the IP address to listen on",
            shortened(value)
        ));
    }
    None
}

/// Returns whether a text is the name of a machine, and not an attempt at an address.
fn is_host_name(text: &str) -> bool {
    let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    text.chars().all(is_allowed) && !text.chars().all(is_number)
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

/// Returns whether Kubernetes sets such a variable in every pod, because a service's name begins with `calliope`.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    let is_protocol = |part: &str| matches!(part, "TCP" | "UDP" | "SCTP");
    let is_port_part = |(_, rest): (&str, &str)| {
        let mut parts = rest.split('_');
        let number = parts.next().unwrap_or_default();
        number.bytes().all(|b| b.is_ascii_digit()) && parts.next().is_some_and(is_protocol)
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.ends_with("_PORT") && value.contains("://"))
        || name.rsplit_once("_PORT_").is_some_and(is_port_part)
}

/// Returns the warning about a variable with Calliope's prefix that does not exist.
fn unknown_variable(name: &str) -> SettingWarning {
    let upper = name.to_ascii_uppercase();
    let bare = upper.strip_prefix(PREFIX).unwrap_or(&upper);
    let similarity = |known: &str| {
        let known_bare = known.strip_prefix(PREFIX).unwrap_or(known);
        strsim::normalized_damerau_levenshtein(bare, known_bare)
    };
    let is_current = |name: &str| RENAMED_VARIABLES.iter().all(|(old, _)| *old != name);
    let known = VARIABLES.iter().map(|v| v.name).chain([CONFIG_FILE]).filter(|n| is_current(n));
    let nearest = known
        .map(|known| (similarity(known), known))
        .filter(|(similarity, _)| *similarity >= MIN_SIMILARITY)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let reason = match nearest {
        Some((_, nearest)) => format!("is not a variable that Calliope reads; {nearest} is"),
        None => {
            "is not a variable that Calliope reads; docs/configuration.md lists those".to_owned()
        }
    };
    SettingWarning::new(name, reason)
}

#[cfg(test)]
mod tests;
