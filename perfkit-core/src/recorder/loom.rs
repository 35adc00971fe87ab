//! The recorder's own code under the model checker: every order in which two
//! threads can meet, up to a bound on how often one interrupts the other, and
//! every value that the memory model lets a reading have.
//!
//! `.ci/loom` runs the models.
//!
//! They were seen to fail when a fault was put into the code: `timed` set before
//! `pending`, `pending` set before the bucket of the one before was counted, any of
//! the three stored or read without its ordering, the buckets or `pending` read
//! before `timed`, the pending call left out; an entry of the ring trusted that a
//! writer may be at, read or written without its ordering, or written after the
//! call was counted; a shard handed on without its counts or to two threads; a
//! shared shard let go before it was written; a slot that is not begun before the
//! reading, counted twice, or of another sum than the lifetime; extremes outside
//! the buckets after a reset.
//!
//! They say nothing of what is in thread-locals, because all threads of a model
//! are one for the system, nor of forks and of counts beyond 32 bits.

use loom::thread;

use crate::clock::MockClock;
use crate::outcome::{Ending, Failure};

use super::operation::{Common, Recorder};
use super::sample::{OptionalValues, Quantity, Sample};
use super::shard::{Shard, ShardOwner, slow_path};
use super::sync::Arc;
use super::tally::{Calls, Tally};
use super::thread::record;
use super::{Limits, Recording, State};

/// Runs a model, with so many interruptions of one thread by another.
fn model(interruptions: usize, test: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(interruptions);
    builder.max_branches = 100_000;
    builder.check(test);
}

fn common(shards_bytes: usize) -> (Arc<Common>, MockClock) {
    let clock = MockClock::new();
    let limits = Limits {
        last_calls: 2,
        last_period: std::time::Duration::from_secs(60),
        shards_bytes,
    };
    let common = Common::new(clock.clone().into(), limits);
    (Arc::new(common), clock)
}

fn recorder() -> (Arc<Recorder>, MockClock) {
    let (common, clock) = common(1 << 20);
    (Arc::new(Recorder::new(common)), clock)
}

/// Counts a successful call as the fast path does.
fn succeed(shard: &'static Shard, end: u64, duration: u64) {
    if shard.record_ordinary(end, duration, &OptionalValues::default()) {
        return;
    }
    if shard.wants_slow_path(end, duration) {
        slow_path(shard, end, duration);
    }
    shard.record_success(end, duration, duration);
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
        shard.record_success(1, 1, 1);
        let before = shard.read();
        let writer = thread::spawn(move || {
            for duration in [2, 1] {
                shard.record_success(duration, duration, duration);
            }
        });
        let meanwhile = shard.read();
        assert!(is_within(&before, &meanwhile), "{meanwhile:?}");
        writer.join().unwrap();
        let last = shard.read();
        assert!(is_within(&meanwhile, &last), "{meanwhile:?} then {last:?}");
        assert_eq!(buckets(&last), [(1, 2), (2, 1)]);
        assert_eq!((last.calls.success, sum(&last)), (3, 4));
    });
}

#[test]
fn a_reader_loses_and_doubles_no_ordinary_call() {
    model(3, || {
        let shard: &'static Shard = Box::leak(Box::new(Shard::new(1)));
        shard.set_slot_end(u64::MAX);
        for duration in [1, 2] {
            shard.record_success(duration, duration, duration);
        }
        let before = shard.read();
        let writer = thread::spawn(move || {
            for duration in [2, 1] {
                let ordinary = OptionalValues::default();
                assert!(shard.record_ordinary(duration, duration, &ordinary));
            }
        });
        let meanwhile = shard.read();
        assert!(is_within(&before, &meanwhile), "{meanwhile:?}");
        writer.join().unwrap();
        let last = shard.read();
        assert!(is_within(&meanwhile, &last), "{meanwhile:?} then {last:?}");
        assert_eq!(buckets(&last), [(1, 2), (2, 2)]);
        assert_eq!((last.calls.success, sum(&last)), (4, 6));
    });
}

#[test]
fn values_so_large_that_they_are_under_a_lock_are_not_lost_either() {
    model(3, || {
        let shard: &'static Shard = Box::leak(Box::new(Shard::new(1)));
        shard.record_success(1, 1, 1);
        let before = shard.read();
        let writer = thread::spawn(move || {
            for duration in [9, 1] {
                shard.record_success(duration, duration, duration);
            }
        });
        let meanwhile = shard.read();
        assert!(is_within(&before, &meanwhile), "{meanwhile:?}");
        writer.join().unwrap();
        let last = shard.read();
        assert!(is_within(&meanwhile, &last), "{meanwhile:?} then {last:?}");
        assert_eq!(buckets(&last), [(1, 2), (9, 1)]);
    });
}

#[test]
fn a_call_of_the_ring_is_never_half_one_and_half_another() {
    model(4, || {
        let shard: &'static Shard = Box::leak(Box::new(Shard::new(1)));
        let writer = thread::spawn(move || {
            for end in [10, 20, 30] {
                shard.record_used(&OptionalValues {
                    cpu_ns: Some(end),
                    ..OptionalValues::default()
                });
                shard.record_success(end, end / 10, end / 5);
            }
        });
        for call in shard.last_calls(2, 0) {
            assert_eq!(call.end, 10 * call.duration);
            assert_eq!(call.end, 5 * call.self_time);
            assert_eq!(call.optional.unwrap().cpu_ns, Some(call.end));
        }
        writer.join().unwrap();
        let ends: Vec<u64> = shard.last_calls(2, 0).iter().map(|call| call.end).collect();
        // The other entry of the two is one that a writer may be at.
        assert_eq!(ends, [30]);
    });
}

#[test]
fn two_threads_never_have_the_same_shard() {
    model(3, || {
        let (recorder, _) = recorder();
        // One that a thread left behind, which both would like to have.
        recorder.give_back(recorder.lease().unwrap());
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
        agree(&read(&recorder));
        writer.join().unwrap();
        let last = read(&recorder);
        agree(&last);
        assert_eq!(last.last_period.calls.success, 2);
        assert_eq!(buckets(&last.last_period), [(1, 2)]);
    });
}

#[test]
fn a_call_is_before_a_reset_or_after_it() {
    model(2, || {
        let (recorder, clock) = recorder();
        clock.set_ns(10_000_000_000);
        let shard = recorder.lease().unwrap();
        let writer = thread::spawn(move || {
            succeed(shard, 10_000_000_000, 3);
            succeed(shard, 10_000_000_001, 1);
        });
        recorder.reset();
        writer.join().unwrap();
        let last = read(&recorder);
        agree(&last);
        assert!(last.last_calls.len() as u64 <= last.lifetime.calls.success);
        succeed(shard, 10_000_000_002, 2);
        let more = read(&recorder);
        agree(&more);
        let added = more.lifetime.since(&last.lifetime);
        assert_eq!((added.calls.success, buckets(&added)), (1, vec![(2, 1)]));
        recorder.reset();
        let nothing = read(&recorder);
        assert_eq!(nothing.lifetime.calls, Calls::default());
        assert_eq!((nothing.last_calls.len(), sum(&nothing.lifetime)), (0, 0));
    });
}

/// All numbers of a reading are of the same calls.
fn agree(recording: &Recording) {
    let Recording {
        lifetime,
        last_period,
        ..
    } = recording;
    assert_eq!(lifetime.calls, last_period.calls);
    let buckets = buckets(lifetime);
    assert_eq!(buckets, self::buckets(last_period));
    let count: u64 = buckets.iter().map(|(_, count)| count).sum();
    assert_eq!(lifetime.calls.success, count);
    if let Some(time) = lifetime.series(Quantity::ExecutionTime) {
        let edges = [buckets[0].0, buckets[buckets.len() - 1].0];
        let extremes = [time.totals.min, time.totals.max];
        // So small values have a bucket each.
        assert_eq!(extremes, edges.map(i64::from));
    }
}

#[test]
fn threads_without_a_shard_of_their_own_share_one_in_turns() {
    model(2, || {
        let (common, _) = common(0);
        let recorder = Arc::new(Recorder::new(common));
        let other = Arc::clone(&recorder);
        let record = |recorder: &Arc<Recorder>| {
            record(recorder, &call(1), None, State::new().read());
        };
        let there = thread::spawn(move || record(&other));
        record(&recorder);
        there.join().unwrap();
        let last = read(&recorder);
        assert_eq!(last.lifetime.calls.success, 2);
        assert_eq!(buckets(&last.lifetime), [(1, 2)]);
    });
}

#[test]
fn a_failure_is_among_the_errors_though_they_are_being_read() {
    model(2, || {
        let (recorder, _) = recorder();
        let shard = recorder.lease().unwrap();
        let writer = thread::spawn(move || {
            let mut failed = call(1);
            failed.ending = Ending::Failure;
            shard.record(&failed, Some(&Failure::new("refused", "by the model")));
        });
        assert!(errors(&read(&recorder)) <= 1);
        writer.join().unwrap();
        let last = read(&recorder);
        assert_eq!((errors(&last), last.lifetime.calls.failure), (1, 1));
    });
}

/// The kind of a failure, at one place in the program.
static KIND: &str = "refused";

fn failed(end: u64) -> Sample {
    Sample {
        ending: Ending::Failure,
        ..call(end)
    }
}

/// A shard in which a call failed, so that failures of its kind repeat.
fn failed_once(recorder: &Arc<Recorder>) -> &'static Shard {
    let shard = recorder.lease().unwrap();
    // The first call begins a slot.
    slow_path(shard, 1, 1);
    shard.wants_text(KIND, 1);
    shard.record(&failed(1), Some(&Failure::repeated(KIND)));
    shard
}

#[test]
fn a_failure_that_repeats_is_counted_once() {
    model(4, || {
        let (recorder, _) = recorder();
        let shard = failed_once(&recorder);
        let writer = thread::spawn(move || {
            assert!(shard.record_repeat(2, 1, KIND));
            // What was counted without a lock becomes part of the log.
            shard.record(&failed(3), Some(&Failure::new("another", "")));
        });
        let (errors, is_whole) = shard.errors.try_read();
        let of_kind = errors.iter().find(|error| error.kind == KIND);
        let count = of_kind.map_or(0, |error| error.count);
        assert!(!is_whole || (1..=2).contains(&count), "{count}");
        writer.join().unwrap();
        let last = read(&recorder);
        let counts: Vec<u64> = last.errors.iter().map(|error| error.count).collect();
        assert_eq!(counts.iter().sum::<u64>(), 3);
        assert_eq!(last.lifetime.calls.failure, 3);
    });
}

#[test]
fn a_failure_that_repeats_is_before_a_reset_or_after_it() {
    model(2, || {
        let (recorder, _) = recorder();
        let shard = failed_once(&recorder);
        assert!(shard.record_repeat(1, 1, KIND));
        let writer = thread::spawn(move || {
            if !shard.record_repeat(2, 1, KIND) {
                shard.record(&failed(2), Some(&Failure::repeated(KIND)));
            }
        });
        shard.errors.forget();
        writer.join().unwrap();
        let (errors, _) = shard.errors.try_read();
        let count: u64 = errors.iter().map(|error| error.count).sum();
        assert!(count <= 1, "{count}");
    });
}

fn errors(recording: &Recording) -> u64 {
    recording.errors.iter().map(|error| error.count).sum()
}

fn call(end: u64) -> Sample {
    Sample {
        end,
        duration: 1,
        ending: Ending::Success,
        nested: false,
        self_time: 1,
        optional: OptionalValues::default(),
    }
}

fn read(recorder: &Recorder) -> Recording {
    recorder.read(12_000_000_000, 2)
}
