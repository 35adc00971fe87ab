//! The interface of criterion 0.8, so that a suite that was written for it moves by its `use`
//! lines: `use perfkit::criterion::{…}` in place of `use criterion::{…}`.
//!
//! ```no_run
//! use perfkit::criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
//!
//! fn sorting(c: &mut Criterion) {
//!     let mut group = c.benchmark_group("sort");
//!     for count in [1_000_u64, 10_000] {
//!         let numbers: Vec<u64> = (0..count).rev().collect();
//!         group.throughput(Throughput::Elements(count));
//!         group.bench_with_input(BenchmarkId::new("stable", count), &numbers, |b, numbers| {
//!             b.iter_batched_ref(|| numbers.clone(), |n| n.sort(), Default::default());
//!         });
//!     }
//!     group.finish();
//! }
//!
//! criterion_group!(benches, sorting);
//! criterion_main!(benches);
//! ```
//!
//! Benchmarks have the names that criterion gives them. Each is measured as those of
//! [`bench::main`](crate::bench::main) are, in processes of its own, and is compared with
//! itself in another revision or a saved baseline: not with others of its group.
//!
//! What a setting means here says the method. One that means nothing is accepted, and a note
//! names it.
#![allow(
    clippy::needless_doctest_main,
    reason = "the example of this module is a whole file"
)]

mod async_bencher;
mod bencher;
mod group;
mod id;
mod macros;
pub mod measurement;
mod settings;
mod suite;

/// What drives the futures of a benchmark.
pub mod async_executor {
    pub use super::async_bencher::AsyncExecutor;
}

pub use async_bencher::AsyncBencher;
pub use bencher::Bencher;
pub use group::BenchmarkGroup;
pub use id::{BenchmarkId, IntoBenchmarkId};
pub use settings::{
    AxisScale, BatchSize, PlotConfiguration, PlottingBackend, SamplingMode, Throughput,
};
pub use std::hint::black_box;
pub use suite::{Criterion, Suite};

pub use crate::{criterion_group, criterion_main};
