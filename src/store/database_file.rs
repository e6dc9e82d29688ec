//! Recognises that a SQLite file was removed or replaced while the process uses it.
//!
//! The operating system lets a process write on to a file that has no name any more. Everything written there is lost when
//! the process ends, so writes are refused instead.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A SQLite file as it was opened. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseFile {
    path: Arc<Path>,
    /// The device and the number of the file, or `None` where the system has no such numbers.
    identity: Option<(u64, u64)>,
}

impl DatabaseFile {
    /// Remembers which file has this path now.
    pub(super) fn open(path: &Path) -> Self {
        // The working directory of the process may change; the file must not.
        let path = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
        Self { identity: identity(&path), path: path.into() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reports whether the path still names the file that was opened.
    pub(super) fn is_in_place(&self) -> bool {
        self.identity.is_none() || identity(&self.path) == self.identity
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Path) -> Option<(u64, u64)> {
    None
}
