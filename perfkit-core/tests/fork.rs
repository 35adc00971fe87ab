//! A process that forks while its threads record. The child has one thread and
//! a copy of everything else, just as it was: half-made changes, and locks held
//! by threads that are not there. Recording and snapshots must go on in it.
#![cfg(unix)]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use perfkit::{Calls, Measurement, Monitor, Operation};

const FORKS: u32 = 25;
const CALLS: u64 = 1000;

/// How long a child may take. It has work for milliseconds: one that takes
/// longer hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// How a child ends.
const CARRIED_ON: i32 = 0;
const OLD_OPERATION_IS_WRONG: i32 = 1;
const NEW_OPERATION_IS_WRONG: i32 = 2;
const PANICKED: i32 = 3;

/// One call that a busy thread makes, given how many it made before.
type Busy = fn(&Monitor, &Operation, u64);

#[test]
fn a_child_records_on_while_threads_use_kept_handles() {
    let measures: Busy = |_, busy, _| busy.measure(|| ());
    let holds_a_timer: Busy = |_, busy, _| busy.start().stop();
    let fails: Busy = |_, busy, _| busy.start().fail("refused", "by the test");
    fork_while(&Monitor::new(), [measures, holds_a_timer, fails]);
}

#[test]
fn a_child_records_on_while_threads_look_names_up() {
    let monitor = Monitor::builder().max_operations(100).build();
    // Known, or it could be one too many by the time of the fork.
    let _new = monitor.operation("new");
    let known: Busy = |monitor, _, _| monitor.measure("busy", || ());
    let unknown: Busy = |monitor, _, call| monitor.measure(&format!("name {call}"), || ());
    let snapshots: Busy = |monitor, busy, _| busy.measure(|| drop(monitor.snapshot()));
    fork_while(&monitor, [known, unknown, snapshots]);
}

#[test]
fn a_child_records_on_without_the_collector_of_its_parent() {
    let monitor = Monitor::new();
    monitor.set_collector(|_: &Measurement| ()).unwrap();
    let measures: Busy = |_, busy, _| busy.measure(|| ());
    fork_while(&monitor, [measures; 3]);
    let child = || {
        assert!(monitor.flush_collector(DEADLINE));
        monitor.remove_collector();
        monitor.set_collector(|_: &Measurement| ()).unwrap();
        monitor.measure("busy", || ());
        CARRIED_ON
    };
    let _alone = alone();
    fork_to(0, child);
}

#[cfg(feature = "metrics")]
#[test]
fn a_child_describes_and_counts_on_while_threads_do() {
    let _alone = alone();
    let recorder = perfkit::metrics::Recorder::new().monitor(&Monitor::new());
    let count = |number: u64| {
        metrics::with_local_recorder(&recorder, || {
            metrics::describe_counter!("sent", metrics::Unit::Bytes, "");
            metrics::counter!("sent", "to" => number.to_string()).increment(1);
        });
    };
    let in_child = || {
        (0..CALLS).for_each(count);
        CARRIED_ON
    };
    fork_among([&count; 3], in_child);
}

fn fork_while(monitor: &Monitor, calls: [Busy; 3]) {
    let _alone = alone();
    let busy = monitor.operation("busy");
    // This thread, which survives in the child, has recorded before.
    busy.measure(|| ());
    let [a, b, c] = calls.map(|call| {
        let busy = &busy;
        move |made| call(monitor, busy, made)
    });
    let made = fork_among([&a, &b, &c], || carry_on(monitor, &busy));
    let snapshot = monitor.snapshot();
    let new = snapshot.operation("new");
    assert!(new.is_none(), "a child recorded in its parent");
    let counts = snapshot.operations.iter();
    let recorded: u64 = counts.map(|operation| operation.lifetime.count()).sum();
    assert_eq!(recorded, 1 + made as u64);
}

/// Forks while threads make calls, given how many they made before; returns how many all made.
fn fork_among(calls: [&(dyn Fn(u64) + Sync); 3], child_does: impl Fn() -> i32) -> usize {
    let is_over = AtomicBool::new(false);
    let until_over = |call: &dyn Fn(u64)| {
        let ever = 0..;
        let going = ever.take_while(|_| !is_over.load(Ordering::Relaxed));
        going.inspect(|made| call(*made)).count()
    };
    thread::scope(|scope| {
        let threads = calls.map(|call| scope.spawn(move || until_over(call)));
        let over = SetOnDrop(&is_over);
        for number in 0..FORKS {
            fork_to(number, &child_does);
        }
        drop(over);
        threads.map(|thread| thread.join().unwrap()).iter().sum()
    })
}

/// One test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn successes(success: u64) -> Calls {
    Calls::NONE.with_success(success)
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[expect(unsafe_code, reason = "forks")]
fn fork_to(number: u32, child_does: impl FnOnce() -> i32) {
    // SAFETY: the child runs its work and leaves by `_exit`, so that nothing
    // of the parent is dropped, flushed or joined in it. Strictly it may not
    // even allocate; the C libraries that Rust runs on see to it that it can.
    let child = unsafe { libc::fork() };
    match child {
        -1 => panic!("cannot fork: {}", std::io::Error::last_os_error()),
        0 => {
            let code = catch_unwind(AssertUnwindSafe(child_does)).unwrap_or(PANICKED);
            // SAFETY: ends the process.
            unsafe { libc::_exit(code) }
        }
        child => assert_eq!(status_of(child), Some(CARRIED_ON), "child {number}"),
    }
}

/// What the child does: its own calls must be counted, on the operation that
/// the other threads were recording and on a new one.
fn carry_on(monitor: &Monitor, busy: &Operation) -> i32 {
    let count = || {
        let snapshot = monitor.snapshot();
        snapshot.operation("busy").unwrap().lifetime.calls.success
    };
    let before = count();
    let new = monitor.operation("new");
    for call in 0..CALLS {
        match call % 3 {
            0 => busy.measure(|| ()),
            1 => busy.start().stop(),
            _ => monitor.measure("busy", || ()),
        }
        new.measure(|| ());
    }
    if count() != before + CALLS {
        return OLD_OPERATION_IS_WRONG;
    }
    let snapshot = monitor.snapshot();
    let new = snapshot.operation("new").unwrap();
    let time = new.lifetime.execution_time().unwrap();
    if new.lifetime.calls != successes(CALLS) || time.count != CALLS {
        return NEW_OPERATION_IS_WRONG;
    }
    CARRIED_ON
}

/// The child's exit code; `None` if a signal ended it. One that hangs is killed.
#[expect(unsafe_code, reason = "waits for the child")]
fn status_of(child: libc::pid_t) -> Option<i32> {
    let start = Instant::now();
    let mut status = 0;
    loop {
        // SAFETY: `status` outlives the call.
        let ended = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
        assert_ne!(ended, -1, "{}", std::io::Error::last_os_error());
        if ended == child {
            return libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
        }
        if start.elapsed() > DEADLINE {
            // SAFETY: the child was not waited for, so the number is still its own.
            unsafe {
                libc::kill(child, libc::SIGKILL);
                libc::waitpid(child, &raw mut status, 0);
            }
            panic!("a child hangs: it cannot record or take a snapshot");
        }
        thread::sleep(Duration::from_millis(1));
    }
}
