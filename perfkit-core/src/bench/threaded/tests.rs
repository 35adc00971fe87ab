//! Samples of several threads: what they come to by scripted delays, and real threads
//! where only counts matter.

use std::sync::Barrier;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::*;

/// A part from 1000 ns on that was late and waited so long, in so many slices.
fn part(late_ns: u64, end_ns: u64, delay: Option<(u64, u64)>) -> Part {
    Part {
        start_ns: 1000 + late_ns,
        end_ns,
        cpu_ns: delay.map(|(ns, _)| end_ns - 1000 - late_ns - ns),
        delay: delay.map(|(ns, slices)| RunDelay { ns, slices }),
        ..Part::default()
    }
}

fn access(parts: &[Part], cpus: usize) -> CpuAccess {
    sum_up(parts, 1000, cpus).cpu_access
}

const END_NS: u64 = 1_001_000;

#[test]
fn a_sample_ends_with_its_last_thread_and_has_the_cpu_time_of_all() {
    let parts = [
        part(10, 900_000, Some((0, 1))),
        part(0, END_NS, Some((0, 1))),
    ];
    let sample = sum_up(&parts, 1000, 2);
    assert_eq!(sample.wall_ns, 1e6);
    assert_eq!(sample.cpu_ns, Some(898_990.0 + 1e6));
    assert_eq!(sample.cpu_access, CpuAccess::Granted);
}

#[test]
fn a_thread_that_waited_for_its_cpu_spoils_the_sample() {
    let with = |late_ns, delay_ns| {
        let slow = part(late_ns, END_NS, Some((delay_ns, 2)));
        access(&[part(0, END_NS, Some((0, 1))), slow], 2)
    };
    assert_eq!(with(0, 30_000), CpuAccess::Granted);
    assert_eq!(with(0, 30_001), CpuAccess::Withheld);
    assert_eq!(with(30_001, 0), CpuAccess::Withheld);
    assert_eq!(with(16_000, 16_000), CpuAccess::Withheld, "both together");
}

#[test]
fn threads_that_sleep_and_are_woken_are_not_held_back() {
    let woken = |delay_ns, slices| access(&[part(0, END_NS, Some((delay_ns, slices)))], 1);
    assert_eq!(woken(200_000, 50), CpuAccess::Granted);
    assert_eq!(woken(200_000, 4), CpuAccess::Withheld, "preempted");
    assert_eq!(
        woken(700_000, 20),
        CpuAccess::Withheld,
        "too long for waking"
    );
}

#[test]
fn where_the_system_does_not_tell_only_a_late_start_is_seen() {
    assert_eq!(access(&[part(0, END_NS, None)], 1), CpuAccess::Unknown);
    assert_eq!(
        access(&[part(90_000, END_NS, None)], 1),
        CpuAccess::Withheld
    );
    let two = [part(0, END_NS, None), part(0, END_NS, None)];
    assert_eq!(access(&two, 1), CpuAccess::Unknown);
}

#[test]
fn more_threads_than_cpus_wait_for_each_other_and_for_others() {
    let alone = [
        part(0, END_NS, Some((500_000, 3))),
        part(0, END_NS, Some((500_000, 3))),
    ];
    assert_eq!(access(&alone, 1), CpuAccess::Granted);
    let crowded = [
        part(0, END_NS, Some((650_000, 3))),
        part(0, END_NS, Some((650_000, 3))),
    ];
    assert_eq!(access(&crowded, 1), CpuAccess::SharedWithOthers);
    let mut blocked = [part(0, END_NS, Some((0, 3))), part(0, END_NS, Some((0, 3)))];
    for part in &mut blocked {
        part.cpu_ns = Some(100_000);
    }
    assert_eq!(access(&blocked, 1), CpuAccess::Granted);
}

/// The samples of so many iterations of a function on threads.
fn samples(threads: usize, iterations: &[u64], function: impl Fn() + Sync) -> Vec<Sample> {
    let mut all = Vec::new();
    let mut function = ThreadedFunction::new(function, threads);
    let serve = &mut |routine: &mut dyn Routine| {
        all.extend(iterations.iter().map(|n| routine.sample(*n)));
    };
    function.with_routine(serve).unwrap();
    all
}

#[test]
fn all_iterations_are_done_and_all_allocations_counted() {
    let calls = AtomicU64::new(0);
    let all = samples(3, &[1, 40, 1000], || {
        calls.fetch_add(1, Relaxed);
        black_box(Box::new(black_box(1_u64)));
    });
    assert_eq!(calls.load(Relaxed), 3 * 1041);
    let allocations = all.iter().map(|sample| sample.memory.unwrap().allocations);
    assert_eq!(allocations.collect::<Vec<_>>(), [3, 120, 3000]);
    assert!(all.iter().all(|sample| sample.wall_ns > 0.0));
}

#[test]
fn threads_that_wait_for_each_other_in_each_call_come_to_an_end() {
    let barrier = Barrier::new(3);
    let all = samples(3, &[1, 300, 129], || {
        barrier.wait();
    });
    assert_eq!(all.len(), 3);
}

#[test]
fn a_panic_reaches_the_caller_and_the_threads_end() {
    let calls = AtomicU64::new(0);
    let run = || {
        samples(2, &[10, 10], || {
            assert!(calls.fetch_add(1, Relaxed) != 25, "the 26th call");
        })
    };
    let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    let message = panic.downcast_ref::<String>().cloned();
    let message = message.or(panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    assert!(message.unwrap().contains("the 26th call"));
}
