//! How far a command is: a bar on a terminal; elsewhere a plain line now and then, for logs.

use std::cell::Cell;
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressStyle};

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Work on files, of which so many bytes are to be done.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    begun: Instant,
    told: Cell<Instant>,
    total: Cell<u64>,
    is_quiet: bool,
}

impl Progress {
    /// `total` is in bytes; nothing is shown where `is_quiet`.
    pub(super) fn new(total: u64, is_quiet: bool) -> Self {
        let bar = (!is_quiet && stderr().is_terminal()).then(|| ProgressBar::new(total));
        let style = "{wide_bar} {msg}, {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        if let (Some(bar), Ok(style)) = (&bar, ProgressStyle::with_template(style)) {
            bar.set_style(style);
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        let now = Instant::now();
        Self { bar, begun: now, told: Cell::new(now), total: Cell::new(total), is_quiet }
    }

    /// It is known by now how many bytes there are.
    pub(super) fn expect(&self, total: u64) {
        self.total.set(total);
    }

    /// So many files and bytes are done.
    pub(super) fn tell(&self, files: u64, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(self.total.get().max(bytes));
            bar.set_position(bytes);
            bar.set_message(format!("{files} files"));
        } else if !self.is_quiet && self.told.get().elapsed() >= LINE_EVERY {
            self.told.set(Instant::now());
            let seconds = self.begun.elapsed().as_secs_f64();
            let rate = bytes as f64 / seconds.max(0.001);
            let left = self.total.get().saturating_sub(bytes) as f64 / rate.max(1.0);
            // Whoever reads no progress is no reason to end.
            let _ = writeln!(
                stderr(),
                "{files} files, {} of {}, {}/s, {} left",
                HumanBytes(bytes),
                HumanBytes(self.total.get()),
                HumanBytes(rate as u64),
                HumanDuration(Duration::from_secs_f64(left))
            );
        }
    }

    /// It is done.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Bytes for people.
pub(super) fn human(bytes: u64) -> HumanBytes {
    HumanBytes(bytes)
}
