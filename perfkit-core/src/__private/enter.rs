//! A call from the moment that its options are known to its end.

use std::fmt::Debug;
use std::future::Future;
use std::thread::LocalKey;

use crate::alloc;
use crate::measure::{
    AsyncSelection, Call, Dropped, ErrorTextPolicy, FastCall, MeasuredFuture, MetricSelection,
    TimeOnly, UntimedCall, enter_by_state, enter_fast, leave_fast,
};
use crate::monitor::{Destination, Handle, Monitor, Operation, Options};
use crate::outcome::Outcome;
use crate::recorder::{GLOBAL_STATE, Shard, StateReading, ThreadCache, Work, find_and_cache};

use super::call_site::CallSite;
use super::chosen::{Chosen, Entered};
use super::label_value::LabelValue;

/// How a call begins at its place in the program. Methods bring the type that they
/// run for.
impl CallSite {
    /// A call on the global monitor; the type's name is empty for functions.
    #[inline(always)]
    pub fn enter(
        &'static self,
        type_name: &'static str,
        cache: &'static LocalKey<ThreadCache>,
    ) -> Enter<'static, TimeOnly> {
        Enter::at(Place::Global(self, cache, type_name))
    }

    /// A call on the given monitor.
    pub fn enter_on<'a>(
        &'static self,
        type_name: &'a str,
        monitor: &'a Monitor,
    ) -> Enter<'a, TimeOnly> {
        self.enter_with(type_name, monitor, &[])
    }

    /// A call with labels.
    pub fn enter_with<'a>(
        &'static self,
        type_name: &'a str,
        monitor: &'a Monitor,
        labels: &'a [(&'a str, LabelValue<'a>)],
    ) -> Enter<'a, TimeOnly> {
        Enter::at(Place::Chosen(Chosen {
            site: self,
            type_name,
            monitor,
            labels,
        }))
    }
}

/// A call that is about to begin, with what it shall measure.
#[derive(Debug)]
#[must_use]
pub struct Enter<'a, E> {
    place: Place<'a>,
    /// One of so many calls is timed; the others are only counted.
    one_in: u32,
    selection: E,
}

/// Where the operation of a call is found.
#[derive(Debug)]
enum Place<'a> {
    /// On the global monitor; the type's name is empty for functions.
    Global(
        &'static CallSite,
        &'static LocalKey<ThreadCache>,
        &'static str,
    ),
    /// On a monitor of the program's choice, or among those with labels.
    Chosen(Chosen<'a>),
    /// The same, of an async call.
    Found(Operation),
}

impl<'a> Enter<'a, TimeOnly> {
    #[inline(always)]
    fn at(place: Place<'a>) -> Self {
        Self {
            place,
            one_in: 1,
            selection: TimeOnly,
        }
    }
}

impl<'a, E: MetricSelection> Enter<'a, E> {
    #[inline(always)]
    pub fn memory(self) -> Enter<'a, Options> {
        self.also(|options| options.memory = true)
    }

    #[inline(always)]
    pub fn cpu(self) -> Enter<'a, Options> {
        self.also(|options| options.cpu = true)
    }

    #[inline(always)]
    pub fn items(self, items: impl FnOnce() -> u64) -> Enter<'a, Options> {
        self.processing(|| Work::Items(items()))
    }

    #[inline(always)]
    pub fn bytes(self, bytes: impl FnOnce() -> u64) -> Enter<'a, Options> {
        self.processing(|| Work::Bytes(bytes()))
    }

    #[inline(always)]
    fn processing(self, work: impl FnOnce() -> Work) -> Enter<'a, Options> {
        let is_enabled = match &self.place {
            Place::Global(..) => GLOBAL_STATE.read().is_enabled(),
            Place::Chosen(chosen) => chosen.monitor.is_enabled(),
            Place::Found(operation) => operation.destination.monitor.is_enabled(),
        };
        self.also(|options| options.work = is_enabled.then(work))
    }

    #[inline(always)]
    fn also(self, choose: impl FnOnce(&mut Options)) -> Enter<'a, Options> {
        let mut selection = self.selection.options();
        choose(&mut selection);
        Enter {
            place: self.place,
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

    /// Finds the operation now, because what decides it is gone when the call begins.
    pub fn find(self) -> Enter<'static, E> {
        let place = match self.place {
            Place::Global(site, cache, type_name) => Place::Global(site, cache, type_name),
            Place::Chosen(chosen) => Place::Found(chosen.operation()),
            Place::Found(operation) => Place::Found(operation),
        };
        Enter {
            place,
            one_in: self.one_in,
            selection: self.selection,
        }
    }

    /// Begins a call that is told its outcome.
    #[inline(always)]
    pub fn begin(self) -> InFlight<E> {
        self.begin_as(Dropped::PANICKED)
    }

    /// Begins a call that ends when the result is dropped.
    #[inline(always)]
    pub fn begin_to_drop(self) -> InFlight<E> {
        self.begin_as(Dropped::ended())
    }

    /// Wraps the future of an async call.
    #[inline(always)]
    pub fn measure<F: Future, O: FnOnce(&F::Output) -> Outcome>(
        self,
        work: F,
        outcome: O,
    ) -> MeasuredFuture<F, O, E>
    where
        E: AsyncSelection,
    {
        let selection = self.selection;
        match self.place {
            Place::Global(site, cache, type_name) => {
                let destination = site.destination(type_name);
                let place = (cache, key(type_name));
                MeasuredFuture::at(destination, place, selection, work, outcome)
            }
            Place::Chosen(chosen) => {
                let destination = chosen.operation().destination;
                MeasuredFuture::new(destination, selection, work, outcome)
            }
            Place::Found(operation) => {
                MeasuredFuture::new(operation.destination, selection, work, outcome)
            }
        }
    }

    /// The operation, with what is measured of its calls.
    #[cfg(feature = "stream")]
    pub(super) fn operation(self) -> Operation {
        let mut operation = match self.place {
            Place::Global(site, _, type_name) => {
                Operation::new(Handle::Static(site.destination(type_name)))
            }
            Place::Chosen(chosen) => chosen.operation(),
            Place::Found(operation) => operation,
        };
        operation.options = self.selection.options();
        operation
    }

    #[inline(always)]
    fn begin_as(self, dropped: Dropped) -> InFlight<E> {
        let (site, cache, type_name) = match self.place {
            Place::Global(site, cache, type_name) => (site, cache, type_name),
            Place::Chosen(chosen) => return begin_chosen(chosen, self.selection, dropped),
            Place::Found(operation) => return begin_found(operation, self.selection, dropped),
        };
        let state = GLOBAL_STATE.read();
        let key = key(type_name);
        let cached = cache.with(|cache| cache.shard(key));
        let path = match cached {
            Some(shard) if shard.gate.enter_outermost(state) => Path::Fast(shard),
            _ if !state.is_enabled() => return InFlight::Off,
            _ => find_path(site, cache, type_name, cached, state),
        };
        match path {
            Path::Fast(shard) => {
                if self.one_in > 1
                    && !shard.gate.is_collected()
                    && !cache.with(|cache| cache.is_timed(self.one_in))
                {
                    leave_fast(shard);
                    let call = UntimedCall::begin(shard, dropped);
                    return InFlight::Untimed(call);
                }
                InFlight::Fast(FastCall::begin(shard, self.selection, dropped))
            }
            Path::Full(destination) => {
                let options = self.selection.options();
                let destination = Handle::Static(destination);
                let call = begin_full(destination, options, dropped);
                InFlight::Full(call)
            }
            Path::Off => InFlight::Off,
        }
    }
}

/// Begins a call whose monitor or labels may differ from call to call.
#[inline]
fn begin_chosen<E: MetricSelection>(
    chosen: Chosen<'_>,
    selection: E,
    dropped: Dropped,
) -> InFlight<E> {
    let state = chosen.monitor.state();
    if !state.is_enabled() {
        return InFlight::Off;
    }
    match chosen.enter(state) {
        Entered::Fast(shard) => InFlight::Fast(FastCall::begin(shard, selection, dropped)),
        Entered::Full(operation) => begin_found(operation, selection, dropped),
    }
}

#[cold]
fn begin_found<E: MetricSelection>(
    operation: Operation,
    selection: E,
    dropped: Dropped,
) -> InFlight<E> {
    match operation.destination.monitor.is_enabled() {
        true => {
            let options = selection.options();
            InFlight::Full(begin_full(operation.destination, options, dropped))
        }
        false => InFlight::Off,
    }
}

/// Which way a call goes.
enum Path {
    Off,
    /// The call has entered the shard.
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
    cached: Option<&'static Shard>,
    state: StateReading,
) -> Path {
    if let Some(shard) = cached
        && enter_fast(shard, state)
    {
        return Path::Fast(shard);
    }
    let destination = site.destination(type_name);
    let state = destination.monitor.state();
    if !state.is_enabled() {
        return Path::Off;
    }
    let Destination { monitor, entry } = destination;
    if (!state.needs_full_path() || state.is_collected())
        && let Some(shard) =
            cached.or_else(|| find_and_cache(&entry.recorder, cache, key(type_name)))
        && enter_by_state(shard, state, monitor, Some(entry))
    {
        return Path::Fast(shard);
    }
    Path::Full(destination)
}

#[cold]
#[inline(never)]
fn begin_full(destination: Handle, options: Options, dropped: Dropped) -> Box<Call> {
    alloc::uncounted(|| Box::new(Call::begin(destination, options, dropped)))
}

/// A call that has begun.
#[derive(Debug)]
#[must_use]
#[allow(
    private_interfaces,
    reason = "generated code only begins and finishes it"
)]
pub enum InFlight<E: MetricSelection> {
    Fast(FastCall<E>),
    Untimed(UntimedCall),
    Full(Box<Call>),
    /// While recording is off.
    Off,
}

impl<E: MetricSelection> InFlight<E> {
    #[inline(always)]
    pub fn finish(self, outcome: impl FnOnce(ErrorTextPolicy) -> Outcome) {
        match self {
            Self::Fast(call) => call.finish(outcome),
            Self::Untimed(call) => call.finish(outcome),
            Self::Full(call) => finish_full(call, outcome),
            Self::Off => {}
        }
    }
}

#[cold]
#[inline(never)]
fn finish_full(mut call: Box<Call>, outcome: impl FnOnce(ErrorTextPolicy) -> Outcome) {
    call.finish(outcome);
    alloc::uncounted(|| drop(call));
}
