//! The thread that hands calls to a collector.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::clock::Scale;

use super::Entry;
use super::channel::{Call, Channel, Rest, ThreadQueue};
use super::collector::{CollectedCall, Collector};
use super::measurement::Measurements;

/// How long calls are let come together, so that those of a busy program wake nobody.
const NAP: Duration = Duration::from_millis(1);

/// How long is slept at most: a call that is put in at the very moment in which the thread
/// goes to sleep may not wake it.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// What the thread has.
struct Reader<'a> {
    channel: &'a Channel,
    collector: Box<dyn Collector>,
    dropped: &'a AtomicU64,
    entries: BTreeMap<u64, Arc<Entry>>,
    queues: Vec<Arc<ThreadQueue>>,
    measurements: Measurements,
}

/// What there is to do in one round.
struct Round {
    /// How many calls came without a queue.
    late: usize,
    /// How many wait for an answer. They stay where they are until then, so that a collector
    /// that panics leaves them to whoever counts what it left behind.
    flushes: usize,
    is_ended: bool,
}

/// A moment, by both clocks.
#[derive(Clone, Copy)]
struct Moment {
    ticks: u64,
    wall: SystemTime,
    scale: Scale,
}

/// Hands over what comes, until the channel is ended.
pub(super) fn collect(channel: &Channel, collector: Box<dyn Collector>, dropped: &AtomicU64) {
    channel.begin_reading();
    let mut reader = Reader {
        channel,
        collector,
        dropped,
        entries: BTreeMap::new(),
        queues: Vec::new(),
        measurements: Measurements::default(),
    };
    let mut is_flushed = true;
    loop {
        let Round {
            late,
            flushes,
            is_ended,
        } = reader.next_round();
        let collected = reader.collect(late);
        is_flushed &= collected == 0;
        if !is_flushed && (collected == 0 || is_ended || flushes > 0) {
            reader.flush();
            is_flushed = true;
        }
        if flushes > 0 {
            reader.answer(flushes);
        }
        if is_ended {
            return;
        }
        reader.rest(collected > 0);
    }
}

impl Reader<'_> {
    /// Requests are taken before the calls, so that all calls before them are collected;
    /// calls without a queue before the others, because those of their threads came earlier.
    fn next_round(&mut self) -> Round {
        let queues = &mut self.queues;
        self.channel.with_shared(|shared| {
            shared.take_back();
            queues.clone_from(&shared.queues);
            Round {
                late: shared.late.len(),
                flushes: shared.flushes.len(),
                is_ended: shared.is_ended,
            }
        })
    }

    fn collect(&mut self, late: usize) -> u64 {
        let clock = &self.channel.clock;
        let moment = Moment {
            ticks: clock.ticks(),
            wall: SystemTime::now(),
            scale: clock.scale(),
        };
        let mut collected = late as u64;
        let queues = mem::take(&mut self.queues);
        for queue in &queues {
            collected += queue.take(|call| self.collect_call(&call, moment));
        }
        self.queues = queues;
        for _ in 0..late {
            let call = self.channel.with_shared(|shared| shared.late.pop_front());
            if let Some(call) = call {
                self.collect_call(&call, moment);
            }
        }
        collected
    }

    fn collect_call(&mut self, call: &Call, moment: Moment) {
        let Some(entry) = self.entry(call.operation) else {
            // It was announced before, so that this does not come up.
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let end = moment.wall_at(call.sample.end);
        let sample = call.sample.in_ns(moment.scale);
        let failure = call.failure.as_ref();
        let duration = Duration::from_nanos(sample.duration);
        let measurements = self.measurements.of(&entry.name, &sample, failure, end);
        self.collector.collect_call(&CollectedCall {
            operation: &entry.name,
            labelled: entry.labelled.as_deref(),
            start: end.checked_sub(duration).unwrap_or(end),
            duration,
            self_time: Duration::from_nanos(sample.self_time),
            ending: sample.ending,
            failure,
            is_nested: sample.nested,
            measurements,
        });
    }

    fn entry(&mut self, operation: u64) -> Option<Arc<Entry>> {
        if let Some(entry) = self.entries.get(&operation) {
            return Some(Arc::clone(entry));
        }
        let found = |entries: &BTreeMap<u64, Arc<Entry>>| entries.get(&operation).cloned();
        let entry = self.channel.with_shared(|shared| found(&shared.entries))?;
        self.entries.insert(operation, Arc::clone(&entry));
        Some(entry)
    }

    fn answer(&self, flushes: usize) {
        let asked = self.channel.with_shared(|shared| {
            let count = flushes.min(shared.flushes.len());
            shared.flushes.drain(..count).collect::<Vec<_>>()
        });
        for flush in asked {
            let _ = flush.send(());
        }
    }

    fn flush(&mut self) {
        self.collector.flush();
        let lost = self.collector.take_lost();
        self.dropped.fetch_add(lost, Ordering::Relaxed);
    }

    /// Rests until more comes.
    fn rest(&self, is_busy: bool) {
        let (rest, longest) = match is_busy {
            true => (Rest::Nap, NAP),
            false => (Rest::Sleep, LONGEST_SLEEP),
        };
        self.channel.set_rest(rest);
        // A call that came before it said so woke nobody.
        if is_busy || self.channel.waiting() == 0 {
            std::thread::park_timeout(longest);
        }
        self.channel.set_rest(Rest::None);
    }
}

impl Moment {
    /// What the wall clock said, or will say, at a moment of the other.
    fn wall_at(self, ticks: u64) -> SystemTime {
        let ns = |ticks| Duration::from_nanos(self.scale.ns(ticks));
        let at = match self.ticks.checked_sub(ticks) {
            Some(before) => self.wall.checked_sub(ns(before)),
            None => self.wall.checked_add(ns(ticks - self.ticks)),
        };
        at.unwrap_or(self.wall)
    }
}
