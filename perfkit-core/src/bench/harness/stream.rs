//! The standard streams of a bench program.

use std::io::Write;

/// Prints to standard output at once; a reader that is gone ends nothing.
pub(super) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Prints an error to standard error.
pub(in crate::bench) fn print_error(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "error: {message}");
}
