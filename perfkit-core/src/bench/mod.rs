//! Comparing contestants: taking turns, and deciding from the pairs.
//!
//! Commands are a [`Subject`] each: [`sample`] runs several in randomised blocks.
//! Functions are measured by worker processes of a bench program, which a
//! [`contest`] sets against each other in rounds. [`compare_family`] turns the
//! results of either into ratios with intervals and verdicts. Subjects and
//! workers, clock and seed are parameters, so that a simulation can drive the
//! whole.

mod comparison;
mod contest;
#[cfg(unix)]
mod cpus;
mod definition;
mod effort;
mod family;
#[cfg(unix)]
mod harness;
mod layout;
#[cfg(unix)]
mod program;
mod protocol;
#[cfg(unix)]
mod race;
mod remarks;
mod routine;
mod sampler;
mod saved;
mod subject;
mod turn;
#[cfg(unix)]
mod worker;

pub use comparison::{Rules, compare_interleaved, verdict};
pub use contest::{Contested, Launcher, Placement, Trouble, Worker, contest};
#[cfg(unix)]
pub use cpus::{move_to, pin, usable_cpus};
pub use definition::{Bench, Group, Listed};
pub use effort::Effort;
pub use family::{Family, compare_family};
#[cfg(unix)]
pub use harness::main;
#[cfg(unix)]
pub use program::{Entrant, Program, Stable, Watch, WorkerProcess};
pub use protocol::{Batch, BatchSize, Calibration};
#[cfg(unix)]
pub use race::{FUNCTION_METRICS, Race, Raced, Runner};
pub use remarks::{remark_on, uncounted};
pub use sampler::{Look, Looks, Observer, Plan, Progress, Sampled, sample};
pub use saved::{compare_saved, compare_saved_operations};
pub use std::hint::black_box;
pub use subject::{Measured, Run, RunResult, Subject};
