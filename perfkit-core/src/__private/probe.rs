//! How a call ended, as its returned value tells.

use std::any::type_name;
use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use crate::alloc;
use crate::error_kind::ErrorKind;
use crate::measure::ErrorTextPolicy;
use crate::outcome::{Failure, Outcome, shown_kind};

/// Asks a returned value how the call ended, and of what kind its error is. Which of
/// the traits below answers is decided by how many references the compiler has to take
/// away, the most telling first.
#[derive(Debug)]
pub struct Probe<'a, T>(pub &'a T);

/// A `Result` whose error has a text.
pub trait ProbeDisplay {
    fn __perfkit_outcome(
        &self,
        text_policy: ErrorTextPolicy,
        kind: impl FnOnce() -> Cow<'static, str>,
    ) -> Outcome;
}

impl<T, E: Display> ProbeDisplay for &&&Probe<'_, Result<T, E>> {
    #[inline(always)]
    fn __perfkit_outcome(
        &self,
        text_policy: ErrorTextPolicy,
        kind: impl FnOnce() -> Cow<'static, str>,
    ) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(error) => text_policy.failure(|| or_type::<E>(kind()), error),
        }
    }
}

/// A `Result` whose error can at least be debugged.
pub trait ProbeDebug {
    fn __perfkit_outcome(
        &self,
        text_policy: ErrorTextPolicy,
        kind: impl FnOnce() -> Cow<'static, str>,
    ) -> Outcome;
}

impl<T, E: Debug> ProbeDebug for &&Probe<'_, Result<T, E>> {
    #[inline(always)]
    fn __perfkit_outcome(
        &self,
        text_policy: ErrorTextPolicy,
        kind: impl FnOnce() -> Cow<'static, str>,
    ) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(error) => text_policy.failure(|| or_type::<E>(kind()), format_args!("{error:?}")),
        }
    }
}

/// Any `Result`.
pub trait ProbeResult {
    fn __perfkit_outcome(
        &self,
        text_policy: ErrorTextPolicy,
        kind: impl FnOnce() -> Cow<'static, str>,
    ) -> Outcome;
}

impl<T, E> ProbeResult for &Probe<'_, Result<T, E>> {
    #[inline(always)]
    fn __perfkit_outcome(
        &self,
        text_policy: ErrorTextPolicy,
        kind: impl FnOnce() -> Cow<'static, str>,
    ) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(_) => text_policy.failure(|| or_type::<E>(kind()), ""),
        }
    }
}

/// Anything else that was returned.
pub trait ProbeValue {
    fn __perfkit_outcome(
        &self,
        text_policy: ErrorTextPolicy,
        kind: impl FnOnce() -> Cow<'static, str>,
    ) -> Outcome;
}

impl<T> ProbeValue for Probe<'_, T> {
    #[inline(always)]
    fn __perfkit_outcome(
        &self,
        _: ErrorTextPolicy,
        _: impl FnOnce() -> Cow<'static, str>,
    ) -> Outcome {
        Outcome::Success
    }
}

/// A `Result` whose error says of what kind it is.
pub trait ProbeErrorKind {
    fn __perfkit_kind(&self) -> Cow<'static, str>;
}

impl<T, E: ErrorKind> ProbeErrorKind for &Probe<'_, Result<T, E>> {
    fn __perfkit_kind(&self) -> Cow<'static, str> {
        self.0.as_ref().err().map(E::error_kind).unwrap_or_default()
    }
}

/// Anything else: the kind is the error's type, if there is an error.
pub trait ProbeNoKind {
    fn __perfkit_kind(&self) -> Cow<'static, str>;
}

impl<T> ProbeNoKind for Probe<'_, T> {
    fn __perfkit_kind(&self) -> Cow<'static, str> {
        Cow::default()
    }
}

/// A type of which a value may be an error.
pub trait ProbeFallible {
    fn __perfkit_may_fail(&self) -> bool;
}

impl<T, E> ProbeFallible for &PhantomData<Result<T, E>> {
    fn __perfkit_may_fail(&self) -> bool {
        true
    }
}

/// Any other type.
pub trait ProbeInfallible {
    fn __perfkit_may_fail(&self) -> bool;
}

impl<T> ProbeInfallible for PhantomData<T> {
    fn __perfkit_may_fail(&self) -> bool {
        false
    }
}

/// The error's type where nothing else was said of its kind.
fn or_type<E>(kind: Cow<'static, str>) -> Cow<'static, str> {
    if kind.is_empty() {
        return type_name::<E>().into();
    }
    kind
}

/// What `error_kind = …` may be asked of.
#[diagnostic::on_unimplemented(
    message = "`error_kind` is for functions that return a `Result`, and this one returns `{Self}`",
    label = "there is no error to ask"
)]
pub trait Fallible {
    type Error;
    fn error(&self) -> Option<&Self::Error>;
}

impl<T, E> Fallible for Result<T, E> {
    type Error = E;

    fn error(&self) -> Option<&E> {
        self.as_ref().err()
    }
}

/// The kind that `error_kind = …` gives an error.
pub fn kind_of<'a, R: Fallible, K: Display>(
    result: &'a R,
    kind: impl FnOnce(&'a R::Error) -> K,
) -> Cow<'static, str> {
    let error = result.error();
    error
        .map(|error| shown_kind(&kind(error)))
        .unwrap_or_default()
}

/// What `ok = …` may answer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether a call succeeded",
    label = "neither `bool` nor `Result<(), …>`",
    note = "`ok = …` answers with a `bool`, or with a `Result<(), K>` whose `Err` is the kind of failure and implements `Display`"
)]
pub trait Verdict {
    /// `Err` where the call failed, with the kind of failure if it was said.
    fn failure(self) -> Result<(), Option<Cow<'static, str>>>;
}

impl Verdict for bool {
    fn failure(self) -> Result<(), Option<Cow<'static, str>>> {
        if self { Ok(()) } else { Err(None) }
    }
}

impl<K: Display> Verdict for Result<(), K> {
    fn failure(self) -> Result<(), Option<Cow<'static, str>>> {
        self.map_err(|kind| Some(shown_kind(&kind)))
    }
}

/// The outcome where `ok = …` decides: an error keeps its text, and its kind where the
/// verdict has none.
#[inline]
pub fn decide<'a, T, V: Verdict>(
    value: &'a T,
    is_ok: impl FnOnce(&'a T) -> V,
    probed: impl FnOnce() -> Outcome,
) -> Outcome {
    let Err(kind) = alloc::uncounted(|| is_ok(value).failure()) else {
        return Outcome::Success;
    };
    let failure = match probed() {
        Outcome::Failure(failure) => failure,
        _ => Failure::new("not_ok", ""),
    };
    let kind = kind.filter(|kind| !kind.is_empty());
    Outcome::Failure(match kind {
        Some(kind) => failure.with_kind(kind),
        None => failure,
    })
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
            failure((&&&&Probe(&shown)).__perfkit_outcome(ErrorTextPolicy::all(), Cow::default))
                .text(),
            "shown"
        );
        let debugged: Result<(), Debugged> = Err(Debugged);
        assert_eq!(
            failure((&&&&Probe(&debugged)).__perfkit_outcome(ErrorTextPolicy::all(), Cow::default))
                .text(),
            "Debugged"
        );
        let silent: Result<(), Silent> = Err(Silent);
        let silent =
            failure((&&&&Probe(&silent)).__perfkit_outcome(ErrorTextPolicy::all(), Cow::default));
        assert!(silent.kind().ends_with("Silent") && silent.text().is_empty());
        assert_eq!(
            (&&&&Probe(&Some(1))).__perfkit_outcome(ErrorTextPolicy::all(), Cow::default),
            Outcome::Success
        );
        assert_eq!(
            (&&&&Probe(&Ok::<_, Silent>(1)))
                .__perfkit_outcome(ErrorTextPolicy::all(), Cow::default),
            Outcome::Success
        );
    }

    #[test]
    fn an_error_that_knows_its_kind_is_asked() {
        struct Busy;
        impl ErrorKind for Busy {
            fn error_kind(&self) -> Cow<'static, str> {
                "busy".into()
            }
        }
        assert_eq!((&&Probe(&Err::<(), _>(Busy))).__perfkit_kind(), "busy");
        assert_eq!(
            (&&Probe(&Err::<(), _>(Box::new(Busy)))).__perfkit_kind(),
            "busy"
        );
        assert_eq!((&&Probe(&Err::<(), _>("x"))).__perfkit_kind(), "");
        assert_eq!((&&Probe(&Some(1))).__perfkit_kind(), "");
        assert_eq!(or_type::<Busy>("".into()), type_name::<Busy>());
    }

    #[test]
    fn a_verdict_may_say_the_kind() {
        let kind = |value: Result<u8, &str>, verdict: Result<(), u16>| {
            let probed =
                || (&&&&Probe(&value)).__perfkit_outcome(ErrorTextPolicy::all(), Cow::default);
            match decide(&value, |_| verdict, probed) {
                Outcome::Failure(failure) => (failure.kind().to_owned(), failure.text().to_owned()),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(kind(Ok(1), Err(503)), ("503".to_owned(), String::new()));
        assert_eq!(
            kind(Err("down"), Err(503)),
            ("503".to_owned(), "down".to_owned())
        );
        let ok = decide(&1, |_| Ok::<(), u16>(()), || Outcome::Panic);
        assert_eq!(ok, Outcome::Success);
    }
}
