//! Comparing contestants: taking turns, and deciding from the pairs.
//!
//! A [`Subject`] can be run and yields measurements. [`sample`] runs several in
//! randomised blocks, [`compare_interleaved`] turns two of the results into a
//! ratio with an interval and a verdict. Subjects, clock and seed are
//! parameters, so that a simulation can drive the whole.

mod comparison;
mod remarks;
mod sampler;
mod subject;

pub use comparison::{
    Rules, compare_interleaved, compare_saved, compare_saved_operations, verdict,
};
pub use remarks::remarks;
pub use sampler::{Observer, Plan, Progress, Sampled, sample};
pub use subject::{Measured, Run, RunResult, Subject};
