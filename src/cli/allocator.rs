//! Bounds the memory that the allocator keeps.
//!
//! glibc's allocator keeps the space of decoded pictures in its heaps, because it learns from the first picture that is
//! freed to allocate the next one of that size there. With a fixed threshold, everything larger gets memory of its own,
//! which returns to the system at once. Fewer heaps would do the same for the memory, but then threads wait for each
//! other, and a third fewer stories are read in a second (`benches/README.md`).

/// Starts the program once more with the threshold, in the same process, unless the environment sets the allocator up
/// already. The allocator reads its settings before `main` only.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn return_large_memory() {
    use std::ffi::OsStr;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    /// Allocations from this size on, in bytes, are outside the heaps.
    const THRESHOLD: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "1048576");
    const OTHERS: [&str; 2] = ["GLIBC_TUNABLES", "MALLOC_ARENA_MAX"];
    if OTHERS.into_iter().chain([THRESHOLD.0]).any(|name| std::env::var_os(name).is_some()) {
        return;
    }
    let mut arguments = std::env::args_os();
    let name = arguments.next();
    if let Ok(program) = std::env::current_exe() {
        let mut command = Command::new(program);
        command.arg0(name.as_deref().unwrap_or(OsStr::new("calliope")));
        // This returns only if it fails, as it does if the file was replaced meanwhile. Then all is as without it.
        let _ = command.args(arguments).env(THRESHOLD.0, THRESHOLD.1).exec();
    }
}

/// Does nothing, because other allocators keep less.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) const fn return_large_memory() {}
