//! What can go wrong, what to do about it, and how the command then exits.

use std::fmt;
use std::path::Path;

use perfkit::report::ReportError;

use crate::exit::Exit;

/// An error as the user sees it: what happened and where, and what to do next.
#[derive(Debug)]
pub(crate) struct Error {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Error {
    /// The command line or the configuration asks for something impossible.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A file, the network or the data is at fault.
    pub(crate) fn data(message: impl Into<String>) -> Self {
        Self::new(Exit::Data, message)
    }

    /// A measured command, or one that belongs to it, failed.
    pub(crate) fn command_failed(message: impl Into<String>) -> Self {
        Self::new(Exit::CommandFailed, message)
    }

    /// A file could not be read or written.
    pub(crate) fn file(action: &str, path: &Path, error: impl fmt::Display) -> Self {
        Self::data(format!("cannot {action} {}: {error}", shown(path)))
    }

    /// A report could not be read or written.
    pub(crate) fn report(path: &Path, error: &ReportError) -> Self {
        match error {
            ReportError::Io(_, error) => Self::file("open", path, error),
            other => Self::data(format!("{}: {other}", shown(path))),
        }
    }

    /// The same where what it says to do next is not for the caller.
    pub(crate) fn without_hint(self) -> Self {
        Self { hint: None, ..self }
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn next_step(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
        }
    }
}

/// A path without line breaks and other control characters.
pub(crate) fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    text.chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect()
}
