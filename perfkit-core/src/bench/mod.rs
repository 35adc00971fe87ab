//! Benchmarks: how a bench program defines them, and the engine that measures them.
//!
//! A bench program needs [`main`], [`Bench`], [`Group`] and [`black_box`], or the macros
//! [`benchmarks!`](crate::benchmarks) and [`compare!`](macro@crate::compare).
//!
//! Everything else measures and compares what they define.

#[cfg(unix)]
mod allocator;
mod batch_size;
mod blocks;
#[cfg(unix)]
mod cpus;
#[cfg(all(unix, feature = "criterion"))]
pub mod criterion;
#[cfg(unix)]
mod group_run;
#[cfg(unix)]
mod harness;
mod iteration_pool;
mod protocol;
mod rounds;
mod routine;
mod samples;
mod sampling;
mod schedstat;
mod start_gate;
mod stopping;
mod stopwatch;
mod subject;
mod suite;
mod thread_record;
mod threaded;
#[cfg(unix)]
mod worker;
#[cfg(unix)]
mod worker_process;

#[cfg(unix)]
pub use harness::main;
pub use std::hint::black_box;
pub use suite::{Bench, Group};

/// The engine that `perfkit` on the command line drives. It is no API: names and
/// signatures change without notice.
///
/// An [`Experiment`](engine::Experiment) measures a set by a
/// [`StoppingRule`](engine::StoppingRule) from a [`Source`](engine::Source): commands in
/// [`Blocks`](engine::Blocks), functions in [`Rounds`](engine::Rounds) of worker processes.
/// Source, clock and seed are parameters, so that a simulation can drive the whole.
#[doc(hidden)]
pub mod engine {
    pub use super::blocks::Blocks;
    #[cfg(unix)]
    pub use super::cpus::{move_to, pin, usable_cpus};
    #[cfg(unix)]
    pub use super::group_run::{FUNCTION_METRICS, GroupResult, GroupRun, GroupRunner};
    pub use super::protocol::{Batch, BatchSize, Calibration, ThreadChecks};
    pub use super::rounds::{Launcher, Placement, Rounds, Worker, WorkerError};
    pub use super::samples::MetricValue;
    pub use super::sampling::{
        Experiment, Progress, Replicate, Sampled, Source, SourceError, random_seed,
    };
    pub use super::stopping::{CommandSettings, FunctionSettings, InterimAnalysis, StoppingRule};
    pub use super::subject::{Run, RunResult, Subject};
    pub use super::suite::BenchmarkInfo;
    #[cfg(unix)]
    pub use super::worker_process::{BenchTarget, Program, Timeouts, WorkerPool, WorkerProcess};
}
