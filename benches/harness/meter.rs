//! Reads what processes have used, from Linux's `/proc`.

use std::time::Duration;

/// The length of a tick in which Linux counts processor time.
const TICK: Duration = Duration::from_millis(10);

/// Returns the fields of a process's `stat` after its name; field 3 of proc(5) is the first. `None` if there is no such
/// process.
fn stat(process: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields = stat.rsplit_once(')')?.1;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn ticks(stat: &[String], fields: std::ops::Range<usize>) -> Duration {
    let ticks: u32 =
        stat.get(fields).into_iter().flatten().filter_map(|f| f.parse::<u32>().ok()).sum();
    TICK * ticks
}

/// Returns the processor time that a process has used, in user and kernel mode.
pub fn processor_time(process: u32) -> Duration {
    stat(process).map_or(Duration::ZERO, |stat| ticks(&stat, 11..13))
}

/// Returns the processor time of a process, of its children, and of its children that have ended.
pub fn processor_time_of_family(parent: u32) -> Duration {
    let own = stat(parent).map_or(Duration::ZERO, |stat| ticks(&stat, 11..15));
    let entries = std::fs::read_dir("/proc").expect("Linux");
    let processes = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let children = processes.filter_map(|process: u32| {
        let stat = stat(process)?;
        (stat.get(1)? == &parent.to_string()).then(|| ticks(&stat, 11..13))
    });
    own + children.sum::<Duration>()
}

/// Returns the parent of a process if both run a program of this name.
pub fn parent_of(process: u32, name: &str) -> Option<u32> {
    let is_named = |process: u32| {
        let comm = std::fs::read_to_string(format!("/proc/{process}/comm"));
        comm.is_ok_and(|comm| comm.trim() == name)
    };
    let parent = stat(process)?.get(1)?.parse().ok()?;
    (is_named(process) && is_named(parent)).then_some(parent)
}

/// Returns a field of a process's `status`, in MiB: `VmRSS` is its resident memory, `VmHWM` the most so far.
pub fn memory(process: u32, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.unwrap_or(f64::NAN) / 1024.0
}

/// Returns the bytes that a process has caused to be written to a disk.
pub fn written_bytes(process: u32) -> u64 {
    let io = std::fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}
