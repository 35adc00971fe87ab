//! How a call ended.

use std::borrow::Cow;
use std::fmt::Display;

use crate::text::{bounded, cut};

/// How a measured call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned a value, or an `Ok`.
    Success,
    /// It returned an `Err`, or was declared failed.
    Failure(Failure),
    /// It panicked.
    Panic,
    /// It was an async call whose future was dropped before it finished.
    Cancelled,
}

impl Outcome {
    /// The outcome without the failure's details.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match self {
            Self::Success => Ending::Success,
            Self::Failure(_) => Ending::Failure,
            Self::Panic => Ending::Panic,
            Self::Cancelled => Ending::Cancelled,
        }
    }

    pub(crate) fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failure(failure) => Some(failure),
            _ => None,
        }
    }

    /// The outcome of a result whose error can be shown.
    pub fn of_result<T, E: Display>(result: &Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::Success,
            Err(error) => Self::Failure(Failure::of(error)),
        }
    }
}

/// The four ways to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// A value, or an `Ok`.
    Success,
    /// An `Err`, or declared failed.
    Failure,
    /// A panic.
    Panic,
    /// Dropped before it finished.
    Cancelled,
}

impl Ending {
    pub(crate) const ALL: [Self; 4] = [Self::Success, Self::Failure, Self::Panic, Self::Cancelled];
}

/// The most characters of an error's text that are kept.
const LONGEST_TEXT: usize = 256;

/// The longest kind of a failure that is kept, in bytes.
const LONGEST_KIND: usize = 256;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    kind: Cow<'static, str>,
    /// `None` where it was not worth writing.
    text: Option<String>,
}

impl Failure {
    /// A failure of the given kind, of which the first 256 bytes are kept as are the
    /// first 256 characters of the text. Text that panics while it is written is cut
    /// there.
    #[must_use]
    pub fn new(kind: impl Into<Cow<'static, str>>, text: impl Display) -> Self {
        Self::without_text(kind).with_text(text)
    }

    /// The failure with a text.
    pub(crate) fn with_text(self, text: impl Display) -> Self {
        Self {
            text: Some(bounded(&text, LONGEST_TEXT)),
            ..self
        }
    }

    /// A failure of the given kind whose text nobody will read.
    pub(crate) fn without_text(kind: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: cut_kind(kind.into()),
            text: None,
        }
    }

    /// A failure of a kind that is known to be short, whose text nobody will read.
    #[inline(always)]
    pub(crate) fn repeated(kind: &'static str) -> Self {
        Self {
            kind: Cow::Borrowed(kind),
            text: None,
        }
    }

    /// The kind, where the program has it for good.
    #[inline]
    pub(crate) fn static_kind(&self) -> Option<&'static str> {
        match self.kind {
            Cow::Borrowed(kind) => Some(kind),
            Cow::Owned(_) => None,
        }
    }

    /// The same of a failure that has no text, and so nothing that takes memory.
    #[inline]
    pub(crate) fn bare_static_kind(&self) -> Option<&'static str> {
        self.static_kind().filter(|_| self.text.is_none())
    }

    /// The failure under another kind, with the same text.
    pub(crate) fn with_kind(self, kind: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: self.text,
            ..Self::without_text(kind)
        }
    }

    /// A failure whose kind is the error's type.
    pub fn of<E: Display>(error: &E) -> Self {
        Self::new(std::any::type_name::<E>(), error)
    }

    /// The kind of failure: a type, or a short name that does not vary.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The error's text, cut to 256 characters.
    #[must_use]
    pub fn text(&self) -> &str {
        self.known_text().unwrap_or_default()
    }

    pub(crate) fn known_text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

/// What a value shows as a kind. See [`bounded`].
pub(crate) fn shown_kind(value: &dyn Display) -> Cow<'static, str> {
    bounded(value, LONGEST_KIND).into()
}

fn cut_kind(kind: Cow<'static, str>) -> Cow<'static, str> {
    match kind {
        Cow::Borrowed(kind) => cut(kind, LONGEST_KIND).into(),
        Cow::Owned(kind) if kind.len() > LONGEST_KIND => cut(&kind, LONGEST_KIND).to_owned().into(),
        short => short,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[test]
    fn a_result_knows_its_kind_and_text() {
        let error = "x".parse::<u8>().map(drop);
        let Outcome::Failure(failure) = Outcome::of_result(&error) else {
            panic!("an error is a failure");
        };
        assert_eq!(failure.kind(), "core::num::error::ParseIntError");
        assert_eq!(failure.text(), "invalid digit found in string");
        assert_eq!(Outcome::of_result(&Ok::<_, String>(())), Outcome::Success);
    }

    #[test]
    fn an_error_that_panics_while_shown_is_still_a_failure() {
        struct Rude;
        impl Display for Rude {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("half a ")?;
                panic!("expected in this test")
            }
        }
        assert_eq!(Failure::new("rude", Rude).text(), "half a ");
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let failure = Failure::new("long", "é".repeat(1000));
        assert_eq!(failure.text().chars().count(), 256);
        let failure = Failure::new("é".repeat(1000), "");
        assert_eq!(failure.kind().len(), 256);
    }
}
