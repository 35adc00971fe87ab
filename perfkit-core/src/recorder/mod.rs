//! Where the calls of one operation are counted.
//!
//! A thread counts its calls in a [`Shard`] of its own, without a lock, without
//! allocating and without writing to memory that another thread writes to. The
//! [`Recorder`] of the operation knows all its shards and reads them without
//! stopping anybody: a [`Recording`] comes out.

mod call_queue;
mod counter;
mod counts;
mod error_counts;
mod errors;
mod exemplar;
mod extent;
mod failures;
mod fork;
mod gate;
mod gauge;
#[cfg(all(test, perfkit_loom))]
mod loom;
pub(crate) mod names;
mod operation;
mod optional_metrics;
mod pool;
mod repeats;
mod ring;
mod sample;
mod shard;
mod sparse_counts;
mod state;
mod sync;
mod tally;
mod thread;

pub(crate) use call_queue::{CallQueue, Words};
pub(crate) use counter::CounterCell;
pub use errors::ErrorSnapshot;
pub(crate) use errors::merge as merge_errors;
pub use exemplar::{Exemplar, TraceContext};
pub(crate) use fork::watch as watch_forks;
pub(crate) use fork::{Section, generation};
pub(crate) use gauge::{GaugeCell, Held};
pub(crate) use operation::{Common, Recorder};
pub(crate) use optional_metrics::{BusyTime, Used};
pub use sample::Work;
pub(crate) use sample::{OptionalValues, Quantity, RingEntry, Sample};
pub(crate) use shard::{Outer, Shard, offer_exemplar, slow_path};
pub(crate) use state::{GLOBAL_STATE, MonitorState, State, StateReading};
pub use tally::Calls;
pub(crate) use tally::{Series, Tally};
pub use thread::ThreadCache;
pub(crate) use thread::{
    add_waiting, enter_without_shard, find_and_cache, leave_without_shard, record,
    shard as shard_of_thread,
};

use std::time::Duration;

use crate::clock::Scale;

/// What a recorder keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) last_calls: usize,
    pub(crate) last_period: Duration,
    /// How many bytes the shards of all operations of a monitor may take.
    pub(crate) shards_bytes: usize,
}

/// Everything that a recorder knows at one instant, in nanoseconds.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) lifetime: Tally,
    /// The last N calls, from the oldest to the newest, in ticks.
    pub(crate) last_calls: Vec<RingEntry>,
    pub(crate) scale: Scale,
    pub(crate) last_period: Tally,
    /// Where the last period's first slot begins, in ticks.
    pub(crate) last_period_start: u64,
    pub(crate) errors: Vec<ErrorSnapshot>,
    pub(crate) exemplars: Vec<Exemplar>,
    /// Calls that have begun and not ended.
    pub(crate) calls_in_flight: u64,
}
