//! Threads that record while their thread-local values are dropped.

use std::cell::RefCell;
use std::sync::{LazyLock, RwLock};
use std::thread;

use perfkit::{Calls, MockClock, Monitor, Operation, measure};

use super::{operation, under_watch};

const THREADS: u64 = 200;

static ENDS: LazyLock<Monitor> = LazyLock::new(|| Monitor::with_clock(MockClock::new()));

#[measure(name = "function", monitor = ENDS)]
fn in_a_function() {}

/// Measures when the thread drops its locals, in every way.
struct LastWords {
    kept: Operation,
}

impl Drop for LastWords {
    fn drop(&mut self) {
        self.kept.measure(|| ());
        ENDS.measure("named", || ());
        self.kept.start().stop();
        in_a_function();
        let _ = ENDS.try_measure("refused", || Err::<(), _>("as expected"));
    }
}

thread_local! {
    static LATE: RefCell<Option<LastWords>> = const { RefCell::new(None) };
}

fn will_speak_at_the_end(kept: &Operation) {
    let words = LastWords { kept: kept.clone() };
    LATE.set(Some(words));
}

/// Locals are dropped in an order that depends on which was used first; so some
/// threads record before, some after, and some only at their end.
fn live(kind: u64, kept: &Operation) {
    match kind {
        0 => {
            will_speak_at_the_end(kept);
            kept.measure(|| ());
        }
        1 => {
            kept.measure(|| ());
            will_speak_at_the_end(kept);
        }
        _ => will_speak_at_the_end(kept),
    }
}

#[test]
fn what_two_hundred_threads_record_as_they_end_is_counted() {
    // Nobody ends before all have begun.
    let gate = RwLock::new(());
    under_watch(
        &ENDS,
        || 0,
        || {
            thread::scope(|scope| {
                let closed = gate.write().unwrap();
                let begin = |number: u64| {
                    let (kept, gate) = (ENDS.operation("kept"), &gate);
                    scope.spawn(move || {
                        live(number % 4, &kept);
                        drop(gate.read());
                    })
                };
                let threads: Vec<_> = (0..THREADS).map(begin).collect();
                drop(closed);
                // Only what is joined has dropped its locals.
                for thread in threads {
                    thread.join().unwrap();
                }
            });
        },
    );
    for (name, success) in [
        ("kept", THREADS / 2 + 2 * THREADS),
        ("named", THREADS),
        ("function", THREADS),
    ] {
        let calls = operation(&ENDS, name).lifetime.calls;
        let expected = Calls::NONE.with_success(success);
        assert_eq!(calls, expected, "{name}");
    }
    let refused = operation(&ENDS, "refused");
    assert_eq!(refused.lifetime.calls.failure, THREADS);
    assert_eq!(refused.errors[0].count, THREADS);
}
