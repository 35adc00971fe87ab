//! Remarks on what a program recorded.

use crate::probe_overhead::ProbeOverhead;
use crate::snapshot::{CounterSnapshot, ErrorSnapshot, GaugeSnapshot, OperationSnapshot};

use super::lost::lost;
use super::{ClockInfo, Note, NoteCode, lost_counts};

/// How many operations a note names.
const NAMED: usize = 5;

/// What is to be known of how the operations were measured.
pub(super) fn notes(operations: &[OperationSnapshot], clock: &ClockInfo) -> Vec<Note> {
    if operations.is_empty() {
        return Vec::new();
    }
    let notes = [
        Some(clock_and_cost(clock)),
        sampled(operations),
        many_error_kinds(operations),
        too_short(operations, clock.probe),
        waiting(operations),
    ];
    notes.into_iter().flatten().collect()
}

/// What has lost its name, its labels or its values.
pub(super) fn beyond_limits(
    operations: &[OperationSnapshot],
    counters: &[CounterSnapshot],
    gauges: &[GaugeSnapshot],
) -> Vec<Note> {
    let note = |lost| Note::warning(NoteCode::CardinalityLimit, format!("{lost}"));
    let calls = lost(operations.iter());
    let mut notes: Vec<Note> = calls.iter().map(note).collect();
    notes.extend(lost_counts::notes(counters, gauges));
    notes
}

fn clock_and_cost(clock: &ClockInfo) -> Note {
    let name = match clock.name.as_str() {
        "tsc" => "the processor's cycle counter (tsc)",
        "os_monotonic" => "the operating system's clock (os_monotonic)",
        other => other,
    };
    let cost = clock.probe.map(|probe| {
        let ProbeOverhead {
            call_ns, inside_ns, ..
        } = probe;
        let kinds = [
            (probe.memory_call_ns, "with memory"),
            (probe.cpu_call_ns, "with CPU time"),
            (probe.async_call_ns, "of a future"),
            (probe.failed_call_ns, "that fails"),
        ];
        let kinds = kinds.into_iter().filter_map(|(ns, kind)| Some((ns?, kind)));
        let kinds: String = kinds.map(|(ns, kind)| format!(", one {kind} {ns} ns")).collect();
        format!("; measuring a call costs {call_ns} ns here, {inside_ns} ns of it within its time{kinds}")
    });
    // A duration is rounded to a bucket in ticks, and once more in nanoseconds.
    let error_percent = if clock.name == "tsc" { 0.8 } else { 0.4 };
    let message = format!(
        "clock: {name}{}; percentiles are within {error_percent} %, those of the last calls exact",
        cost.unwrap_or_default()
    );
    Note::info(NoteCode::Clock, message)
}

/// Operations of which only some calls were timed.
fn sampled(operations: &[OperationSnapshot]) -> Option<Note> {
    let of = |operation: &OperationSnapshot| {
        let calls = operation.lifetime.calls.success;
        let timed = calls.saturating_sub(operation.untimed_calls);
        format!("{} ({timed} of {calls})", operation.name)
    };
    let sampled = operations.iter().filter(|op| op.untimed_calls > 0);
    let names = list(sampled.map(of).collect())?;
    let message = format!("sampled: of these all calls were counted and some timed: {names}");
    Some(Note::info(NoteCode::Sampled, message))
}

/// Operations with failures of more kinds than are kept apart.
fn many_error_kinds(operations: &[OperationSnapshot]) -> Option<Note> {
    let of = |operation: &OperationSnapshot| {
        let is_overflow = |error: &&ErrorSnapshot| error.is_overflow;
        let overflow = operation.errors.iter().find(is_overflow)?.count;
        let failures = operation.lifetime.calls.failure;
        Some(format!("{} ({overflow} of {failures})", operation.name))
    };
    let names = list(operations.iter().filter_map(of).collect())?;
    let message = format!(
        "failures of more kinds than are kept apart, which are counted as `other`: {names}"
    );
    Some(Note::info(NoteCode::ManyErrorKinds, message))
}

/// Operations whose calls take hardly longer than timing them.
fn too_short(operations: &[OperationSnapshot], probe: Option<ProbeOverhead>) -> Option<Note> {
    let probe = probe?;
    let is_short = |operation: &&OperationSnapshot| {
        let median = operation.lifetime.median();
        median.is_some_and(|median| probe.is_felt_in(median))
    };
    let short = operations.iter().filter(is_short);
    let names = list(short.map(|operation| operation.name.clone()).collect())?;
    let message = format!(
        "too short to be timed singly, because an empty call reads as {} ns: {names}",
        probe.inside_ns
    );
    Some(Note::info(NoteCode::TooShort, message))
}

/// Async operations that wait for most of what is called their own time: work that they
/// handed to other threads is among it.
fn waiting(operations: &[OperationSnapshot]) -> Option<Note> {
    let waits = |operation: &&OperationSnapshot| {
        let calls = &operation.lifetime;
        let sums = calls.self_time().zip(calls.busy_time());
        sums.is_some_and(|(own, busy)| busy.sum < own.sum / 2.0)
    };
    let waiting = operations.iter().filter(waits);
    let names = list(waiting.map(|operation| operation.name.clone()).collect())?;
    let message = format!(
        "mostly waiting in their self time, for I/O, timers or work on other threads, whose memory and CPU time are not in theirs: {names}"
    );
    Some(Note::info(NoteCode::SelfTimeWaits, message))
}

fn list(names: Vec<String>) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let more = names.len().saturating_sub(NAMED);
    let named = names[..names.len() - more].join(", ");
    Some(if more > 0 {
        format!("{named} and {more} more")
    } else {
        named
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MockClock, Monitor, Report};
    use std::future::{Future, poll_fn};
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    #[test]
    fn what_several_processes_lost_is_told_once() {
        let report = |names: &[&str]| {
            let monitor = Monitor::builder().max_operations(1).build();
            for name in names {
                monitor.measure(name, || ());
            }
            Report::from_snapshot(monitor.snapshot())
        };
        let told = |report: &Report| {
            let notes = report.notes.iter();
            let lost = notes.filter(|note| note.code == NoteCode::CardinalityLimit);
            lost.map(|note| note.message.clone()).collect::<Vec<_>>()
        };
        let mut all = report(&["a"]);
        all.merge_recorded(report(&["a"]));
        assert!(told(&all).is_empty());
        for _ in 0..2 {
            all.merge_recorded(report(&["a", "b"]));
        }
        let [message] = &told(&all)[..] else {
            panic!("{:?}", all.notes);
        };
        assert!(
            message.starts_with("2 calls have lost their names:"),
            "{message}"
        );
    }

    #[test]
    fn what_waits_for_others_is_told_from_what_works() {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for (name, ms_between) in [("works", 3), ("waits", 30)] {
            let mut polls = 0;
            let step = |_: &mut Context<'_>| {
                polls += 1;
                clock.advance(Duration::from_millis(5));
                if polls == 2 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            };
            let mut call = Box::pin(monitor.measure_async(name, poll_fn(step)));
            let mut context = Context::from_waker(Waker::noop());
            assert!(call.as_mut().poll(&mut context).is_pending());
            clock.advance(Duration::from_millis(ms_between));
            assert!(call.as_mut().poll(&mut context).is_ready());
        }
        let report = Report::from_snapshot(monitor.snapshot());
        let waits = |note: &&Note| note.code == NoteCode::SelfTimeWaits;
        let note = report.notes.iter().find(waits).unwrap();
        assert!(note.message.ends_with("not in theirs: waits"), "{note:?}");
    }

    #[test]
    fn short_operations_are_named_up_to_five() {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for number in 0..7 {
            monitor.measure(&format!("short {number}"), || {
                clock.advance(Duration::from_nanos(50));
            });
        }
        monitor.measure("long", || clock.advance(Duration::from_micros(1)));
        let operations = monitor.snapshot().operations;
        let probe = ProbeOverhead {
            call_ns: 20.0,
            inside_ns: 10.0,
            memory_call_ns: Some(40.5),
            failed_call_ns: Some(60.0),
            ..ProbeOverhead::default()
        };
        let clock = ClockInfo {
            name: "tsc".to_owned(),
            probe: Some(probe),
        };
        let notes = notes(&operations, &clock);
        assert_eq!(notes.len(), 2);
        assert_eq!(
            notes[0].message,
            "clock: the processor's cycle counter (tsc); measuring a call costs 20 ns here, 10 ns of it within its time, one with memory 40.5 ns, one that fails 60 ns; percentiles are within 0.8 %, those of the last calls exact"
        );
        let message = &notes[1].message;
        assert!(
            message.ends_with("short 3, short 4 and 2 more"),
            "{message}"
        );
        assert!(!message.contains("long"), "{message}");
    }
}
