//! Memory: of threads that come and go, of names without end, of monitors that
//! are dropped. What is left must not grow with their number.
//!
//! Resident memory is that of the whole process, with what other tests left of
//! it, so each test runs in a process of its own. It is read on Linux only; the
//! counts are checked everywhere.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

mod watch;

use std::process::Command;
use std::thread;

use perfkit::{Calls, Monitor, OperationSnapshot};

use watch::Watch;

const MIB: u64 = 1 << 20;

/// Starts this file again for the one test, and there does the work.
fn in_its_own_process(test: &str, work: impl FnOnce()) {
    const MARK: &str = "PERFKIT_TEST_GROWTH";
    if std::env::var_os(MARK).is_some() {
        return work();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(MARK, "");
    let output = command.output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    let is_right = output.status.success() && out.contains("1 passed");
    assert!(is_right, "{}\n{out}\n{err}", output.status);
}

/// The resident memory of this process in bytes.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().strip_suffix(" kB").unwrap();
    kib.parse::<u64>().unwrap() * 1024
}

/// Elsewhere nothing seems to grow.
#[cfg(not(target_os = "linux"))]
fn resident() -> u64 {
    0
}

fn assert_grew_less(limit: u64, before: u64) {
    let now = resident();
    let grown = now.saturating_sub(before);
    assert!(grown < limit, "from {before} to {now}: {grown} bytes");
}

fn successes(success: u64) -> Calls {
    Calls::NONE.with_success(success)
}

#[test]
fn ten_thousand_threads_leave_their_counts_and_nothing_else() {
    in_its_own_process(
        "ten_thousand_threads_leave_their_counts_and_nothing_else",
        many_threads,
    );
}

fn many_threads() {
    const WAVES: u64 = 200;
    const THREADS: u64 = 50;
    const CALLS: u64 = 7;
    let monitor = Monitor::new();
    let mut watch = Watch::default();
    let mut early = 0;
    for wave in 1..=WAVES {
        let threads = (0..THREADS).map(|_| short_life(&monitor, CALLS));
        for thread in threads.collect::<Vec<_>>() {
            thread.join().unwrap();
        }
        let snapshot = monitor.snapshot();
        watch.see(&snapshot);
        assert_eq!(snapshot.operations.len(), 2);
        for operation in &snapshot.operations {
            let expected = successes(wave * THREADS * CALLS);
            assert_eq!(operation.lifetime.calls, expected);
            let last = operation.last_calls.count();
            assert_eq!(last, expected.success.min(1000));
        }
        if wave == 20 {
            early = resident();
        }
    }
    // Less than two kilobytes for each thread since then.
    assert_grew_less(16 * MIB, early);
}

/// A thread that makes so many calls of each of two operations.
fn short_life(monitor: &Monitor, calls: u64) -> thread::JoinHandle<()> {
    let (monitor, kept) = (monitor.clone(), monitor.operation("kept"));
    thread::spawn(move || {
        for _ in 0..calls {
            kept.measure(|| ());
            monitor.measure("named", || ());
        }
    })
}

#[test]
fn a_million_names_are_two_thousand_operations_and_an_overflow() {
    in_its_own_process(
        "a_million_names_are_two_thousand_operations_and_an_overflow",
        many_names,
    );
}

fn many_names() {
    const THREADS: u64 = 4;
    const NAMES: u64 = 1_000_000;
    const LIMIT: u64 = 2000;
    let monitor = Monitor::builder().max_operations(LIMIT as usize).build();
    let record = |names: std::ops::Range<u64>| {
        for name in names {
            monitor.measure(&format!("name {name}"), || ());
        }
    };
    let on_threads = |first: u64, count: u64| {
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let start = first + thread * count / THREADS;
                scope.spawn(move || record(start..start + count / THREADS));
            }
        });
    };
    on_threads(0, NAMES / 10);
    let early = resident();
    on_threads(NAMES / 10, NAMES - NAMES / 10);
    assert_grew_less(16 * MIB, early);
    let snapshot = monitor.snapshot();
    assert_eq!(snapshot.operations.len() as u64, LIMIT + 1);
    for operation in &snapshot.operations {
        let count = match operation.name.as_str() {
            "overflow" => NAMES - LIMIT,
            _ => 1,
        };
        has_only_successes(operation, count);
    }
}

#[test]
fn a_million_label_sets_are_at_most_two_hundred_of_a_name_and_four_thousand_of_all() {
    in_its_own_process(
        "a_million_label_sets_are_at_most_two_hundred_of_a_name_and_four_thousand_of_all",
        many_label_sets,
    );
}

fn many_label_sets() {
    const NAMES: u64 = 60;
    const LABEL_SETS: u64 = 1_000_000 / NAMES;
    let monitor = Monitor::new();
    let names: Vec<String> = (0..NAMES).map(|number| format!("name {number}")).collect();
    let start = resident();
    let record = |thread: u64| {
        for value in (thread..LABEL_SETS).step_by(2) {
            for name in &names {
                let label = |(): &()| perfkit::Outcome::Success.label("value", value);
                monitor.operation(name).measure_labelled(|| (), label);
            }
        }
    };
    thread::scope(|scope| {
        for thread in 0..2 {
            let record = &record;
            scope.spawn(move || record(thread));
        }
    });
    assert_grew_less(192 * MIB, start);
    let operations = monitor.snapshot().operations;
    let (overflow, kept): (Vec<_>, Vec<_>) = operations.iter().partition(|o| o.is_overflow);
    assert_eq!((overflow.len() as u64, kept.len()), (NAMES, 4000));
    let calls = operations.iter().map(|o| o.lifetime.calls.success);
    assert_eq!(calls.sum::<u64>(), NAMES * LABEL_SETS);
}

fn has_only_successes(operation: &OperationSnapshot, count: u64) {
    let lifetime = &operation.lifetime;
    assert_eq!(lifetime.calls, successes(count), "{}", operation.name);
    let time = lifetime.execution_time().unwrap();
    assert_eq!(time.count, count, "{}", operation.name);
}

#[test]
fn a_dropped_monitor_gives_its_memory_back() {
    in_its_own_process("a_dropped_monitor_gives_its_memory_back", many_monitors);
}

fn many_monitors() {
    const MONITORS: u64 = 2000;
    let mut early = 0;
    for number in 1..=MONITORS {
        let monitor = Monitor::new();
        for name in ["a", "b", "c", "d", "e"] {
            monitor.measure(name, || ());
        }
        thread::scope(|scope| {
            scope.spawn(|| monitor.measure("a", || ()));
        });
        let snapshot = monitor.snapshot();
        has_only_successes(snapshot.operation("a").unwrap(), 2);
        if number == MONITORS / 10 {
            early = resident();
        }
    }
    // Less than two kilobytes for each operation since then.
    assert_grew_less(16 * MIB, early);
}
