//! What is wrong with a file of another tool, and where.

use std::fmt;

use crate::text::printable;

/// The longest message that is shown: it may quote the file.
const LONGEST: usize = 300;

/// What is wrong, in which line.
#[derive(Debug)]
pub(super) struct ParseError {
    line: Option<usize>,
    message: String,
}

impl ParseError {
    /// An error of the whole file.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            line: None,
            message: message.into(),
        }
    }

    /// An error in a line, counted from 1.
    pub(super) fn at(line: usize, message: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            message: message.into(),
        }
    }

    /// The same error, of which it is known that it lies in a later line.
    pub(super) fn below(mut self, lines: usize) -> Self {
        self.line = Some(self.line.unwrap_or(1) + lines);
        self
    }

    /// `line 12: `, or nothing.
    pub(super) fn place(&self) -> String {
        self.line
            .map(|line| format!("line {line}: "))
            .unwrap_or_default()
    }
}

impl From<String> for ParseError {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = printable(&self.message);
        f.write_str(&message.chars().take(LONGEST).collect::<String>())
    }
}

impl From<serde_json::Error> for ParseError {
    fn from(error: serde_json::Error) -> Self {
        let message = error.to_string();
        // The place is told apart from the message.
        let message = match message.rfind(" at line ") {
            Some(end) => message[..end].to_owned(),
            None => message,
        };
        if error.line() == 0 {
            return Self::new(message);
        }
        let column = error.column();
        Self::at(error.line(), format!("{message} (column {column})"))
    }
}
