//! A call from the moment that its options are known to its end.

use std::fmt::{Debug, Display};
use std::future::Future;
use std::thread::LocalKey;

use crate::alloc;
use crate::measure::{
    Call, Dropped, ErrorTextPolicy, FastCall, MeasuredFuture, MetricSelection, TimeOnly,
    UntimedCall,
};
use crate::monitor::{Destination, Handle, Monitor, Operation, Options};
use crate::outcome::Outcome;
use crate::recorder::{GLOBAL_STATE, Shard, ThreadCache, Work, find_and_cache};

use super::call_site::CallSite;

/// How a call begins at its place in the program. Methods bring the type that they
/// run for.
impl CallSite {
    /// A call on the global monitor; the type's name is empty for functions.
    #[inline(always)]
    pub fn enter(
        &'static self,
        type_name: &'static str,
        cache: &'static LocalKey<ThreadCache>,
    ) -> Enter<TimeOnly> {
        Enter {
            site: self,
            cache,
            type_name,
            one_in: 1,
            selection: TimeOnly,
        }
    }

    /// A call on the given monitor.
    pub fn enter_on(&self, type_name: &str, monitor: &Monitor) -> EnterOn {
        EnterOn(self.operation_on(monitor, type_name))
    }

    /// A call with labels.
    pub fn enter_with(
        &self,
        type_name: &str,
        monitor: &Monitor,
        labels: &[(&str, &dyn Display)],
    ) -> EnterOn {
        EnterOn(self.labelled_on(monitor, type_name, labels))
    }
}

/// A call that is about to begin, with what it shall measure.
#[derive(Debug)]
#[must_use]
pub struct Enter<E> {
    site: &'static CallSite,
    cache: &'static LocalKey<ThreadCache>,
    /// Empty for functions.
    type_name: &'static str,
    /// One of so many calls is timed; the others are only counted.
    one_in: u32,
    selection: E,
}

impl<E: MetricSelection> Enter<E> {
    #[inline(always)]
    pub fn memory(self) -> Enter<Options> {
        self.also(|options| options.memory = true)
    }

    #[inline(always)]
    pub fn cpu(self) -> Enter<Options> {
        self.also(|options| options.cpu = true)
    }

    #[inline(always)]
    pub fn items(self, items: impl FnOnce() -> u64) -> Enter<Options> {
        self.processing(|| Work::Items(items()))
    }

    #[inline(always)]
    pub fn bytes(self, bytes: impl FnOnce() -> u64) -> Enter<Options> {
        self.processing(|| Work::Bytes(bytes()))
    }

    #[inline(always)]
    fn processing(self, work: impl FnOnce() -> Work) -> Enter<Options> {
        self.also(|options| options.work = GLOBAL_STATE.read().is_enabled().then(work))
    }

    #[inline(always)]
    fn also(self, choose: impl FnOnce(&mut Options)) -> Enter<Options> {
        let mut selection = self.selection.options();
        choose(&mut selection);
        Enter {
            site: self.site,
            cache: self.cache,
            type_name: self.type_name,
            one_in: self.one_in,
            selection,
        }
    }

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
    ) -> MeasuredFuture<F, O> {
        let mut operation = Operation::new(Handle::Static(self.site.destination(self.type_name)));
        operation.options = self.selection.options();
        MeasuredFuture::new(operation, work, outcome)
    }

    #[inline(always)]
    fn begin_as(self, dropped: Dropped) -> InFlight<E> {
        let state = GLOBAL_STATE.read();
        if !state.is_enabled() {
            return InFlight::off();
        }
        let key = key(self.type_name);
        let cached = self.cache.with(|cache| cache.shard(key));
        let path = match cached {
            Some(shard) if shard.is_on_fast_path(state) => Path::Fast(shard),
            _ => find_path(self.site, self.cache, self.type_name),
        };
        let mut call = InFlight::off();
        match path {
            Path::Off => {}
            Path::Fast(shard) => {
                if self.one_in > 1 && !self.cache.with(|cache| cache.is_timed(self.one_in)) {
                    call.untimed = Some(UntimedCall::begin(shard, dropped));
                } else {
                    call.fast = Some(FastCall::begin(shard, self.selection, dropped));
                }
            }
            Path::Full(destination) => {
                let options = self.selection.options();
                call.full = Some(begin_full(Handle::Static(destination), options, dropped));
            }
        }
        call
    }
}

/// Which way a call goes.
enum Path {
    Off,
    Fast(&'static Shard),
    Full(&'static Destination),
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
/// take the full path.
#[cold]
#[inline(never)]
fn find_path(
    site: &'static CallSite,
    cache: &'static LocalKey<ThreadCache>,
    type_name: &'static str,
) -> Path {
    let destination = site.destination(type_name);
    let state = destination.monitor.state();
    if !state.is_enabled() {
        return Path::Off;
    }
    if !state.needs_full_path()
        && let Some(shard) = find_and_cache(&destination.entry.recorder, cache, key(type_name))
    {
        shard.remember_state(state);
        return Path::Fast(shard);
    }
    Path::Full(destination)
}

#[cold]
#[inline(never)]
fn begin_full(destination: Handle, options: Options, dropped: Dropped) -> Box<Call> {
    alloc::uncounted(|| Box::new(Call::begin(destination, options, dropped)))
}

/// A call on a monitor of the program's choice that is about to begin.
#[derive(Debug)]
#[must_use]
pub struct EnterOn(Operation);

impl EnterOn {
    pub fn memory(self) -> Self {
        Self(self.0.memory())
    }

    pub fn cpu(self) -> Self {
        Self(self.0.cpu())
    }

    pub fn items(self, items: impl FnOnce() -> u64) -> Self {
        self.processing(|| Work::Items(items()))
    }

    pub fn bytes(self, bytes: impl FnOnce() -> u64) -> Self {
        self.processing(|| Work::Bytes(bytes()))
    }

    fn processing(mut self, work: impl FnOnce() -> Work) -> Self {
        let is_enabled = self.0.destination.monitor.is_enabled();
        self.0.options.work = is_enabled.then(work);
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
    ) -> MeasuredFuture<F, O> {
        MeasuredFuture::new(self.0, work, outcome)
    }

    fn begin_as(self, dropped: Dropped) -> InFlight<TimeOnly> {
        let Operation {
            destination,
            options,
        } = self.0;
        if !destination.monitor.is_enabled() {
            return InFlight::off();
        }
        InFlight {
            full: Some(begin_full(destination, options, dropped)),
            ..InFlight::off()
        }
    }
}

/// A call that has begun; at most one of the three.
#[derive(Debug)]
#[must_use]
pub struct InFlight<E: MetricSelection> {
    fast: Option<FastCall<E>>,
    untimed: Option<UntimedCall>,
    full: Option<Box<Call>>,
}

impl<E: MetricSelection> InFlight<E> {
    /// While recording is off.
    #[inline(always)]
    fn off() -> Self {
        Self {
            fast: None,
            untimed: None,
            full: None,
        }
    }

    #[inline(always)]
    pub fn finish(self, outcome: impl FnOnce(ErrorTextPolicy) -> Outcome) {
        if let Some(call) = self.fast {
            call.finish(outcome);
        } else if let Some(call) = self.untimed {
            call.finish(outcome);
        } else if let Some(call) = self.full {
            finish_full(call, outcome);
        }
    }
}

#[cold]
#[inline(never)]
fn finish_full(mut call: Box<Call>, outcome: impl FnOnce(ErrorTextPolicy) -> Outcome) {
    call.finish(outcome);
    alloc::uncounted(|| drop(call));
}
