//! Whether the text of an error is worth writing.

use std::borrow::Cow;
use std::fmt::Display;

use crate::alloc;
use crate::outcome::{Failure, Outcome};
use crate::recorder::Shard;

/// Decides which failures get their text written. Writing it takes many times as
/// long as all else, so where failures come in masses only some have one.
#[derive(Clone, Copy, Debug)]
pub struct ErrorTextPolicy {
    /// The shard and the end of the call; `None` where every text is written.
    of: Option<(&'static Shard, u64)>,
}

impl ErrorTextPolicy {
    #[inline(always)]
    pub(super) fn of(shard: &'static Shard, end: u64) -> Self {
        Self {
            of: Some((shard, end)),
        }
    }

    /// Writes every text.
    #[must_use]
    pub fn all() -> Self {
        Self { of: None }
    }

    /// A failure of the kind that a function finds out, with its text if that is
    /// worth writing.
    #[inline]
    pub(crate) fn failure(
        self,
        kind: impl FnOnce() -> Cow<'static, str>,
        text: impl Display,
    ) -> Outcome {
        match alloc::uncounted_if_any(kind) {
            Cow::Borrowed(kind) if self.repeats(kind) => Outcome::Failure(Failure::repeated(kind)),
            kind => self.new_failure(kind, text),
        }
    }

    /// Whether it is as the last failure was, and its text not wanted.
    #[inline(always)]
    fn repeats(self, kind: &'static str) -> bool {
        self.of
            .is_some_and(|(shard, end)| shard.repeats(kind, end) && !shard.gate.is_collected())
    }

    #[cold]
    fn new_failure(self, kind: Cow<'static, str>, text: impl Display) -> Outcome {
        let failure = || {
            let failure = Failure::without_text(kind);
            let is_wanted = |(shard, end): (&Shard, u64)| {
                shard.wants_text(failure.kind(), end) || shard.gate.is_collected()
            };
            if self.of.is_none_or(is_wanted) {
                failure.with_text(text)
            } else {
                failure
            }
        };
        Outcome::Failure(alloc::uncounted(failure))
    }

    /// The outcome of a result whose error can be shown.
    #[inline(always)]
    pub(crate) fn of_result<T, E: Display>(self, result: &Result<T, E>) -> Outcome {
        match result {
            Ok(_) => Outcome::Success,
            Err(error) => self.failure(|| std::any::type_name::<E>().into(), error),
        }
    }
}
