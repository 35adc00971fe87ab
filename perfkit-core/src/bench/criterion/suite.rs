//! What the functions of a suite are given.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

use crate::report::SourceLocation;

use super::super::harness::print_error;
use super::super::suite::{Bench, BenchmarkInfo, SharedVisitor};
use super::bencher::{Bencher, Definition};
use super::id::BenchmarkId;
use super::measurement::{Measurement, WallTime};
use super::settings::{PlottingBackend, Throughput};

/// What the macros hand from group to group. No public interface.
#[doc(hidden)]
#[derive(Debug)]
pub struct Suite(Shared);

impl Suite {
    #[must_use]
    pub fn new(bench: &Bench<'_>) -> Self {
        Self(Shared {
            visitor: Some(bench.visitor()),
            names: Rc::default(),
            ignored: Vec::new(),
        })
    }

    /// The configuration with what takes its benchmarks.
    #[must_use]
    pub fn attach<M: Measurement>(&self, mut configured: Criterion<M>) -> Criterion<M> {
        let ignored = std::mem::take(&mut configured.shared.ignored);
        configured.shared = self.0.clone();
        for setting in ignored {
            configured.shared.ignore(setting);
        }
        configured
    }
}

/// What takes the benchmarks of a suite.
#[derive(Clone)]
pub(super) struct Shared {
    /// None in a configuration.
    visitor: Option<SharedVisitor>,
    /// How many benchmarks have a name.
    names: Rc<RefCell<BTreeMap<String, u32>>>,
    /// Settings that were made before there was anybody to tell.
    ignored: Vec<&'static str>,
}

impl Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// A benchmark that is added.
pub(super) struct Added<'a> {
    pub(super) group: Option<&'a str>,
    pub(super) id: &'a BenchmarkId,
    pub(super) throughput: Option<&'a Throughput>,
    pub(super) time: Option<Duration>,
}

impl Shared {
    /// Says that a setting means nothing here.
    pub(super) fn ignore(&mut self, setting: &'static str) {
        match &self.visitor {
            Some(visitor) => visitor.borrow_mut().ignore(setting),
            None => self.ignored.push(setting),
        }
    }

    #[track_caller]
    pub(super) fn add<M: Measurement>(
        &self,
        added: Added<'_>,
        define: impl FnMut(&mut Bencher<'_, M>),
    ) {
        let Some(visitor) = &self.visitor else {
            no_main();
        };
        let (items, bytes) = added.throughput.map_or((None, None), Throughput::amounts);
        let own = added.id.name();
        let name = match added.group {
            Some(group) => format!("{group}/{own}"),
            None => own,
        };
        let name = self.unused(name);
        let parameter = added.id.parameter.clone();
        let info = BenchmarkInfo {
            group: added.group.unwrap_or(&name).to_owned(),
            parameters: parameter
                .map(|value| ("parameter".to_owned(), value))
                .into_iter()
                .collect(),
            items,
            bytes,
            threads: 1,
            is_alone: true,
            time: added.time,
            location: Some(SourceLocation::caller()),
            name,
        };
        visitor
            .borrow_mut()
            .visit(info, &mut Definition::new(define));
    }

    /// The name, with a number where an earlier benchmark has it: as criterion does, so that
    /// both know it by the same.
    fn unused(&self, name: String) -> String {
        let mut names = self.names.borrow_mut();
        let uses = names.entry(name.clone()).or_default();
        *uses += 1;
        match *uses {
            1 => name,
            uses => format!("{name} #{uses}"),
        }
    }
}

/// A suite whose `main` is its own cannot be asked what there is.
fn no_main() -> ! {
    print_error(
        "benchmarks were added to a `Criterion` that this program made itself: \
         name the functions in `criterion_group!`, and the groups in `criterion_main!`",
    );
    std::process::exit(2)
}

/// Takes the benchmarks of a suite, and says what is common to them.
#[derive(Debug)]
pub struct Criterion<M: Measurement = WallTime> {
    pub(super) shared: Shared,
    pub(super) time: Option<Duration>,
    measurement: PhantomData<M>,
}

impl Default for Criterion {
    fn default() -> Self {
        Self {
            shared: Shared {
                visitor: None,
                names: Rc::default(),
                ignored: Vec::new(),
            },
            time: None,
            measurement: PhantomData,
        }
    }
}

impl<M: Measurement> Criterion<M> {
    /// Adds a benchmark of this name.
    #[track_caller]
    pub fn bench_function(
        &mut self,
        id: &str,
        define: impl FnMut(&mut Bencher<'_, M>),
    ) -> &mut Self {
        let id = BenchmarkId {
            function: Some(id.to_owned()),
            parameter: None,
        };
        self.add(&id, define)
    }

    /// Adds a benchmark that is given an input.
    #[track_caller]
    pub fn bench_with_input<I: ?Sized>(
        &mut self,
        id: BenchmarkId,
        input: &I,
        mut define: impl FnMut(&mut Bencher<'_, M>, &I),
    ) -> &mut Self {
        self.add(&id, |bencher| define(bencher, input))
    }

    #[track_caller]
    fn add(&mut self, id: &BenchmarkId, define: impl FnMut(&mut Bencher<'_, M>)) -> &mut Self {
        let added = Added {
            group: None,
            id,
            throughput: None,
            time: self.time,
        };
        self.shared.add(added, define);
        self
    }

    /// For how long each benchmark is measured at most, unless `--time` says otherwise; less
    /// where its value is clear before.
    #[must_use]
    pub fn measurement_time(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// The command line is read in any case.
    #[must_use]
    pub fn configure_from_args(self) -> Self {
        self
    }

    /// There is nothing more to say: it need not be called.
    pub fn final_summary(&self) {}

    /// Means nothing here: how many samples there are follows from the time.
    #[must_use]
    pub fn sample_size(self, _samples: usize) -> Self {
        self.ignore("sample_size")
    }

    /// Means nothing here: every turn begins with calls that are not timed.
    #[must_use]
    pub fn warm_up_time(self, _time: Duration) -> Self {
        self.ignore("warm_up_time")
    }

    /// Means nothing here: intervals are of medians of rounds.
    #[must_use]
    pub fn nresamples(self, _resamples: usize) -> Self {
        self.ignore("nresamples")
    }

    /// Means nothing here: `perfkit compare --bench --indifference` is for all of them.
    #[must_use]
    pub fn noise_threshold(self, _threshold: f64) -> Self {
        self.ignore("noise_threshold")
    }

    /// Means nothing here: `perfkit compare --bench --confidence` is for all of them.
    #[must_use]
    pub fn confidence_level(self, _level: f64) -> Self {
        self.ignore("confidence_level")
    }

    /// Means nothing here; see [`confidence_level`](Self::confidence_level).
    #[must_use]
    pub fn significance_level(self, _level: f64) -> Self {
        self.ignore("significance_level")
    }

    /// Means nothing here: `perfkit report` plots.
    #[must_use]
    pub fn plotting_backend(self, _backend: PlottingBackend) -> Self {
        self.ignore("plotting_backend")
    }

    /// Means nothing here: `perfkit report` plots.
    #[must_use]
    pub fn with_plots(self) -> Self {
        self.ignore("with_plots")
    }

    /// As it is.
    #[must_use]
    pub fn without_plots(self) -> Self {
        self
    }

    /// Means nothing here: what is printed is no terminal's alone.
    #[must_use]
    pub fn with_output_color(self, _has_colors: bool) -> Self {
        self.ignore("with_output_color")
    }

    fn ignore(mut self, setting: &'static str) -> Self {
        self.shared.ignore(setting);
        self
    }
}
