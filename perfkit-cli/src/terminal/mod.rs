//! The terminal: what may be printed on it, how wide it is, whether it has
//! colours. Nothing else in this program writes to a standard stream.

mod ascii;
mod progress;

pub(crate) use progress::ProgressLine;

use std::borrow::Cow;
use std::io::{self, IsTerminal, StdoutLock, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::args::Color;
use crate::error::Error;
use crate::text::{CiCommand, printable, without_commands};

pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const NOTICE: Style = AnsiColor::Yellow.on_default();
pub(crate) const STRONG: Style = Style::new().bold();

/// Decides for the whole run whether colours are used; by default where the
/// stream is a terminal and `NO_COLOR` is not set, or `CLICOLOR_FORCE` is.
pub(crate) fn set_color(color: Color) {
    let choice = match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    choice.write_global();
}

/// Writes a result for people to standard output, in characters that the locale
/// has.
pub(crate) fn print_result(text: &str) -> Result<(), Error> {
    let text = &*without_commands(text);
    let text = if ascii::is_utf8() {
        Cow::Borrowed(text)
    } else {
        ascii::to_ascii(text)
    };
    write(AutoStream::auto(io::stdout().lock()), text.as_bytes())
}

/// Writes a result that programs read to standard output, byte for byte.
pub(crate) fn print_exactly(text: &str) -> Result<(), Error> {
    print_bytes(text.as_bytes())
}

/// Writes what is no text to standard output.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Error> {
    write(io::stdout().lock(), bytes)
}

/// Has something write to standard output as it goes.
pub(crate) fn print_from(
    write: impl FnOnce(&mut StdoutLock<'static>) -> Result<(), Error>,
) -> Result<(), Error> {
    write(&mut io::stdout().lock())
}

/// A reader that went away is no error.
fn write(mut stdout: impl Write, bytes: &[u8]) -> Result<(), Error> {
    let written = stdout.write_all(bytes);
    match written.and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::data(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Standard error, for what a program prints that is not to stand within a result.
pub(crate) fn stderr_of_a_program() -> Stdio {
    io::stderr().into()
}

/// Standard output and error as they are, for a program that writes to them itself.
pub(crate) fn own_streams() -> io::Result<[OwnedFd; 2]> {
    let [stdout, stderr] = [
        io::stdout().as_fd().try_clone_to_owned(),
        io::stderr().as_fd().try_clone_to_owned(),
    ];
    Ok([stdout?, stderr?])
}

/// Writes a line to standard error. There is nobody to tell if that fails.
pub(crate) fn print_line(text: &str) {
    let text = without_commands(text);
    let _ = writeln!(AutoStream::auto(io::stderr().lock()), "{text}");
}

/// Writes a line that a CI service obeys to standard error.
pub(crate) fn print_ci_command(command: &CiCommand) {
    let _ = writeln!(io::stderr().lock(), "{command}");
}

/// Writes an error and its hint to standard error. Whatever text it quotes is
/// made harmless once more.
pub(crate) fn print_error(error: &Error) {
    let harmless = |text: &str| text.lines().map(printable).collect::<Vec<_>>().join("\n");
    let message = harmless(error.message());
    print_line(&format!("{BAD}error{BAD:#}: {message}"));
    if let Some(hint) = error.next_step().map(harmless) {
        print_line(&format!("  {NOTICE}hint{NOTICE:#}: {hint}"));
    }
}

/// The width of the terminal that standard output is, in columns; `None` where
/// it is none and lines may be as long as they like.
pub(crate) fn stdout_width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width.0).max(40))
}

/// The width of the terminal that standard error is, in columns.
pub(crate) fn stderr_width() -> usize {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or(80, |(width, _)| usize::from(width.0))
}

/// Standard output as a screen that is drawn on.
#[cfg(feature = "watch")]
pub(crate) fn screen() -> io::Stdout {
    io::stdout()
}

/// Whether what is drawn there has colours.
#[cfg(feature = "watch")]
pub(crate) fn screen_has_color() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// Text in characters that the locale has.
#[cfg(feature = "watch")]
pub(crate) fn in_locale(text: &str) -> Cow<'_, str> {
    match ascii::is_utf8() {
        true => Cow::Borrowed(text),
        false => ascii::to_ascii(text),
    }
}

/// Where keys are read from.
#[cfg(feature = "watch")]
pub(crate) fn keyboard() -> impl AsFd {
    io::stdin()
}

/// Whether keys can be read from standard input.
#[cfg(feature = "watch")]
pub(crate) fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Whether somebody looks at standard output.
pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether progress may be drawn over itself.
pub(crate) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}
