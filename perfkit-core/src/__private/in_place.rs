//! A call whose body stays in its function: `return` and `?` are turned into ways out of
//! a block, after which the value is looked at.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::task::Poll;

use crate::labelled_outcome::LabelledOutcome;
use crate::measure::{ErrorTextPolicy, MetricSelection};
use crate::outcome::Outcome;

use super::enter::InFlight;
use super::enter_labelled::LabelledInFlight;

/// A call that is told its outcome.
pub trait Finish {
    type Outcome: From<Outcome>;
    fn finish(self, outcome: impl FnOnce(ErrorTextPolicy) -> Self::Outcome);
}

impl<E: MetricSelection> Finish for InFlight<E> {
    type Outcome = Outcome;

    fn finish(self, outcome: impl FnOnce(ErrorTextPolicy) -> Outcome) {
        Self::finish(self, outcome);
    }
}

impl Finish for LabelledInFlight {
    type Outcome = LabelledOutcome;

    fn finish(self, outcome: impl FnOnce(ErrorTextPolicy) -> LabelledOutcome) {
        Self::finish(self, outcome);
    }
}

/// A call in flight. Where it is left without a panic and without a look at its value, a
/// macro in the body did it, as `bail!` does.
#[derive(Debug)]
#[must_use]
pub struct InPlace<C: Finish> {
    call: Option<C>,
    /// Whether a value may say that the call failed.
    may_fail: bool,
    was_panicking: bool,
}

impl<C: Finish> InPlace<C> {
    pub fn new(call: C, may_fail: bool) -> Self {
        Self {
            call: Some(call),
            may_fail,
            was_panicking: std::thread::panicking(),
        }
    }

    pub fn finish(mut self, outcome: impl FnOnce(ErrorTextPolicy) -> C::Outcome) {
        if let Some(call) = self.call.take() {
            call.finish(outcome);
        }
    }
}

impl<C: Finish> Drop for InPlace<C> {
    fn drop(&mut self) {
        let Some(call) = self.call.take() else {
            return;
        };
        let may_fail = self.may_fail;
        let unseen = |text_policy: ErrorTextPolicy| match may_fail {
            true => text_policy.failure(|| "returned_by_macro".into(), ""),
            false => Outcome::Success,
        };
        if self.was_panicking || !std::thread::panicking() {
            call.finish(|text_policy| unseen(text_policy).into());
        }
    }
}

/// What `?` may be asked of.
#[diagnostic::on_unimplemented(
    message = "the `?` operator can only be applied to values that implement `Try`",
    label = "the `?` operator cannot be applied to type `{Self}`"
)]
pub trait Questioned {
    type Output;
    type Residual;
    fn __perfkit_branch(self) -> Result<Self::Output, Self::Residual>;
}

/// What a function may return for what `?` did not let pass.
#[diagnostic::on_unimplemented(
    message = "`?` cannot return what it was asked of from a function that returns `{Self}`"
)]
pub trait Returned<R> {
    fn __perfkit_from(residual: R) -> Self;
}

impl<T, E> Questioned for Result<T, E> {
    type Output = T;
    type Residual = Result<Infallible, E>;

    fn __perfkit_branch(self) -> Result<T, Self::Residual> {
        self.map_err(Err)
    }
}

impl<T, E> Questioned for Poll<Result<T, E>> {
    type Output = Poll<T>;
    type Residual = Result<Infallible, E>;

    fn __perfkit_branch(self) -> Result<Poll<T>, Self::Residual> {
        match self {
            Self::Ready(result) => result.map(Poll::Ready).map_err(Err),
            Self::Pending => Ok(Poll::Pending),
        }
    }
}

impl<T, E> Questioned for Poll<Option<Result<T, E>>> {
    type Output = Poll<Option<T>>;
    type Residual = Result<Infallible, E>;

    fn __perfkit_branch(self) -> Result<Poll<Option<T>>, Self::Residual> {
        match self {
            Self::Ready(result) => result.transpose().map(Poll::Ready).map_err(Err),
            Self::Pending => Ok(Poll::Pending),
        }
    }
}

impl<T> Questioned for Option<T> {
    type Output = T;
    type Residual = Option<Infallible>;

    fn __perfkit_branch(self) -> Result<T, Self::Residual> {
        self.ok_or(None)
    }
}

impl<B, C> Questioned for ControlFlow<B, C> {
    type Output = C;
    type Residual = ControlFlow<B, Infallible>;

    fn __perfkit_branch(self) -> Result<C, Self::Residual> {
        match self {
            Self::Continue(value) => Ok(value),
            Self::Break(value) => Err(ControlFlow::Break(value)),
        }
    }
}

impl<T, E, F: From<E>> Returned<Result<Infallible, E>> for Result<T, F> {
    #[track_caller]
    fn __perfkit_from(residual: Result<Infallible, E>) -> Self {
        match residual {
            Err(error) => Err(F::from(error)),
            Ok(never) => match never {},
        }
    }
}

impl<T, E, F: From<E>> Returned<Result<Infallible, E>> for Poll<Result<T, F>> {
    #[track_caller]
    fn __perfkit_from(residual: Result<Infallible, E>) -> Self {
        Self::Ready(Returned::__perfkit_from(residual))
    }
}

impl<T, E, F: From<E>> Returned<Result<Infallible, E>> for Poll<Option<Result<T, F>>> {
    #[track_caller]
    fn __perfkit_from(residual: Result<Infallible, E>) -> Self {
        Self::Ready(Some(Returned::__perfkit_from(residual)))
    }
}

impl<T> Returned<Option<Infallible>> for Option<T> {
    fn __perfkit_from(_: Option<Infallible>) -> Self {
        None
    }
}

impl<B, C> Returned<ControlFlow<B, Infallible>> for ControlFlow<B, C> {
    fn __perfkit_from(residual: ControlFlow<B, Infallible>) -> Self {
        match residual {
            ControlFlow::Break(value) => Self::Break(value),
            ControlFlow::Continue(never) => match never {},
        }
    }
}

/// A future of a known output.
pub fn future<T, F: Future<Output = T>>(future: F) -> F {
    future
}
