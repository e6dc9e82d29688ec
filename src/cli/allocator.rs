//! Bounds the memory that the allocator keeps.
//!
//! glibc's allocator has eight heaps per core by default, and each keeps the space of the pictures that were once decoded
//! in it. With two heaps, the resident memory stays a third smaller and does not rise with the number of frames, and a
//! frame takes the same processor time (`benches/README.md`).

/// Starts the program once more with two heaps, in the same process, unless the environment sets their number already.
/// The allocator reads it before `main` only.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn limit_heaps() {
    use std::ffi::OsStr;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    const VARIABLE: &str = "MALLOC_ARENA_MAX";
    let is_tuned = std::env::var_os("GLIBC_TUNABLES").is_some();
    if is_tuned || std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let mut arguments = std::env::args_os();
    let name = arguments.next();
    if let Ok(program) = std::env::current_exe() {
        let mut command = Command::new(program);
        command.arg0(name.as_deref().unwrap_or(OsStr::new("calliope")));
        // This returns only if it fails, as it does if the file was replaced meanwhile. Then all is as without it.
        let _ = command.args(arguments).env(VARIABLE, "2").exec();
    }
}

/// Does nothing, because other allocators keep less.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) const fn limit_heaps() {}
