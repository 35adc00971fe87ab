//! A label: a value that tells apart the calls of one operation.

use std::fmt::Display;

use crate::text::bounded;

/// The longest key or value that is kept, in characters.
pub(crate) const LONGEST: usize = 100;

/// A key and a value, both as text of bounded length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl Label {
    /// A value that panics while it is written is cut there.
    pub(crate) fn new(key: &str, value: &dyn Display) -> Self {
        Self {
            key: bounded(&key, LONGEST),
            value: bounded(value, LONGEST),
        }
    }
}
