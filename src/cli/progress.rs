//! Shows the progress of a command on standard error: a bar on a terminal, else a plain line every few seconds.

use std::cell::Cell;
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressStyle};

/// How often a line is written if standard error is not a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// The progress of work on files, measured in bytes, or on frames.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    started_at: Instant,
    last_line_at: Cell<Instant>,
    total: Cell<u64>,
    is_quiet: bool,
    /// Whether `total` is in bytes; else it is in frames.
    is_in_bytes: bool,
}

impl Progress {
    /// Starts the progress of work on `total` bytes. Nothing is shown if `is_quiet`.
    pub(super) fn new(total: u64, is_quiet: bool) -> Self {
        let style = "{wide_bar} {msg}, {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        Self::styled(total, is_quiet, style, true)
    }

    /// Starts the progress of work on `total` frames. Nothing is shown if `is_quiet`.
    pub(super) fn for_frames(total: u64, is_quiet: bool) -> Self {
        let style = "{wide_bar} {pos} of {len} frames, {per_sec}, {eta} left";
        Self::styled(total, is_quiet, style, false)
    }

    fn styled(total: u64, is_quiet: bool, style: &str, is_in_bytes: bool) -> Self {
        let bar = (!is_quiet && stderr().is_terminal()).then(|| ProgressBar::new(total));
        if let (Some(bar), Ok(style)) = (&bar, ProgressStyle::with_template(style)) {
            bar.set_style(style);
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        let now = Instant::now();
        let (last_line_at, total) = (Cell::new(now), Cell::new(total));
        Self { bar, started_at: now, last_line_at, total, is_quiet, is_in_bytes }
    }

    /// Sets the total, if it becomes known only during the work.
    pub(super) fn set_total(&self, total: u64) {
        self.total.set(total);
    }

    /// Shows that this many files and bytes are done. For frames, both are the number of frames.
    pub(super) fn update(&self, files: u64, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(self.total.get().max(bytes));
            bar.set_position(bytes);
            bar.set_message(format!("{files} files"));
        } else if !self.is_quiet && self.last_line_at.get().elapsed() >= LINE_INTERVAL {
            self.last_line_at.set(Instant::now());
            let seconds = self.started_at.elapsed().as_secs_f64();
            let rate = bytes as f64 / seconds.max(0.001);
            let left = self.total.get().saturating_sub(bytes) as f64 / rate.max(1.0);
            let left = HumanDuration(Duration::from_secs_f64(left));
            let total = self.total.get();
            let line = if self.is_in_bytes {
                let (done, total) = (HumanBytes(bytes), HumanBytes(total));
                format!(
                    "{files} files, {done} of {total}, {}/s, {left} left",
                    HumanBytes(rate as u64)
                )
            } else {
                format!("{files} of {total} frames, {rate:.0} a second, {left} left")
            };
            // A closed standard error must not end the command.
            let _ = writeln!(stderr(), "{line}");
        }
    }

    /// Removes the bar.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Formats a number of bytes for people, such as `2.77 MiB`.
pub(super) fn human_bytes(bytes: u64) -> HumanBytes {
    HumanBytes(bytes)
}
