//! A call that is counted and not timed.

use std::mem::ManuallyDrop;

use crate::alloc;
use crate::outcome::Outcome;
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
            outcome => record(shard, outcome),
        }
    }
}

impl Drop for UntimedCall {
    #[inline(always)]
    fn drop(&mut self) {
        match self.dropped.outcome() {
            Outcome::Success => self.shard.record_untimed_success(),
            outcome => record(self.shard, outcome),
        }
    }
}

#[cold]
#[inline(never)]
fn record(shard: &'static Shard, outcome: Outcome) {
    alloc::uncounted(|| {
        shard.record_untimed(outcome.ending(), outcome.failure());
        drop(outcome);
    });
}
