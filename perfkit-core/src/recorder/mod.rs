//! Where the calls of one operation are counted.
//!
//! The interface is three types: a [`Sample`] goes into a [`Recorder`], a
//! [`Recording`] comes out. How calls are kept in between is the business of
//! the file behind it.

mod errors;
mod locked;
mod sample;
mod tally;

pub(crate) use errors::ErrorCount;
pub(crate) use locked::Recorder;
pub(crate) use sample::{Quantity, Sample, Work};
pub use tally::Calls;
pub(crate) use tally::Tally;

use std::time::Duration;

/// What a recorder keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) last_calls: usize,
    pub(crate) last_period: Duration,
}

/// Everything that a recorder knows at one instant.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) lifetime: Tally,
    /// The last N calls, from the oldest to the newest.
    pub(crate) last_calls: Vec<Sample>,
    pub(crate) last_period: Tally,
    /// Where the last period's first slot begins.
    pub(crate) last_period_start_ns: u64,
    pub(crate) errors: Vec<ErrorCount>,
}
