//! Benchmarks that have the first part of their names in common.

use std::marker::PhantomData;
use std::time::Duration;

use super::bencher::Bencher;
use super::id::{BenchmarkId, IntoBenchmarkId};
use super::measurement::{Measurement, WallTime};
use super::settings::{PlotConfiguration, SamplingMode, Throughput};
use super::suite::{Added, Criterion, Shared};

/// Benchmarks named `group/function/parameter`.
#[derive(Debug)]
pub struct BenchmarkGroup<'a, M: Measurement = WallTime> {
    shared: Shared,
    name: String,
    throughput: Option<Throughput>,
    time: Option<Duration>,
    criterion: PhantomData<&'a mut Criterion<M>>,
}

impl<M: Measurement> Criterion<M> {
    /// Benchmarks whose names begin with that of the group.
    pub fn benchmark_group(&mut self, name: impl Into<String>) -> BenchmarkGroup<'_, M> {
        BenchmarkGroup::new(self, name.into())
    }
}

impl<'a, M: Measurement> BenchmarkGroup<'a, M> {
    pub(super) fn new(criterion: &'a mut Criterion<M>, name: String) -> Self {
        Self {
            shared: criterion.shared.clone(),
            name,
            throughput: None,
            time: criterion.time,
            criterion: PhantomData,
        }
    }

    /// How much an iteration of those processes that are added from now on.
    pub fn throughput(&mut self, throughput: Throughput) -> &mut Self {
        self.throughput = Some(throughput);
        self
    }

    /// For how long each that is added from now on is measured at most, unless `--time` says
    /// otherwise; less where its value is clear before.
    pub fn measurement_time(&mut self, time: Duration) -> &mut Self {
        self.time = Some(time);
        self
    }

    /// Means nothing here: how many samples there are follows from the time.
    pub fn sample_size(&mut self, _samples: usize) -> &mut Self {
        self.ignore("sample_size")
    }

    /// Means nothing here: every turn begins with calls that are not timed.
    pub fn warm_up_time(&mut self, _time: Duration) -> &mut Self {
        self.ignore("warm_up_time")
    }

    /// Means nothing here: intervals are of medians of rounds.
    pub fn nresamples(&mut self, _resamples: usize) -> &mut Self {
        self.ignore("nresamples")
    }

    /// Means nothing here: `perfkit compare --bench --indifference` is for all of them.
    pub fn noise_threshold(&mut self, _threshold: f64) -> &mut Self {
        self.ignore("noise_threshold")
    }

    /// Means nothing here: `perfkit compare --bench --confidence` is for all of them.
    pub fn confidence_level(&mut self, _level: f64) -> &mut Self {
        self.ignore("confidence_level")
    }

    /// Means nothing here; see [`confidence_level`](Self::confidence_level).
    pub fn significance_level(&mut self, _level: f64) -> &mut Self {
        self.ignore("significance_level")
    }

    /// Means nothing here: how often a function is called follows from how long a call takes.
    pub fn sampling_mode(&mut self, _mode: SamplingMode) -> &mut Self {
        self.ignore("sampling_mode")
    }

    /// Means nothing here: `perfkit report` plots.
    pub fn plot_config(&mut self, _configuration: PlotConfiguration) -> &mut Self {
        self.ignore("plot_config")
    }

    /// Adds a benchmark.
    #[track_caller]
    pub fn bench_function<ID: IntoBenchmarkId>(
        &mut self,
        id: ID,
        define: impl FnMut(&mut Bencher<'_, M>),
    ) -> &mut Self {
        let id = id.into_benchmark_id();
        self.shared.add(self.added(&id), define);
        self
    }

    /// Adds a benchmark that is given an input.
    #[track_caller]
    pub fn bench_with_input<ID: IntoBenchmarkId, I: ?Sized>(
        &mut self,
        id: ID,
        input: &I,
        mut define: impl FnMut(&mut Bencher<'_, M>, &I),
    ) -> &mut Self {
        self.bench_function(id, |bencher| define(bencher, input))
    }

    /// The group is complete; it need not be called.
    pub fn finish(self) {}

    fn added<'b>(&'b self, id: &'b BenchmarkId) -> Added<'b> {
        Added {
            group: Some(&self.name),
            id,
            throughput: self.throughput.as_ref(),
            time: self.time,
        }
    }

    fn ignore(&mut self, setting: &'static str) -> &mut Self {
        self.shared.ignore(setting);
        self
    }
}
