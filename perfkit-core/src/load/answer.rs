//! What an operation under load returns, and how it ended by that.

use std::fmt::Display;

use crate::outcome::Outcome;

/// What an operation under load may return: nothing, a `Result` whose error can be shown, an
/// `Option`, or an [`Outcome`] that says how it ended.
///
/// An `Err` is a failure of its error's type; a kind of one's own has
/// `Outcome::Failure(Failure::new("timeout", text))`. `None` is a success, as everywhere.
pub trait Answer {
    /// How it ended.
    fn into_outcome(self) -> Outcome;
}

impl Answer for () {
    fn into_outcome(self) -> Outcome {
        Outcome::Success
    }
}

impl<T, E: Display> Answer for Result<T, E> {
    fn into_outcome(self) -> Outcome {
        Outcome::of_result(&self)
    }
}

impl<T> Answer for Option<T> {
    fn into_outcome(self) -> Outcome {
        Outcome::Success
    }
}

impl Answer for Outcome {
    fn into_outcome(self) -> Outcome {
        self
    }
}
