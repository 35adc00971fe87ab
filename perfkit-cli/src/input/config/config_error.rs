//! An error in the configuration, shown where it stands.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::args::most_similar;
use crate::text::printable;

/// What is wrong, at which bytes of the text, and what would be right.
#[derive(Debug)]
pub(super) struct ConfigError {
    span: Range<usize>,
    message: String,
    help: Option<String>,
}

impl ConfigError {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The error with file, line and a caret under the place.
pub(super) fn explain(error: &ConfigError, text: &str, path: &str) -> String {
    let span = within(&error.span, text);
    let (path, message) = (printable(path), printable(&error.message));
    let snippet = Snippet::source(text)
        .path(path.as_str())
        .annotation(AnnotationKind::Primary.span(span));
    let mut group = Level::ERROR
        .no_name()
        .primary_title(message.as_str())
        .element(snippet);
    if let Some(help) = &error.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    // The caller says "error", so the title is the bare message.
    let shown = Renderer::plain().render(&[group]);
    shown.trim_start_matches([':', ' ']).to_owned()
}

/// An error that the TOML reader found, with a suggestion for a wrong key.
pub(super) fn explain_toml(error: &toml::de::Error, text: &str, path: &str) -> String {
    let message = error.message();
    let span = error.span().unwrap_or(0..0);
    let mut error = ConfigError::new(span, message);
    if let Some(similar) = similar_name(message) {
        error = error.help(format!("did you mean `{similar}`?"));
    }
    explain(&error, text, path)
}

/// The expected name that is closest to the unknown one. The TOML reader has both only
/// in its message, in backticks, the unknown one first.
fn similar_name(message: &str) -> Option<&str> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    most_similar(unknown, names)
}

/// A range that lies within the text and on character borders.
fn within(span: &Range<usize>, text: &str) -> Range<usize> {
    let border = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = border(span.start);
    start..border(span.end).max(start)
}
