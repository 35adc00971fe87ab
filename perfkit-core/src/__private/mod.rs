//! What the code that `#[measure]` generates calls. Not public API: it changes
//! without notice.

mod call_site;
mod chosen;
mod enter;
mod enter_labelled;
mod in_place;
mod label_key;
mod label_value;
mod probe;
#[cfg(feature = "stream")]
mod stream;

pub use call_site::CallSite;
pub use enter::{Enter, InFlight};
pub use enter_labelled::{EnterLabelled, LabelledInFlight, told};
pub use in_place::{Finish, InPlace, Questioned, Returned, future};
pub use label_value::{IntoLabel, KnownLabel, LabelValue, ProbeLabel, label};
pub use probe::{
    Fallible, Probe, ProbeDebug, ProbeDisplay, ProbeErrorKind, ProbeFallible, ProbeInfallible,
    ProbeNoKind, ProbeResult, ProbeValue, Verdict, decide, kind_of,
};

#[cfg(feature = "stream")]
pub use stream::{stream, stream_of};

use std::future::Future;

pub use crate::labelled_outcome::LabelledOutcome;
pub use crate::measure::{ErrorTextPolicy, MetricSelection, TimeOnly};
pub use crate::monitor::{Monitor, Options};
pub use crate::recorder::{ThreadCache, Work};
pub use std::any::type_name;
pub use std::marker::PhantomData;
pub use std::thread_local;

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

/// Named where a function returns a stream and nothing says that it is to be measured: what
/// is deprecated is warned of.
#[deprecated(
    note = "only making the stream is measured: write `#[measure(stream)]` to measure it from its first poll to its end, or `#[measure(stream = false)]` if making it is what shall be measured"
)]
pub const STREAM_IS_NOT_MEASURED: () = ();

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
