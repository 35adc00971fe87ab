//! A call that is counted and not timed.

use std::mem::ManuallyDrop;

use crate::alloc;
use crate::outcome::{Ending, Failure, Outcome};
use crate::recorder::Shard;

use super::call::Dropped;
use super::error_text_policy::ErrorTextPolicy;

/// A call in flight. Dropped, it ended as it was told to when it began.
#[derive(Debug)]
pub(crate) struct UntimedCall {
    shard: &'static Shard,
    dropped: Dropped,
}

impl UntimedCall {
    #[inline(always)]
    pub(crate) fn begin(shard: &'static Shard, dropped: Dropped) -> Self {
        Self { shard, dropped }
    }

    #[inline(always)]
    pub(crate) fn finish(self, outcome: impl FnOnce(ErrorTextPolicy) -> Outcome) {
        let outcome = outcome(ErrorTextPolicy::of(self.shard, 0));
        let shard = ManuallyDrop::new(self).shard;
        match outcome {
            Outcome::Success => shard.record_untimed_success(),
            Outcome::Failure(failure) => record(shard, Ending::Failure, Some(failure)),
            outcome => record(shard, outcome.ending(), None),
        }
    }
}

impl Drop for UntimedCall {
    #[inline(always)]
    fn drop(&mut self) {
        match self.dropped.ending() {
            Ending::Success => self.shard.record_untimed_success(),
            ending => record(self.shard, ending, None),
        }
    }
}

#[cold]
#[inline(never)]
fn record(shard: &'static Shard, ending: Ending, failure: Option<Failure>) {
    alloc::uncounted(|| {
        shard.record_untimed(ending, failure.as_ref());
        drop(failure);
    });
}
