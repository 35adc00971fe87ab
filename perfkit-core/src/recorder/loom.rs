//! The recorder's own code under the model checker: every order in which two
//! threads can meet, up to a bound on how often one interrupts the other.
//!
//! `RUSTFLAGS="--cfg perfkit_loom" cargo test --release --lib recorder::loom`

use loom::thread;

use crate::clock::MockClock;
use crate::outcome::Ending;

use super::operation::{Common, Recorder};
use super::sample::{Quantity, Sample};
use super::shard::Shard;
use super::sync::Arc;
use super::tally::Tally;
use super::{Limits, Recording};

/// Runs a model, with so many interruptions of one thread by another.
fn model(interruptions: usize, test: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(interruptions);
    builder.max_branches = 100_000;
    builder.check(test);
}

fn recorder() -> (Arc<Recorder>, MockClock) {
    let clock = MockClock::new();
    let limits = Limits {
        last_calls: 2,
        last_period: std::time::Duration::from_secs(60),
        shards_bytes: 1 << 20,
    };
    let common = Common::new(clock.clone().into(), limits);
    (Arc::new(Recorder::new(Arc::new(common))), clock)
}

fn buckets(tally: &Tally) -> Vec<(u16, u64)> {
    let time = tally.series(Quantity::ExecutionTime);
    time.map_or_else(Vec::new, |time| time.buckets.clone())
}

fn sum(tally: &Tally) -> i128 {
    let time = tally.series(Quantity::ExecutionTime);
    time.map_or(0, |time| time.totals.sum)
}

/// Whether all calls of the first are in the second.
fn is_within(earlier: &Tally, later: &Tally) -> bool {
    let later_buckets = buckets(later);
    let has = |(bucket, count): &(u16, u64)| {
        let found = later_buckets.iter().find(|(other, _)| other == bucket);
        found.is_some_and(|(_, more)| more >= count)
    };
    earlier.calls.success <= later.calls.success && buckets(earlier).iter().all(has)
}

#[test]
fn a_reader_loses_and_doubles_nothing() {
    model(3, || {
        let shard: &'static Shard = Box::leak(Box::new(Shard::new(1)));
        let writer = thread::spawn(move || {
            for duration in [1, 2, 1] {
                shard.record_success(duration, duration, duration);
            }
        });
        let first = shard.read();
        let second = shard.read();
        assert!(is_within(&first, &second), "{first:?} then {second:?}");
        writer.join().unwrap();
        let last = shard.read();
        assert!(is_within(&second, &last), "{second:?} then {last:?}");
        assert_eq!(buckets(&last), [(1, 2), (2, 1)]);
        assert_eq!((last.calls.success, sum(&last)), (3, 4));
    });
}

#[test]
fn a_call_of_the_ring_is_never_half_one_and_half_another() {
    model(3, || {
        let shard: &'static Shard = Box::leak(Box::new(Shard::new(2)));
        let writer = thread::spawn(move || {
            for end in [10, 20, 30] {
                shard.record_success(end, end / 10, 0);
            }
        });
        for call in shard.last_calls(2, 0) {
            assert_eq!(call.end, 10 * call.duration);
        }
        writer.join().unwrap();
        let ends: Vec<u64> = shard.last_calls(2, 0).iter().map(|call| call.end).collect();
        assert_eq!(ends, [30, 20]);
    });
}

#[test]
fn two_threads_never_have_the_same_shard() {
    model(3, || {
        let (recorder, _) = recorder();
        let other = Arc::clone(&recorder);
        let lease = |recorder: &Arc<Recorder>| {
            let shard = recorder.lease().unwrap();
            shard.record_success(1, 1, 1);
            shard
        };
        let there = thread::spawn(move || std::ptr::from_ref(lease(&other)) as usize);
        let here = std::ptr::from_ref(lease(&recorder)) as usize;
        assert_ne!(here, there.join().unwrap());
        assert_eq!(read(&recorder).lifetime.calls.success, 2);
    });
}

#[test]
fn a_shard_is_handed_on_with_its_calls() {
    model(3, || {
        let (recorder, _) = recorder();
        let other = Arc::clone(&recorder);
        let work = |recorder: &Arc<Recorder>, duration| {
            let shard = recorder.lease().unwrap();
            shard.record_success(duration, duration, duration);
            recorder.give_back(shard);
        };
        let there = thread::spawn(move || work(&other, 1));
        work(&recorder, 2);
        let meanwhile = read(&recorder);
        there.join().unwrap();
        let last = read(&recorder);
        assert!(is_within(&meanwhile.lifetime, &last.lifetime));
        assert_eq!((last.lifetime.calls.success, sum(&last.lifetime)), (2, 3));
    });
}

#[test]
fn a_call_is_in_one_slot() {
    model(2, || {
        let (recorder, clock) = recorder();
        clock.set_ns(10_000_000_000);
        let other = Arc::clone(&recorder);
        let writer = thread::spawn(move || {
            let shard = other.lease().unwrap();
            for end in [10_000_000_000, 12_000_000_000] {
                other.close_slot(shard, end);
                shard.record(&call(end), None);
            }
        });
        let meanwhile = read(&recorder);
        assert_eq!(meanwhile.last_period.calls, meanwhile.lifetime.calls);
        writer.join().unwrap();
        let last = read(&recorder);
        assert_eq!(last.last_period.calls.success, 2);
        assert_eq!(buckets(&last.last_period), [(1, 2)]);
    });
}

fn call(end: u64) -> Sample {
    Sample {
        start: end - 1,
        end,
        ending: Ending::Success,
        nested: false,
        self_time: 1,
        busy_time: None,
        cpu_ns: None,
        memory: None,
        work: None,
    }
}

fn read(recorder: &Recorder) -> Recording {
    recorder.read(12_000_000_000)
}
