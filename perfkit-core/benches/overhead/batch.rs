//! Batches: many calls of one implementation, timed together.

use std::hint::black_box;
use std::time::Instant;

use crate::clock;
use crate::implementations::{Around, Implementation, Setting};
use crate::work::chain;

/// One implementation in one setting, with the size of its batches.
#[derive(Debug)]
pub(crate) struct Trial<'a> {
    pub(crate) implementation: &'a Implementation,
    pub(crate) setting: Setting,
    pub(crate) calls: u64,
}

/// How long a batch took on one thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timed {
    /// CPU time of the thread.
    pub(crate) ns: u64,
    pub(crate) start: Instant,
    pub(crate) end: Instant,
}

impl<'a> Trial<'a> {
    /// Chooses the number of calls so that a batch takes about so long, where
    /// only one thread runs it.
    pub(crate) fn sized(
        implementation: &'a Implementation,
        setting: Setting,
        batch_ns: u64,
    ) -> Self {
        let mut trial = Self {
            implementation,
            setting,
            calls: 64,
        };
        implementation.prepare();
        while trial.run().ns < batch_ns / 4 {
            trial.calls *= 2;
        }
        let fastest = (0..3).map(|_| trial.run().ns).min();
        trial.calls = trial.calls * batch_ns / fastest.unwrap_or(batch_ns).max(1);
        trial
    }

    /// Runs a batch on this thread.
    pub(crate) fn run(&self) -> Timed {
        let call = self.implementation.call(self.setting, self.calls);
        let batch = || match self.setting {
            Setting::Tight => timed(|| tight(call, self.calls)),
            Setting::Work => timed(|| with_work(call, self.calls)),
        };
        match self.implementation.around {
            Around::MemoryCall => perfkit::operation("batch").memory().measure(batch),
            Around::Nothing | Around::SwitchedOff => batch(),
        }
    }
}

fn timed(batch: impl FnOnce() -> u64) -> Timed {
    let start = Instant::now();
    let start_ns = clock::thread_ns();
    black_box(batch());
    let ns = clock::thread_ns() - start_ns;
    let end = Instant::now();
    Timed { ns, start, end }
}

/// Call after call, none of which waits for the one before.
#[inline(never)]
fn tight(call: fn(u64) -> u64, calls: u64) -> u64 {
    let mut output = 0;
    for input in 0..calls {
        output = black_box(call(input));
    }
    output
}

/// Work, a call, work on what it returned, the next call, and so on: one chain,
/// beside which the processor has room for what is not part of it.
#[inline(never)]
fn with_work(call: fn(u64) -> u64, calls: u64) -> u64 {
    let mut value = 1;
    for _ in 0..calls {
        value = call(chain(value));
    }
    value
}
