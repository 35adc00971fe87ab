//! Where threads wait for a sample, and begin it at the same moment.

use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::thread;

use crate::clock::Clock;

/// How often a thread that is done looks for the next sample before it sleeps: not for
/// long, because other processes measure meanwhile.
const LOOKS_FOR_A_SAMPLE: u32 = 500;

/// How often a thread looks for the others before it lets the system run them.
const LOOKS_FOR_OTHERS: u32 = 2000;

/// Alone in its cache lines.
#[repr(align(128))]
#[derive(Debug, Default)]
pub(super) struct Apart<T>(pub(super) T);

/// Releases threads when all have arrived, so that waking them is not timed.
#[derive(Debug, Default)]
pub(super) struct StartGate {
    threads: u32,
    /// The number of the sample that is on; raised to wake the threads.
    sample: Apart<AtomicU32>,
    is_closed: AtomicBool,
    arrived: Apart<AtomicU32>,
    /// The sample for which all have arrived.
    released: Apart<AtomicU32>,
    release_ns: AtomicU64,
    finished: Apart<AtomicU32>,
}

impl StartGate {
    pub(super) fn of(threads: usize) -> Self {
        Self {
            threads: u32::try_from(threads).unwrap_or(u32::MAX),
            ..Self::default()
        }
    }

    /// Begins a sample. Threads that sleep have to be unparked.
    pub(super) fn open(&self) {
        self.arrived.0.store(0, Relaxed);
        self.finished.0.store(0, Relaxed);
        self.sample.0.fetch_add(1, Release);
    }

    /// Lets every thread end that waits for a sample, once it is unparked.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Release);
        self.sample.0.fetch_add(1, Release);
    }

    /// Waits for the sample after this one, and returns its number; `None` when there is
    /// none any more.
    pub(super) fn await_sample(&self, last: u32) -> Option<u32> {
        let mut looks = 0;
        while self.sample.0.load(Acquire) == last {
            looks += 1;
            if looks < LOOKS_FOR_A_SAMPLE {
                spin_loop();
            } else {
                thread::park();
            }
        }
        let sample = self.sample.0.load(Acquire);
        (!self.is_closed.load(Acquire)).then_some(sample)
    }

    /// Waits until all threads are there. The last one takes the time.
    pub(super) fn arrive(&self, sample: u32, clock: &Clock) {
        if self.arrived.0.fetch_add(1, Release) + 1 == self.threads {
            self.release_ns.store(clock.now_ns(), Relaxed);
            self.released.0.store(sample, Release);
            return;
        }
        let mut looks = 0;
        while self.released.0.load(Acquire) != sample {
            looks += 1;
            if looks < LOOKS_FOR_OTHERS {
                spin_loop();
            } else {
                thread::yield_now();
            }
        }
    }

    /// When the threads were released.
    pub(super) fn release_ns(&self) -> u64 {
        self.release_ns.load(Relaxed)
    }

    /// A thread has done its part; returns whether it is the last.
    pub(super) fn finish(&self) -> bool {
        self.finished.0.fetch_add(1, Release) + 1 == self.threads
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished.0.load(Acquire) >= self.threads
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MockClock;
    use std::time::Duration;

    #[test]
    fn the_last_one_takes_the_time_and_releases() {
        let (gate, mock) = (StartGate::of(2), MockClock::new());
        let clock = Clock::from(mock.clone());
        for sample in 1..=3 {
            gate.open();
            assert_eq!(gate.await_sample(sample - 1), Some(sample));
            mock.advance(Duration::from_nanos(5));
            thread::scope(|scope| {
                let first = scope.spawn(|| gate.arrive(sample, &clock));
                while gate.arrived.0.load(Acquire) == 0 {
                    thread::yield_now();
                }
                assert_ne!(gate.released.0.load(Acquire), sample);
                mock.advance(Duration::from_nanos(2));
                gate.arrive(sample, &clock);
                first.join().unwrap();
            });
            assert_eq!(gate.release_ns(), u64::from(7 * sample));
            assert!(!gate.finish() && !gate.is_finished());
            assert!(gate.finish() && gate.is_finished());
        }
    }

    #[test]
    fn nobody_waits_at_a_closed_gate() {
        let gate = StartGate::of(2);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.await_sample(0));
            gate.close();
            waiting.thread().unpark();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}
