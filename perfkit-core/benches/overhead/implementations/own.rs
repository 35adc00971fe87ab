//! The ways to measure with perfkit.
//!
//! All threads record to the same operations, those of the global monitor.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use perfkit::{Monitor, Operation, OperationSnapshot};

use crate::work::body;

use super::{Around, Implementation, Kind, forms};

pub(crate) const PLAIN: &str = "#[measure]";
pub(crate) const ERR: &str = "#[measure], Err";
pub(crate) const NESTED: &str = "#[measure] within another";
pub(crate) const RECURSIVE: &str = "#[measure] within itself";
pub(crate) const MEMORY: &str = "#[measure(memory)]";
pub(crate) const THROUGHPUT: &str = "#[measure(throughput)]";
pub(crate) const ASYNC: &str = "#[measure] async fn";
pub(crate) const POLLS: &str = "the same, polled 11 times";
pub(crate) const NAMED: &str = "perfkit::measure by name";
pub(crate) const TIMER: &str = "Timer";
pub(crate) const MONITOR: &str = "#[measure(monitor = …)]";
pub(crate) const COLLECTED: &str = "#[measure(monitor = …)], with a collector";
pub(crate) const ASYNC_LABEL: &str = "#[measure] async fn, one label";
pub(crate) const LABEL: &str = "#[measure], one label";
pub(crate) const LABELS: &str = "#[measure], three labels";
pub(crate) const SWITCHED_OFF: &str = "#[measure], switched off";

pub(super) fn all() -> Vec<Implementation> {
    let new = |name, forms, counted| Implementation::new(Kind::Own, name, forms, Some(counted));
    vec![
        new(PLAIN, forms!(plain), || counted("plain")),
        new("#[measure], Result", forms!(result), || counted("result")),
        new(ERR, forms!(err), || counted("err")),
        new(NESTED, forms!(nested), || counted("nested")),
        new(RECURSIVE, forms!(recursive), || counted("recursive") / 2),
        new(MEMORY, forms!(memory), || counted("memory")),
        new("#[measure(cpu)]", forms!(cpu), || counted("cpu")),
        new(THROUGHPUT, forms!(throughput), || counted("throughput")),
        new(ASYNC, forms!(polled), || counted("asynchronous")),
        new(POLLS, forms!(polled_often), || counted("waiting")),
        new("Operation::measure, kept", forms!(kept), || counted("kept")),
        new(NAMED, forms!(named), || counted("named")),
        new(TIMER, forms!(timer), || counted("timer")),
        new(MONITOR, forms!(on_monitor), || counted("on_monitor")),
        new(COLLECTED, forms!(collected), counted_collected),
        new(ASYNC_LABEL, forms!(polled_with_label), || {
            counted("asynchronous_with_label")
        }),
        new(LABEL, forms!(one_label), || counted("one_label")),
        new(LABELS, forms!(three_labels), || counted("three_labels")),
        new(SWITCHED_OFF, forms!(switched_off), || {
            counted("switched_off")
        })
        .around(Around::SwitchedOff),
    ]
}

/// How many calls the operation has counted, with whatever labels.
fn counted(name: &str) -> u64 {
    let snapshot = perfkit::snapshot();
    let is_wanted = |operation: &&OperationSnapshot| match &operation.labelled {
        Some(labelled) => labelled.name == name,
        None => operation.name == name,
    };
    let wanted = snapshot.operations.iter().filter(is_wanted);
    wanted
        .map(|operation| operation.lifetime.calls.total())
        .sum()
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

#[inline(never)]
fn err<const WORK: bool>(input: u64) -> u64 {
    #[perfkit::measure(name = "err")]
    #[inline(never)]
    fn measured<const WORK: bool>(input: u64) -> Result<u64, u64> {
        if input == u64::MAX {
            return Ok(input);
        }
        Err(body::<WORK>(input))
    }
    measured::<WORK>(input).unwrap_or_else(|output| output)
}

/// Two calls.
#[perfkit::measure(name = "nested")]
#[inline(never)]
fn nested<const WORK: bool>(input: u64) -> u64 {
    #[perfkit::measure(name = "inner")]
    #[inline(never)]
    fn inner<const WORK: bool>(input: u64) -> u64 {
        body::<WORK>(input)
    }
    inner::<WORK>(input)
}

/// Two calls.
#[inline(never)]
fn recursive<const WORK: bool>(input: u64) -> u64 {
    #[perfkit::measure(name = "recursive")]
    #[inline(never)]
    fn measured<const WORK: bool>(depth: u64, input: u64) -> u64 {
        match depth {
            0 => body::<WORK>(input),
            depth => measured::<WORK>(depth - 1, input),
        }
    }
    measured::<WORK>(1, input)
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

#[perfkit::measure(
    name = "asynchronous_with_label",
    labels(route = ROUTES[(input & 1) as usize])
)]
async fn asynchronous_with_label<const WORK: bool>(input: u64) -> u64 {
    body::<WORK>(input)
}

#[inline(never)]
fn polled<const WORK: bool>(input: u64) -> u64 {
    polled_once(asynchronous::<WORK>(input))
}

#[inline(never)]
fn polled_with_label<const WORK: bool>(input: u64) -> u64 {
    polled_once(asynchronous_with_label::<WORK>(input))
}

/// Polls the future once, as it needs no more, without a runtime.
#[inline(always)]
fn polled_once(future: impl Future<Output = u64>) -> u64 {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => 0,
    }
}

#[perfkit::measure(name = "waiting")]
async fn waiting<const WORK: bool>(input: u64) -> u64 {
    for _ in 0..10 {
        let mut is_first = true;
        poll_fn(|_| match std::mem::replace(&mut is_first, false) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        })
        .await;
    }
    body::<WORK>(input)
}

/// Polls the future until it is ready, without a runtime.
#[inline(never)]
fn polled_often<const WORK: bool>(input: u64) -> u64 {
    let mut future = pin!(waiting::<WORK>(input));
    loop {
        let polled = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(output) = polled {
            return output;
        }
    }
}

#[inline(never)]
fn timer<const WORK: bool>(input: u64) -> u64 {
    static TIMED: LazyLock<Operation> = LazyLock::new(|| perfkit::operation("timer"));
    let timer = TIMED.start();
    let output = body::<WORK>(input);
    timer.stop();
    output
}

#[inline(never)]
fn on_monitor<const WORK: bool>(input: u64) -> u64 {
    #[perfkit::measure(name = "on_monitor", monitor = monitor)]
    #[inline(never)]
    fn measured<const WORK: bool>(monitor: &Monitor, input: u64) -> u64 {
        body::<WORK>(input)
    }
    measured::<WORK>(Monitor::global(), input)
}

/// A monitor with a collector that wants nothing. What its thread does is not counted; where
/// it falls behind, calls are dropped.
static COLLECTING: LazyLock<Monitor> = LazyLock::new(|| {
    let monitor = Monitor::new();
    let _ = monitor.set_collector(|_: &perfkit::Measurement| ());
    monitor
});

fn counted_collected() -> u64 {
    let snapshot = COLLECTING.snapshot();
    let operation = snapshot.operation("collected");
    operation.map_or(0, |operation| operation.lifetime.calls.total())
}

#[inline(never)]
fn collected<const WORK: bool>(input: u64) -> u64 {
    #[perfkit::measure(name = "collected", monitor = monitor)]
    #[inline(never)]
    fn measured<const WORK: bool>(monitor: &Monitor, input: u64) -> u64 {
        body::<WORK>(input)
    }
    measured::<WORK>(&COLLECTING, input)
}

const ROUTES: [&str; 2] = ["/users", "/orders"];

#[perfkit::measure(name = "one_label", labels(route = ROUTES[(input & 1) as usize]))]
#[inline(never)]
fn one_label<const WORK: bool>(input: u64) -> u64 {
    body::<WORK>(input)
}

#[perfkit::measure(
    name = "three_labels",
    labels(
        route = ROUTES[(input & 1) as usize],
        status = 200_u16 + (input & 1) as u16,
        method = "GET",
    ),
)]
#[inline(never)]
fn three_labels<const WORK: bool>(input: u64) -> u64 {
    body::<WORK>(input)
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
