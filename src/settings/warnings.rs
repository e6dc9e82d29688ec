//! What an operator should know about settings that do not stop the start.

use std::fmt;

/// A setting that is ignored, outdated or doubtful, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingWarning {
    /// The name of a variable, or a key of the file.
    pub setting: String,
    /// What is wrong, and what to do, as a phrase that follows the name.
    pub reason: String,
}

impl SettingWarning {
    pub(super) fn new(setting: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { setting: setting.into(), reason: reason.into() }
    }

    /// A setting was given by an earlier name.
    pub(super) fn renamed(old: impl Into<String>, new: &str) -> Self {
        Self::new(old, format!("has a new name, {new}; the earlier one will be removed"))
    }

    /// A setting was given by an earlier name and by today's.
    pub(super) fn superseded(old: impl Into<String>, new: &str) -> Self {
        Self::new(old, format!("is ignored, because {new} is set, which is its new name"))
    }
}

impl fmt::Display for SettingWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.reason)
    }
}
