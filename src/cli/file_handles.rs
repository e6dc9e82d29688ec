//! The number of files and connections that the process may open.

/// Raises the limit as far as the operating system allows without privileges. Returns the new limit, or `None` if the number is
/// not limited.
///
/// Many systems give a process 1,024 file handles unless it asks for more, because `select` cannot use more.
#[cfg(unix)]
pub(super) fn raise_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        // macOS refuses more than a limit of its own.
        Err(_) => limit.current,
    }
}

/// Returns `None`, because the number of handles is not limited.
#[cfg(not(unix))]
pub(super) const fn raise_limit() -> Option<u64> {
    None
}
