//! A call from the moment that its options are known to its end.

use std::fmt::Debug;
use std::future::Future;
use std::thread::LocalKey;

use crate::alloc;
use crate::measure::{Call, Counted, Direct, Dropped, Extras, Measured, Texts, TimeOnly};
use crate::monitor::{Handle, Operation, Options, Target};
use crate::outcome::Outcome;
use crate::recorder::{GLOBAL_STATE, Kept, Shard, Work, keep};

use super::site::Site;

/// A call that is about to begin, with what it shall measure.
#[derive(Debug)]
#[must_use]
pub struct Enter<E> {
    site: &'static Site,
    kept: &'static LocalKey<Kept>,
    /// Empty for functions.
    type_name: &'static str,
    /// One of so many calls is timed; the others are only counted.
    one_in: u32,
    extras: E,
}

impl Enter<TimeOnly> {
    #[inline(always)]
    pub(super) fn new(
        site: &'static Site,
        kept: &'static LocalKey<Kept>,
        type_name: &'static str,
    ) -> Self {
        Self {
            site,
            kept,
            type_name,
            one_in: 1,
            extras: TimeOnly,
        }
    }

    #[inline(always)]
    pub fn memory(self) -> Enter<Options> {
        self.more().memory()
    }

    #[inline(always)]
    pub fn cpu(self) -> Enter<Options> {
        self.more().cpu()
    }

    #[inline(always)]
    pub fn items(self, items: impl FnOnce() -> u64) -> Enter<Options> {
        self.more().items(items)
    }

    #[inline(always)]
    pub fn bytes(self, bytes: impl FnOnce() -> u64) -> Enter<Options> {
        self.more().bytes(bytes)
    }

    #[inline(always)]
    fn more(self) -> Enter<Options> {
        Enter {
            site: self.site,
            kept: self.kept,
            type_name: self.type_name,
            one_in: self.one_in,
            extras: Options::default(),
        }
    }
}

impl Enter<Options> {
    #[inline(always)]
    pub fn memory(mut self) -> Self {
        self.extras.memory = true;
        self
    }

    #[inline(always)]
    pub fn cpu(mut self) -> Self {
        self.extras.cpu = true;
        self
    }

    #[inline(always)]
    pub fn items(mut self, items: impl FnOnce() -> u64) -> Self {
        if GLOBAL_STATE.read().is_enabled() {
            self.extras.work = Some(Work::Items(items()));
        }
        self
    }

    #[inline(always)]
    pub fn bytes(mut self, bytes: impl FnOnce() -> u64) -> Self {
        if GLOBAL_STATE.read().is_enabled() {
            self.extras.work = Some(Work::Bytes(bytes()));
        }
        self
    }
}

impl<E: Extras> Enter<E> {
    /// Times one of so many calls and only counts the others.
    #[inline(always)]
    pub fn one_in(mut self, one_in: u32) -> Self {
        self.one_in = one_in;
        self
    }

    /// Begins a call that is told its outcome.
    #[inline(always)]
    pub fn begin(self) -> InFlight<E> {
        self.begin_as(Dropped::Panicked)
    }

    /// Begins a call that ends when the result is dropped.
    #[inline(always)]
    pub fn begin_to_drop(self) -> InFlight<E> {
        self.begin_as(Dropped::ended())
    }

    /// Wraps the future of an async call.
    pub fn measure<F: Future, O: FnOnce(&F::Output) -> Outcome>(
        self,
        work: F,
        outcome: O,
    ) -> Measured<F, O> {
        let mut operation = Operation::new(Handle::Kept(self.site.target(self.type_name)));
        operation.options = Options::of(&self.extras);
        Measured::new(operation, work, outcome)
    }

    #[inline(always)]
    fn begin_as(self, dropped: Dropped) -> InFlight<E> {
        let allowed = GLOBAL_STATE.read();
        if !allowed.is_enabled() {
            return InFlight::off();
        }
        let key = key(self.type_name);
        let kept = self.kept.with(|kept| kept.shard(key));
        let way = match kept {
            Some(shard) if shard.is_allowed(allowed) => Way::Straight(shard),
            _ => find_way(self.site, self.kept, self.type_name),
        };
        let mut call = InFlight::off();
        match way {
            Way::Off => {}
            Way::Straight(shard) => {
                if self.one_in > 1 && !self.kept.with(|kept| kept.is_timed(self.one_in)) {
                    call.counted = Some(Counted::begin(shard, dropped));
                } else {
                    call.straight = Some(Direct::begin(shard, self.extras, dropped));
                }
            }
            Way::Long(target) => {
                call.other = Some(begin_other(target, Options::of(&self.extras), dropped));
            }
        }
        call
    }
}

/// Which way a call goes.
enum Way {
    Off,
    Straight(&'static Shard),
    Long(&'static Target),
}

/// Tells the types of a site apart; zero for functions.
#[inline(always)]
fn key(type_name: &'static str) -> usize {
    if type_name.is_empty() {
        0
    } else {
        type_name.as_ptr() as usize
    }
}

/// Finds the operation and the thread's shard of it, and whether the call has to
/// go the long way.
#[cold]
#[inline(never)]
fn find_way(site: &'static Site, kept: &'static LocalKey<Kept>, type_name: &'static str) -> Way {
    let target = site.target(type_name);
    let allowed = target.monitor.allowed();
    if !allowed.is_enabled() {
        return Way::Off;
    }
    if !allowed.is_with_care()
        && let Some(shard) = keep(&target.entry.recorder, kept, key(type_name))
    {
        shard.refresh(allowed);
        return Way::Straight(shard);
    }
    Way::Long(target)
}

#[cold]
#[inline(never)]
fn begin_other(target: &'static Target, options: Options, dropped: Dropped) -> Box<Call> {
    let begin = || Box::new(Call::begin(Handle::Kept(target), options, dropped));
    alloc::uncounted(begin)
}

/// A call on a monitor of the program's choice that is about to begin.
#[derive(Debug)]
#[must_use]
pub struct EnterOn(pub(super) Operation);

impl EnterOn {
    pub fn memory(self) -> Self {
        Self(self.0.memory())
    }

    pub fn cpu(self) -> Self {
        Self(self.0.cpu())
    }

    pub fn items(self, items: impl FnOnce() -> u64) -> Self {
        if self.0.target.monitor.is_enabled() {
            return Self(self.0.items(items()));
        }
        self
    }

    pub fn bytes(self, bytes: impl FnOnce() -> u64) -> Self {
        if self.0.target.monitor.is_enabled() {
            return Self(self.0.bytes(bytes()));
        }
        self
    }

    pub fn begin(self) -> InFlight<TimeOnly> {
        self.begin_as(Dropped::Panicked)
    }

    pub fn begin_to_drop(self) -> InFlight<TimeOnly> {
        self.begin_as(Dropped::ended())
    }

    pub fn measure<F: Future, O: FnOnce(&F::Output) -> Outcome>(
        self,
        work: F,
        outcome: O,
    ) -> Measured<F, O> {
        Measured::new(self.0, work, outcome)
    }

    fn begin_as(self, dropped: Dropped) -> InFlight<TimeOnly> {
        let Operation { target, options } = self.0;
        if !target.monitor.is_enabled() {
            return InFlight::off();
        }
        let begin = || Box::new(Call::begin(target, options, dropped));
        let mut call = InFlight::off();
        call.other = Some(alloc::uncounted(begin));
        call
    }
}

/// A call that has begun; at most one of the three.
#[derive(Debug)]
#[must_use]
pub struct InFlight<E: Extras> {
    straight: Option<Direct<E>>,
    counted: Option<Counted>,
    other: Option<Box<Call>>,
}

impl<E: Extras> InFlight<E> {
    /// While recording is off.
    #[inline(always)]
    fn off() -> Self {
        Self {
            straight: None,
            counted: None,
            other: None,
        }
    }

    #[inline(always)]
    pub fn finish(self, outcome: impl FnOnce(Texts) -> Outcome) {
        if let Some(call) = self.straight {
            call.finish(outcome);
        } else if let Some(call) = self.counted {
            call.finish(outcome);
        } else if let Some(call) = self.other {
            finish_other(call, outcome);
        }
    }
}

#[cold]
#[inline(never)]
fn finish_other(call: Box<Call>, outcome: impl FnOnce(Texts) -> Outcome) {
    let mut call = call;
    call.finish(outcome);
    alloc::uncounted(|| drop(call));
}
