//! What the code that `#[measure]` generates calls. Not public API: it changes
//! without notice.

use std::fmt::{Debug, Display};
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::thread::LocalKey;

use crate::alloc;
use crate::measure::{Call, Counted, Direct, Dropped, Measured};
use crate::monitor::{self, Handle, Monitor, Operation, Target};
use crate::outcome::{Failure, Outcome};
use crate::recorder::{GLOBAL_STATE, Shard, keep};

pub use crate::measure::{Extras, Texts, TimeOnly};
pub use crate::monitor::Options;
pub use crate::recorder::{Kept, Work};
pub use std::thread_local;

/// The place of one `#[measure]`, which finds its operations once.
///
/// A function has one operation. A method of a trait or of a generic type has
/// one per type that it runs for, found by the type's name.
#[derive(Debug)]
pub struct Site {
    /// The whole name, or of a method its last part.
    name: &'static str,
    /// The operations on the global monitor.
    known: OnceLock<Known>,
}

/// An operation of a site, and those that were found after it.
#[derive(Debug)]
struct Known {
    /// Empty for functions.
    type_name: &'static str,
    target: &'static Target,
    next: OnceLock<Box<Known>>,
}

impl Site {
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            known: OnceLock::new(),
        }
    }

    /// A call of the function on the global monitor.
    #[inline(always)]
    pub fn enter(&'static self, kept: &'static LocalKey<Kept>) -> Enter<TimeOnly> {
        self.enter_type(kept, "")
    }

    /// A call of the method on the global monitor.
    #[inline(always)]
    pub fn enter_in<T: ?Sized>(&'static self, kept: &'static LocalKey<Kept>) -> Enter<TimeOnly> {
        self.enter_type(kept, std::any::type_name::<T>())
    }

    #[inline(always)]
    fn enter_type(
        &'static self,
        kept: &'static LocalKey<Kept>,
        type_name: &'static str,
    ) -> Enter<TimeOnly> {
        Enter {
            site: self,
            kept,
            type_name,
            one_in: 1,
            extras: TimeOnly,
        }
    }

    /// A call of the function on the given monitor.
    pub fn enter_on(&self, monitor: &Monitor) -> EnterOn {
        EnterOn(monitor.operation(self.name))
    }

    /// A call of the method on the given monitor.
    pub fn enter_on_in<T: ?Sized>(&self, monitor: &Monitor) -> EnterOn {
        let name = alloc::uncounted(|| self.full_name(std::any::type_name::<T>()));
        EnterOn(monitor.operation(&name))
    }

    /// The operation of a type on the global monitor.
    fn target(&self, type_name: &'static str) -> &'static Target {
        let find = || Known {
            type_name,
            target: Box::leak(Box::new(
                Monitor::global().target(&self.full_name(type_name)),
            )),
            next: OnceLock::new(),
        };
        let mut known = self.known.get_or_init(|| alloc::uncounted(find));
        while known.type_name != type_name {
            let next = || alloc::uncounted(|| Box::new(find()));
            known = known.next.get_or_init(next);
        }
        known.target
    }

    /// A call of the function with labels, on the global monitor.
    pub fn enter_with(&self, labels: &[(&str, &dyn Display)]) -> EnterOn {
        self.enter_on_with(Monitor::global(), labels)
    }

    /// A call of the method with labels, on the global monitor.
    pub fn enter_in_with<T: ?Sized>(&self, labels: &[(&str, &dyn Display)]) -> EnterOn {
        self.enter_on_in_with::<T>(Monitor::global(), labels)
    }

    /// A call of the function with labels, on the given monitor.
    pub fn enter_on_with(&self, monitor: &Monitor, labels: &[(&str, &dyn Display)]) -> EnterOn {
        self.labelled(monitor, "", labels)
    }

    /// A call of the method with labels, on the given monitor.
    pub fn enter_on_in_with<T: ?Sized>(
        &self,
        monitor: &Monitor,
        labels: &[(&str, &dyn Display)],
    ) -> EnterOn {
        self.labelled(monitor, std::any::type_name::<T>(), labels)
    }

    /// While recording is off, labels are not even written.
    fn labelled(
        &self,
        monitor: &Monitor,
        type_name: &str,
        labels: &[(&str, &dyn Display)],
    ) -> EnterOn {
        if !monitor.is_enabled() {
            return EnterOn(monitor.operation(self.name));
        }
        let name = alloc::uncounted(|| monitor::labelled(&self.full_name(type_name), labels));
        EnterOn(monitor.operation(&name))
    }

    fn full_name(&self, type_name: &str) -> Arc<str> {
        if type_name.is_empty() {
            return self.name.into();
        }
        format!("{}::{}", without_arguments(type_name), self.name).into()
    }
}

/// A type's name without its generic arguments, so that `Stack<u8>` and
/// `Stack<u16>` are one operation.
fn without_arguments(type_name: &str) -> String {
    let mut depth = 0_u32;
    let mut before = ' ';
    let mut name = String::with_capacity(type_name.len());
    for character in type_name.chars() {
        match character {
            '<' => depth += 1,
            // The arrow of a function's type closes nothing.
            '>' if before != '-' => depth = depth.saturating_sub(1),
            _ if depth == 0 => name.push(character),
            _ => {}
        }
        before = character;
    }
    name
}

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
pub struct EnterOn(Operation);

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

/// Calls a closure, which the compiler thereby knows to be called once: it may
/// return what it borrows from what it owns.
pub fn call_once<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Calls a closure that returns a future of a known output: the closure's body is
/// checked with it, as it is against the function's signature.
pub fn future_of<T, F: Future<Output = T>>(work: impl FnOnce() -> F) -> F {
    work()
}

/// The standard library's, also where the caller's crate does not name it.
pub use std::boxed::Box;

/// Never called; tells the compiler the type that an async block returns.
#[must_use]
pub fn never<T>() -> T {
    loop {
        std::thread::park();
    }
}

/// How many items or bytes a call processes; a negative number counts as none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no number of items or bytes",
    label = "not an integer",
    note = "`throughput(items = …)` and `throughput(bytes = …)` take an integer, such as `data.len()`"
)]
pub trait Amount {
    fn amount(self) -> u64;
}

/// The number, with the error at the expression if it is none.
pub fn amount(amount: impl Amount) -> u64 {
    amount.amount()
}

/// A label's value, with the error at the expression if it cannot be shown.
pub fn shown<T: Display>(value: &T) -> &dyn Display {
    value
}

macro_rules! amounts {
    ($($integer:ty)+) => {
        $(impl Amount for $integer {
            fn amount(self) -> u64 {
                u64::try_from(self).unwrap_or(0)
            }
        })+
    };
}

amounts!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

/// Asks a returned value how the call ended. Which of the four traits below
/// answers is decided by how many references the compiler has to take away, the
/// most telling first.
#[derive(Debug)]
pub struct Probe<'a, T>(pub &'a T);

/// A `Result` whose error has a text.
pub trait ProbeDisplay {
    fn __perfkit_outcome(&self, texts: Texts) -> Outcome;
}

impl<T, E: Display> ProbeDisplay for &&&Probe<'_, Result<T, E>> {
    fn __perfkit_outcome(&self, texts: Texts) -> Outcome {
        texts.of_result(self.0)
    }
}

/// A `Result` whose error can at least be debugged.
pub trait ProbeDebug {
    fn __perfkit_outcome(&self, texts: Texts) -> Outcome;
}

impl<T, E: Debug> ProbeDebug for &&Probe<'_, Result<T, E>> {
    fn __perfkit_outcome(&self, texts: Texts) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(error) => {
                let kind = std::any::type_name::<E>();
                texts.failure(kind, format_args!("{error:?}"))
            }
        }
    }
}

/// Any `Result`.
pub trait ProbeResult {
    fn __perfkit_outcome(&self, texts: Texts) -> Outcome;
}

impl<T, E> ProbeResult for &Probe<'_, Result<T, E>> {
    fn __perfkit_outcome(&self, texts: Texts) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(_) => texts.failure(std::any::type_name::<E>(), ""),
        }
    }
}

/// Anything else that was returned.
pub trait ProbeValue {
    fn __perfkit_outcome(&self, texts: Texts) -> Outcome;
}

impl<T> ProbeValue for Probe<'_, T> {
    fn __perfkit_outcome(&self, _: Texts) -> Outcome {
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
    fn names_lose_their_generic_arguments() {
        assert_eq!(
            without_arguments("app::Stack<alloc::vec::Vec<u8>>"),
            "app::Stack"
        );
        assert_eq!(without_arguments("dyn app::Shape"), "dyn app::Shape");
        assert_eq!(without_arguments("app::W<fn(u8) -> u8>"), "app::W");
    }

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
            failure((&&&&Probe(&shown)).__perfkit_outcome(Texts::all())).text(),
            "shown"
        );
        let debugged: Result<(), Debugged> = Err(Debugged);
        assert_eq!(
            failure((&&&&Probe(&debugged)).__perfkit_outcome(Texts::all())).text(),
            "Debugged"
        );
        let silent: Result<(), Silent> = Err(Silent);
        let silent = failure((&&&&Probe(&silent)).__perfkit_outcome(Texts::all()));
        assert!(silent.kind().ends_with("Silent") && silent.text().is_empty());
        assert_eq!(
            (&&&&Probe(&Some(1))).__perfkit_outcome(Texts::all()),
            Outcome::Success
        );
        assert_eq!(
            (&&&&Probe(&Ok::<_, Silent>(1))).__perfkit_outcome(Texts::all()),
            Outcome::Success
        );
    }
}
