//! Recognises that a SQLite file was removed or replaced while the process uses it.
//!
//! The operating system lets a process write on to a file that has no name any more. Everything written there is lost when
//! the process ends, so statements are refused instead.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::Error;

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

    /// Fails with [`FileReplaced`] if the path does not name the file that was opened.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.is_in_place() { Ok(()) } else { Err(self.replaced()) }
    }

    /// Returns why a statement failed: because of the file if it is not in place, else because of `error`.
    pub(super) fn explain(&self, error: Error) -> Error {
        if self.is_in_place() { error } else { self.replaced() }
    }

    fn is_in_place(&self) -> bool {
        self.identity.is_none() || identity(&self.path) == self.identity
    }

    fn replaced(&self) -> Error {
        Error::Configuration(FileReplaced(self.path.display().to_string()).into())
    }
}

/// The file was removed or replaced; holds its path. It is inside the driver's error, because statements return those.
#[derive(Debug, thiserror::Error)]
#[error("{0} was removed or replaced")]
pub(super) struct FileReplaced(pub(super) String);

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
