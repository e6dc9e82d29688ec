//! Writes a command's data to standard output and its messages to standard error.
//!
//! Readers such as `head` close a pipe early. That ends a command quietly instead of with a panic.

use std::fmt::Arguments;
use std::io::{self, Write};

/// Standard output was closed by its reader, so the command has nothing more to do.
#[derive(Debug, thiserror::Error)]
#[error("standard output was closed")]
pub(super) struct OutputClosed;

/// Writes a line of data.
///
/// # Errors
///
/// Returns [`OutputClosed`] if nobody reads any more, and another error if the line cannot be written.
pub(super) fn write_line(line: Arguments<'_>) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    let written = output.write_fmt(line).and_then(|()| output.write_all(b"\n"));
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(OutputClosed.into()),
        written => Ok(written?),
    }
}

/// Writes a line of a message. A closed standard error is ignored, because there is nobody to tell.
pub(super) fn write_message(line: Arguments<'_>) {
    let mut output = io::stderr().lock();
    let _ = output.write_fmt(line).and_then(|()| output.write_all(b"\n"));
}

/// Writes a line of data, formatted like `println!`.
macro_rules! print_line {
    ($($line:tt)*) => { $crate::cli::output::write_line(format_args!($($line)*)) };
}

/// Writes a line of a message, formatted like `eprintln!`.
macro_rules! print_message {
    ($($line:tt)*) => { $crate::cli::output::write_message(format_args!($($line)*)) };
}

pub(super) use {print_line, print_message};
