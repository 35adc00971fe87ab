//! The terminal: what may be printed on it, how wide it is, whether it has
//! colours. Nothing else in this program writes to a standard stream.

mod printable;
mod progress;

pub(crate) use printable::{display_width, printable, shorten};
pub(crate) use progress::ProgressLine;

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::args::Color;
use crate::error::Error;

pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const NOTICE: Style = AnsiColor::Yellow.on_default();
pub(crate) const STRONG: Style = Style::new().bold();

/// Decides for the whole run whether colours are used; by default where the
/// stream is a terminal and `NO_COLOR` is not set.
pub(crate) fn set_color(color: Color) {
    let choice = match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    choice.write_global();
}

/// Writes a result to standard output. A reader that went away is no error.
pub(crate) fn print_result(text: &str) -> Result<(), Error> {
    let mut stdout = AutoStream::auto(io::stdout().lock());
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::data(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Writes a line to standard error. There is nobody to tell if that fails.
pub(crate) fn print_line(text: &str) {
    let _ = writeln!(AutoStream::auto(io::stderr().lock()), "{text}");
}

/// Writes an error and its hint to standard error.
pub(crate) fn print_error(error: &Error) {
    let message = error.message();
    print_line(&format!("{BAD}error{BAD:#}: {message}"));
    if let Some(hint) = error.next_step() {
        print_line(&format!("  {NOTICE}hint{NOTICE:#}: {hint}"));
    }
}

/// The width of the terminal that standard output is, in columns; `None` where
/// it is none and lines may be as long as they like.
pub(crate) fn stdout_width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width.0).max(40))
}

/// Whether progress may be drawn over itself.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}
