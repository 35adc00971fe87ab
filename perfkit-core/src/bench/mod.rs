//! Benchmarks: how a bench program defines them, and the engine that measures them.
//!
//! A bench program needs [`main`], [`Bench`], [`Group`] and [`black_box`], or the macros
//! [`benchmarks!`](crate::benchmarks) and [`compare!`](macro@crate::compare).
//!
//! Everything else is the engine that `perfkit` on the command line drives. An
//! [`Experiment`] measures a set by a [`StoppingRule`] from a [`Source`]: commands in
//! [`Blocks`], functions in [`Rounds`] of worker processes. Source, clock and seed are
//! parameters, so that a simulation can drive the whole.

mod batch_size;
mod blocks;
#[cfg(unix)]
mod cpus;
#[cfg(unix)]
mod group_run;
#[cfg(unix)]
mod harness;
mod protocol;
mod rounds;
mod routine;
mod samples;
mod sampling;
mod stopping;
mod stopwatch;
mod subject;
mod suite;
#[cfg(unix)]
mod worker;
#[cfg(unix)]
mod worker_process;

pub use blocks::Blocks;
#[cfg(unix)]
pub use cpus::{move_to, pin, usable_cpus};
#[cfg(unix)]
pub use group_run::{FUNCTION_METRICS, GroupResult, GroupRun, GroupRunner};
#[cfg(unix)]
pub use harness::main;
pub use protocol::{Batch, BatchSize, Calibration};
pub use rounds::{Launcher, Placement, Rounds, Worker, WorkerError};
pub use samples::MetricValue;
pub use sampling::{Experiment, Progress, Replicate, Sampled, Source, SourceError, random_seed};
pub use std::hint::black_box;
pub use stopping::{CommandSettings, FunctionSettings, InterimAnalysis, StoppingRule};
pub use subject::{Run, RunResult, Subject};
pub use suite::{Bench, BenchmarkInfo, Group};
#[cfg(unix)]
pub use worker_process::{BenchTarget, Program, Timeouts, WorkerPool, WorkerProcess};
