//! Where in the source something stands.

use std::hint::black_box;
use std::panic::Location;

use serde::{Deserialize, Serialize};

/// A line of a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLocation {
    /// The file, as the compiler was given it: cargo names it from the folder of the
    /// workspace.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl SourceLocation {
    /// The place that called the function which asks.
    #[must_use]
    #[track_caller]
    pub fn caller() -> Self {
        // As data and not within the code, so that a program whose lines have moved is
        // still found to be the same.
        let caller = black_box(Location::caller());
        Self {
            file: caller.file().to_owned(),
            line: caller.line(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_the_line_that_asks() {
        let before = line!();
        let location = SourceLocation::caller();
        assert_eq!(location.line, before + 1);
        assert!(location.file.ends_with("location.rs"), "{location:?}");
    }
}
