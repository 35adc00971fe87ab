//! Goes through a schedule: waits until each operation is due, and starts it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::handle::Handle;
use super::meter::Meter;
use super::schedule::{Due, Schedule};

/// How long before an operation is due a thread stops sleeping: timers of the system are late
/// by some 50 µs, those of runtimes by 1 ms.
const AWAKE_NS: u64 = 150_000;

/// The last part of that, in which the processor is not given up any more.
const SPIN_NS: u64 = 2_000;

/// The longest sleep, after which a request to stop is seen.
const LONGEST_SLEEP_NS: u64 = 20_000_000;

/// What waits for moments of a run.
pub(super) trait Wait {
    /// Returns when it is that late, or before: then it is called once more.
    fn wait(&mut self, ns: u64);
}

/// Sleeps while there is time for it.
pub(super) struct Pacer;

impl Wait for Pacer {
    fn wait(&mut self, ns: u64) {
        if ns > AWAKE_NS {
            thread::sleep(Duration::from_nanos((ns - AWAKE_NS).min(LONGEST_SLEEP_NS)));
        } else if ns > SPIN_NS {
            thread::yield_now();
        } else {
            std::hint::spin_loop();
        }
    }
}

/// How a schedule ended.
pub(super) struct Paced {
    /// When nothing more was started, in nanoseconds since the start.
    pub(super) ended_ns: u64,
    pub(super) is_interrupted: bool,
}

/// Starts all that is due when it is due, as far as `start` comes after; what it has not
/// started so long after the end of the schedule is given up.
pub(super) fn pace(
    mut schedule: Schedule,
    meter: &Arc<Meter>,
    handle: &Handle,
    patience_ns: u64,
    wait: &mut impl Wait,
    mut start: impl FnMut(Due),
) -> Paced {
    let end_ns = schedule.end_ns();
    let give_up_ns = end_ns.saturating_add(patience_ns);
    while let Some(due) = schedule.next() {
        let now_ns = match wait_until(due.at_ns, meter, handle, wait) {
            Some(now_ns) => now_ns,
            None => return interrupted(meter),
        };
        if now_ns > give_up_ns {
            meter.shed_all(std::iter::once(due).chain(schedule).map(|due| due.at_ns));
            break;
        }
        start(due);
    }
    match wait_until(end_ns, meter, handle, wait) {
        Some(_) => Paced {
            ended_ns: end_ns,
            is_interrupted: false,
        },
        None => interrupted(meter),
    }
}

fn interrupted(meter: &Meter) -> Paced {
    Paced {
        ended_ns: meter.now_ns(),
        is_interrupted: true,
    }
}

/// What time it is then; `None` where an end was asked for.
fn wait_until(at_ns: u64, meter: &Meter, handle: &Handle, wait: &mut impl Wait) -> Option<u64> {
    loop {
        if handle.requests() > 0 {
            return None;
        }
        let now_ns = meter.now_ns();
        if now_ns >= at_ns {
            return Some(now_ns);
        }
        wait.wait(at_ns - now_ns);
    }
}

/// Waits until nothing is in flight, for so long at most, or until a second request to stop.
pub(super) fn drain(meter: &Meter, handle: &Handle, patience_ns: u64, wait: &mut impl Wait) {
    const PAUSE_NS: u64 = 1_000_000;
    let until_ns = meter.now_ns().saturating_add(patience_ns);
    while meter.in_flight() > 0 && meter.now_ns() < until_ns && handle.requests() < 2 {
        wait.wait(PAUSE_NS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MockClock;
    use crate::load_run::{Arrivals, LoadModel, LoadRun, RatePhase};
    use crate::outcome::Outcome;

    /// Time passes when somebody waits.
    struct Mocked(MockClock);

    impl Wait for Mocked {
        fn wait(&mut self, ns: u64) {
            self.0.advance(Duration::from_nanos(ns));
        }
    }

    fn second_at(rate: f64) -> Schedule {
        let phase = RatePhase::new(rate, rate, 1_000_000_000);
        Schedule::new(&[phase], Arrivals::Constant, 0, None)
    }

    #[test]
    fn each_operation_starts_when_it_is_due() {
        let clock = MockClock::new();
        let meter = Arc::new(Meter::new("work", clock.clone().into(), 0, 1));
        let mut wait = Mocked(clock);
        let mut late = Vec::new();
        let paced = pace(
            second_at(1000.0),
            &meter,
            &Handle::default(),
            0,
            &mut wait,
            |due| late.push(meter.now_ns() - due.at_ns),
        );
        assert_eq!(late, [0; 1000]);
        assert_eq!(
            (paced.ended_ns, paced.is_interrupted),
            (1_000_000_000, false)
        );
    }

    #[test]
    fn a_generator_that_is_too_slow_gives_up_and_says_of_how_much() {
        let clock = MockClock::new();
        let meter = Arc::new(Meter::new("work", clock.clone().into(), 0, 1));
        let mut wait = Mocked(clock.clone());
        let patience_ns = 500_000_000;
        pace(
            second_at(1000.0),
            &meter,
            &Handle::default(),
            patience_ns,
            &mut wait,
            |due| {
                let operation = meter.admit(due.at_ns).unwrap();
                clock.advance(Duration::from_millis(10));
                operation.end(&Outcome::Success);
            },
        );
        let found = meter.close(LoadRun::new(LoadModel::Open), 1_000_000_000);
        let calls = found.lifetime.calls;
        assert_eq!((calls.success, calls.failure), (151, 849));
        assert_eq!(found.load.unwrap().offered, 1000);
    }

    #[test]
    fn who_asks_for_an_end_gets_it() {
        let clock = MockClock::new();
        let meter = Arc::new(Meter::new("work", clock.clone().into(), 0, 1));
        let handle = Handle::default();
        let mut wait = Mocked(clock);
        let mut started = 0;
        let paced = pace(second_at(1000.0), &meter, &handle, 0, &mut wait, |_| {
            started += 1;
            if started == 100 {
                handle.stop();
            }
        });
        assert_eq!(
            (started, paced.ended_ns, paced.is_interrupted),
            (100, 99_000_000, true)
        );
        // The first request waits for what is in flight, the second does not.
        let in_flight = meter.admit(0).unwrap();
        drain(&meter, &handle, 1_000_000_000, &mut wait);
        assert_eq!(meter.now_ns(), 1_099_000_000);
        handle.stop();
        drain(&meter, &handle, 1_000_000_000, &mut wait);
        assert_eq!(meter.now_ns(), 1_099_000_000);
        drop(in_flight);
    }
}
