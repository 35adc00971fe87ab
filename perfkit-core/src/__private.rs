//! What the code that `#[measure]` generates calls. Not public API: it changes
//! without notice.

use std::fmt::{Debug, Display};
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use crate::alloc;
use crate::measure::{Call, Dropped, Measured};
use crate::monitor::{Monitor, Operation};
use crate::outcome::{Failure, Outcome};

/// The place of one `#[measure]`, which finds its operations once.
///
/// A function has one operation. A method of a trait or of a generic type has
/// one per type that it runs for, found by the type's name.
#[derive(Debug)]
pub struct Site {
    /// The whole name, or of a method its last part.
    name: &'static str,
    /// The operations on the global monitor, by the type's name, which is empty
    /// for functions.
    known: RwLock<Vec<(&'static str, Operation)>>,
}

impl Site {
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            known: RwLock::new(Vec::new()),
        }
    }

    /// A call of the function on the global monitor.
    pub fn enter(&self) -> Enter {
        self.enter_type("")
    }

    /// A call of the method on the global monitor.
    pub fn enter_in<T: ?Sized>(&self) -> Enter {
        self.enter_type(std::any::type_name::<T>())
    }

    /// A call of the function on the given monitor.
    pub fn enter_on(&self, monitor: &Monitor) -> Enter {
        Enter(monitor.operation(self.name))
    }

    /// A call of the method on the given monitor.
    pub fn enter_on_in<T: ?Sized>(&self, monitor: &Monitor) -> Enter {
        let name = alloc::uncounted(|| self.full_name(std::any::type_name::<T>()));
        Enter(monitor.operation(&name))
    }

    fn enter_type(&self, type_name: &'static str) -> Enter {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|(known, _)| *known == type_name);
        if let Some((_, operation)) = found {
            return Enter(operation.clone());
        }
        drop(known);
        alloc::uncounted(|| self.enter_new_type(type_name))
    }

    fn enter_new_type(&self, type_name: &'static str) -> Enter {
        let operation = Monitor::global().operation(&self.full_name(type_name));
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.push((type_name, operation.clone()));
        Enter(operation)
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
pub struct Enter(Operation);

impl Enter {
    pub fn memory(self) -> Self {
        Self(self.0.memory())
    }

    pub fn cpu(self) -> Self {
        Self(self.0.cpu())
    }

    pub fn items(self, items: impl FnOnce() -> u64) -> Self {
        if self.0.monitor.is_enabled() {
            return Self(self.0.items(items()));
        }
        self
    }

    pub fn bytes(self, bytes: impl FnOnce() -> u64) -> Self {
        if self.0.monitor.is_enabled() {
            return Self(self.0.bytes(bytes()));
        }
        self
    }

    /// Begins a call that is told its outcome.
    pub fn begin(self) -> InFlight {
        InFlight(Call::begin(&self.0, Dropped::Panicked))
    }

    /// Begins a call that ends when the result is dropped.
    pub fn begin_to_drop(self) -> InFlight {
        let was_panicking = std::thread::panicking();
        InFlight(Call::begin(&self.0, Dropped::Ended { was_panicking }))
    }

    /// Wraps the future of an async call.
    pub fn measure<F: Future, O: FnOnce(&F::Output) -> Outcome>(
        self,
        work: F,
        outcome: O,
    ) -> Measured<F, O> {
        Measured::new(self.0, work, outcome)
    }
}

/// A call that has begun.
#[derive(Debug)]
#[must_use]
pub struct InFlight(Option<Call>);

impl InFlight {
    pub fn finish(self, outcome: impl FnOnce() -> Outcome) {
        if let Some(stopped) = self.0.and_then(Call::stop) {
            stopped.record_with(outcome);
        }
    }
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
    fn __perfkit_outcome(&self) -> Outcome;
}

impl<T, E: Display> ProbeDisplay for &&&Probe<'_, Result<T, E>> {
    fn __perfkit_outcome(&self) -> Outcome {
        Outcome::of_result(self.0)
    }
}

/// A `Result` whose error can at least be debugged.
pub trait ProbeDebug {
    fn __perfkit_outcome(&self) -> Outcome;
}

impl<T, E: Debug> ProbeDebug for &&Probe<'_, Result<T, E>> {
    fn __perfkit_outcome(&self) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(error) => {
                let kind = std::any::type_name::<E>();
                Outcome::Failure(Failure::new(kind, format_args!("{error:?}")))
            }
        }
    }
}

/// Any `Result`.
pub trait ProbeResult {
    fn __perfkit_outcome(&self) -> Outcome;
}

impl<T, E> ProbeResult for &Probe<'_, Result<T, E>> {
    fn __perfkit_outcome(&self) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure(Failure::new(std::any::type_name::<E>(), "")),
        }
    }
}

/// Anything else that was returned.
pub trait ProbeValue {
    fn __perfkit_outcome(&self) -> Outcome;
}

impl<T> ProbeValue for Probe<'_, T> {
    fn __perfkit_outcome(&self) -> Outcome {
        Outcome::Success
    }
}

/// The outcome where `ok = …` decides: an error keeps its kind and text.
pub fn decide<T>(
    value: &T,
    is_ok: impl FnOnce(&T) -> bool,
    probed: impl FnOnce() -> Outcome,
) -> Outcome {
    if is_ok(value) {
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
            failure((&&&&Probe(&shown)).__perfkit_outcome()).text(),
            "shown"
        );
        let debugged: Result<(), Debugged> = Err(Debugged);
        assert_eq!(
            failure((&&&&Probe(&debugged)).__perfkit_outcome()).text(),
            "Debugged"
        );
        let silent: Result<(), Silent> = Err(Silent);
        let silent = failure((&&&&Probe(&silent)).__perfkit_outcome());
        assert!(silent.kind().ends_with("Silent") && silent.text().is_empty());
        assert_eq!((&&&&Probe(&Some(1))).__perfkit_outcome(), Outcome::Success);
        assert_eq!(
            (&&&&Probe(&Ok::<_, Silent>(1))).__perfkit_outcome(),
            Outcome::Success
        );
    }
}
