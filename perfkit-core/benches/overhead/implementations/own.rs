//! The ways to measure with perfkit.
//!
//! All threads record to the same operations, those of the global monitor.

use std::future::Future;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use perfkit::Operation;

use crate::work::body;

use super::{Around, Implementation, Kind, forms};

pub(crate) const PLAIN: &str = "#[measure]";
pub(crate) const MEMORY: &str = "#[measure(memory)]";
pub(crate) const SWITCHED_OFF: &str = "#[measure], switched off";

pub(super) fn all() -> Vec<Implementation> {
    let new = |name, forms, counted| Implementation::new(Kind::Own, name, forms, Some(counted));
    vec![
        new(PLAIN, forms!(plain), || counted("plain")),
        new("#[measure], Result", forms!(result), || counted("result")),
        new(MEMORY, forms!(memory), || counted("memory")),
        new("#[measure(cpu)]", forms!(cpu), || counted("cpu")),
        new("#[measure(throughput)]", forms!(throughput), || {
            counted("throughput")
        }),
        new("#[measure] async fn", forms!(polled), || {
            counted("asynchronous")
        }),
        new("Operation::measure, kept", forms!(kept), || counted("kept")),
        new("perfkit::measure by name", forms!(named), || {
            counted("named")
        }),
        new(SWITCHED_OFF, forms!(switched_off), || {
            counted("switched_off")
        })
        .around(Around::SwitchedOff),
    ]
}

/// How many calls the operation has counted.
fn counted(operation: &str) -> u64 {
    let snapshot = perfkit::snapshot();
    snapshot
        .operation(operation)
        .map_or(0, |operation| operation.lifetime.calls.success)
}

#[perfkit::measure(name = "plain")]
#[inline(never)]
fn plain<const WORK: bool>(input: u64) -> u64 {
    body::<WORK>(input)
}

#[perfkit::measure(name = "switched_off")]
#[inline(never)]
fn switched_off<const WORK: bool>(input: u64) -> u64 {
    body::<WORK>(input)
}

#[inline(never)]
fn result<const WORK: bool>(input: u64) -> u64 {
    #[perfkit::measure(name = "result")]
    #[inline(never)]
    fn measured<const WORK: bool>(input: u64) -> Result<u64, std::fmt::Error> {
        if input == u64::MAX {
            return Err(std::fmt::Error);
        }
        Ok(body::<WORK>(input))
    }
    measured::<WORK>(input).unwrap_or_default()
}

#[perfkit::measure(name = "memory", memory)]
#[inline(never)]
fn memory<const WORK: bool>(input: u64) -> u64 {
    body::<WORK>(input)
}

#[perfkit::measure(name = "cpu", cpu)]
#[inline(never)]
fn cpu<const WORK: bool>(input: u64) -> u64 {
    body::<WORK>(input)
}

#[perfkit::measure(name = "throughput", throughput(items = input & 7))]
#[inline(never)]
fn throughput<const WORK: bool>(input: u64) -> u64 {
    body::<WORK>(input)
}

#[perfkit::measure(name = "asynchronous")]
async fn asynchronous<const WORK: bool>(input: u64) -> u64 {
    body::<WORK>(input)
}

/// Polls the future once, as it needs no more, without a runtime.
#[inline(never)]
fn polled<const WORK: bool>(input: u64) -> u64 {
    let future = pin!(asynchronous::<WORK>(input));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => 0,
    }
}

#[inline(never)]
fn kept<const WORK: bool>(input: u64) -> u64 {
    static KEPT: LazyLock<Operation> = LazyLock::new(|| perfkit::operation("kept"));
    KEPT.measure(|| body::<WORK>(input))
}

#[inline(never)]
fn named<const WORK: bool>(input: u64) -> u64 {
    perfkit::measure("named", || body::<WORK>(input))
}
