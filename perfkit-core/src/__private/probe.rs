//! How a call ended, as its returned value tells.

use std::fmt::{Debug, Display};

use crate::alloc;
use crate::measure::ErrorTextPolicy;
use crate::outcome::{Failure, Outcome};

/// Asks a returned value how the call ended. Which of the four traits below
/// answers is decided by how many references the compiler has to take away, the
/// most telling first.
#[derive(Debug)]
pub struct Probe<'a, T>(pub &'a T);

/// A `Result` whose error has a text.
pub trait ProbeDisplay {
    fn __perfkit_outcome(&self, text_policy: ErrorTextPolicy) -> Outcome;
}

impl<T, E: Display> ProbeDisplay for &&&Probe<'_, Result<T, E>> {
    fn __perfkit_outcome(&self, text_policy: ErrorTextPolicy) -> Outcome {
        text_policy.of_result(self.0)
    }
}

/// A `Result` whose error can at least be debugged.
pub trait ProbeDebug {
    fn __perfkit_outcome(&self, text_policy: ErrorTextPolicy) -> Outcome;
}

impl<T, E: Debug> ProbeDebug for &&Probe<'_, Result<T, E>> {
    fn __perfkit_outcome(&self, text_policy: ErrorTextPolicy) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(error) => {
                let kind = std::any::type_name::<E>();
                text_policy.failure(kind, format_args!("{error:?}"))
            }
        }
    }
}

/// Any `Result`.
pub trait ProbeResult {
    fn __perfkit_outcome(&self, text_policy: ErrorTextPolicy) -> Outcome;
}

impl<T, E> ProbeResult for &Probe<'_, Result<T, E>> {
    fn __perfkit_outcome(&self, text_policy: ErrorTextPolicy) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(_) => text_policy.failure(std::any::type_name::<E>(), ""),
        }
    }
}

/// Anything else that was returned.
pub trait ProbeValue {
    fn __perfkit_outcome(&self, text_policy: ErrorTextPolicy) -> Outcome;
}

impl<T> ProbeValue for Probe<'_, T> {
    fn __perfkit_outcome(&self, _: ErrorTextPolicy) -> Outcome {
        Outcome::Success
    }
}

/// The outcome where `ok = …` decides: an error keeps its kind and text.
#[inline]
pub fn decide<T>(
    value: &T,
    is_ok: impl FnOnce(&T) -> bool,
    probed: impl FnOnce() -> Outcome,
) -> Outcome {
    if alloc::uncounted(|| is_ok(value)) {
        return Outcome::Success;
    }
    match probed() {
        Outcome::Success => Outcome::Failure(Failure::new("not_ok", "")),
        failure => failure,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::needless_borrow,
        reason = "generated code cannot know which it needs"
    )]

    use super::*;

    #[test]
    fn the_most_telling_probe_answers() {
        struct Silent;
        #[derive(Debug)]
        struct Debugged;
        let failure = |outcome| match outcome {
            Outcome::Failure(failure) => failure,
            other => panic!("{other:?}"),
        };
        let shown: Result<(), &str> = Err("shown");
        assert_eq!(
            failure((&&&&Probe(&shown)).__perfkit_outcome(ErrorTextPolicy::all())).text(),
            "shown"
        );
        let debugged: Result<(), Debugged> = Err(Debugged);
        assert_eq!(
            failure((&&&&Probe(&debugged)).__perfkit_outcome(ErrorTextPolicy::all())).text(),
            "Debugged"
        );
        let silent: Result<(), Silent> = Err(Silent);
        let silent = failure((&&&&Probe(&silent)).__perfkit_outcome(ErrorTextPolicy::all()));
        assert!(silent.kind().ends_with("Silent") && silent.text().is_empty());
        assert_eq!(
            (&&&&Probe(&Some(1))).__perfkit_outcome(ErrorTextPolicy::all()),
            Outcome::Success
        );
        assert_eq!(
            (&&&&Probe(&Ok::<_, Silent>(1))).__perfkit_outcome(ErrorTextPolicy::all()),
            Outcome::Success
        );
    }
}
