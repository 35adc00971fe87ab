//! Latency over percentile, as HdrHistogram plots it: the axis of percentiles
//! has as much room from 90 to 99 % as from 99 to 99.9 %.

use perfkit::histogram::Histogram;
use perfkit::report::Benchmark;
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, OperationSnapshot, Report, stats};
use plotters::coord::ranged1d::Ranged as _;

use crate::document::{Table, counted};
use crate::text::label;

use super::axis::Axis;
use super::legend::Legend;
use super::pen::{Drawn, FOOT, Pen};
use super::shape::{Paint, SERIES};
use super::{Chart, PartOf};

/// How many steps a curve has.
const STEPS: usize = 80;

const HEIGHT: f64 = 300.0;

/// So many charts of operations there are at most on a page.
const MOST_PARTS: usize = 10;

/// The percentile curves of some operations.
pub(crate) struct Percentiles {
    operations: Vec<Operation>,
    what: What,
    part: PartOf,
    /// Of nines: 1 is 90 %, 2 is 99 %.
    nines: Axis,
    times: Axis,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Operations,
    Benchmarks,
    /// One operation.
    Reports,
}

/// What has a curve.
struct Timed {
    total: f64,
    name: String,
    times: Histogram,
}

impl Timed {
    fn of(summary: &MetricSummary, name: &str) -> Option<Self> {
        let times = summary.histogram.clone();
        Some(Self {
            total: summary.sum,
            name: label(name),
            times: times.filter(|times| times.count() > 0)?,
        })
    }
}

struct Operation {
    name: String,
    calls: u64,
    /// Nines and the time there.
    curve: Vec<(f64, f64)>,
    /// The times at the quantiles of the table, where the calls support them.
    quantiles: Vec<Option<f64>>,
}

const QUANTILES: [f64; 6] = [0.5, 0.9, 0.95, 0.99, 0.999, 0.9999];

impl Percentiles {
    /// The times of a report's operations, those with most time first, in charts of as many
    /// as are told apart; or else those of benchmarks of which a histogram is known and no
    /// single value. None if there is no time.
    pub(crate) fn parts(report: &Report) -> Vec<Self> {
        let of_operation = |operation: &OperationSnapshot| {
            let summary = operation.lifetime.metrics.get(&Metric::EXECUTION_TIME)?;
            Timed::of(summary, &operation.label())
        };
        let of_benchmark = |benchmark: &Benchmark| {
            let summary = benchmark.metrics.get(&Metric::WALL_TIME)?;
            let is_summary = summary.samples.is_empty() && summary.unit == Unit::Nanoseconds;
            Timed::of(summary, &benchmark.label()).filter(|_| is_summary)
        };
        let mut found: Vec<Timed> = report.operations.iter().filter_map(of_operation).collect();
        found.sort_by(|a, b| b.total.total_cmp(&a.total));
        let mut what = What::Operations;
        if found.is_empty() {
            what = What::Benchmarks;
            found = report.benchmarks.iter().filter_map(of_benchmark).collect();
        }
        Self::in_parts(&found, what)
    }

    /// Those of one operation in several reports, under the names of these, in charts of as
    /// many as are told apart.
    pub(crate) fn by_report<'a>(
        named: impl IntoIterator<Item = (&'a str, &'a OperationSnapshot)>,
    ) -> Vec<Self> {
        let timed = named.into_iter().filter_map(|(name, operation)| {
            let summary = operation.lifetime.metrics.get(&Metric::EXECUTION_TIME)?;
            Timed::of(summary, name)
        });
        let timed: Vec<Timed> = timed.collect();
        Self::in_parts(&timed, What::Reports)
    }

    fn in_parts(timed: &[Timed], what: What) -> Vec<Self> {
        let parts = timed.chunks(SERIES).take(MOST_PARTS).enumerate();
        let part = |(index, here): (usize, &[Timed])| {
            let part = PartOf {
                first: index * SERIES + 1,
                here: here.len(),
                all: timed.len(),
            };
            Self::of(here, what, part)
        };
        parts.map(part).collect()
    }

    fn of(timed: &[Timed], what: What, part: PartOf) -> Self {
        let most = timed.iter().map(|timed| timed.times.count()).max();
        let right = (most.unwrap_or(0).max(10) as f64).log10();
        let operations: Vec<Operation> = timed
            .iter()
            .map(|timed| Operation::new(timed.name.clone(), &timed.times, right))
            .collect();
        let shown = operations.iter().flat_map(|operation| &operation.curve);
        Self {
            times: Axis::over(shown.map(|(_, time)| *time)),
            nines: Axis::linear(0.0, right),
            operations,
            what,
            part,
        }
    }

    fn legend(&self) -> Legend {
        let name = |operation: &Operation| {
            let calls = counted(operation.calls, self.what.value());
            format!("{}: {calls}", operation.name)
        };
        Legend::new(self.operations.iter().map(name))
    }
}

impl What {
    /// One value.
    fn value(self) -> &'static str {
        match self {
            Self::Operations | Self::Reports => "call",
            Self::Benchmarks => "value",
        }
    }
}

impl Operation {
    fn new(name: String, times: &Histogram, right: f64) -> Self {
        let calls = times.count();
        let at = |quantile: f64| {
            stats::supports(quantile, calls)
                .then(|| times.percentile(quantile))
                .flatten()
        };
        Self {
            name,
            calls,
            curve: curve(times, right),
            quantiles: QUANTILES.map(at).to_vec(),
        }
    }
}

/// Points of a percentile curve, up to the percentile that the count supports.
fn curve(times: &Histogram, right: f64) -> Vec<(f64, f64)> {
    let end = (times.count().max(2) as f64).log10().min(right);
    let point = |step: usize| {
        let nines = end * step as f64 / STEPS as f64;
        let ns = times.percentile(1.0 - 10_f64.powf(-nines))?;
        Some((nines, ns))
    };
    (0..=STEPS).filter_map(point).collect()
}

/// `0 %`, `90 %`, `99 %`, `99.9 %`, …
fn percent(nines: usize) -> String {
    let percent = 100.0 * (1.0 - 10_f64.powi(-(nines as i32)));
    let decimals = nines.saturating_sub(2);
    format!("{percent:.decimals$} %")
}

impl Chart for Percentiles {
    fn title(&self) -> String {
        self.part.titled(match self.what {
            What::Operations | What::Reports => "Percentiles of execution time",
            What::Benchmarks => "Percentiles of wall time",
        })
    }

    fn description(&self) -> String {
        let value = self.what.value();
        let mut text = format!(
            "How long a {value} takes at most, for the share of {value}s on the lower axis, which has as much room from 90 to 99 % as from 99 to 99.9 %."
        );
        if self.times.is_logarithmic() {
            text += " The axis of time is logarithmic.";
        }
        let drawn = self.part.first + self.part.here - 1;
        if self.part.first == 1 && drawn < self.part.all {
            let which = match self.what {
                What::Operations => "operations with most time in all",
                What::Benchmarks => "first benchmarks",
                What::Reports => "first reports",
            };
            text += &format!(
                " Drawn are the {SERIES} {which}; the page that `perfkit report --format html` writes has the others."
            );
        }
        text
    }

    fn height(&self, width: f64) -> f64 {
        self.legend().height(width) + HEIGHT + FOOT
    }

    fn draw(&self, pen: &Pen<'_>, width: f64) -> Drawn {
        let legend = self.legend();
        legend.draw(pen, width, false)?;
        let frame = legend.frame(width, self.height(width));
        let plane = pen.plane(frame, self.nines, self.times);
        plane.mark_y(Unit::Nanoseconds)?;
        let last = self.nines.range().end.floor().max(0.0) as usize;
        let stride = (last as f64 * 70.0 / (frame.right - frame.left)).ceil();
        let nines = (0..=last).step_by(stride.max(1.0) as usize);
        let nines: Vec<f64> = nines.map(|nines| nines as f64).collect();
        plane.mark_x(&nines, &|nines, _| percent(nines as usize))?;
        for (index, operation) in self.operations.iter().enumerate() {
            plane.line(operation.curve.clone(), Paint::marked(index), 2.2)?;
        }
        plane.name(match self.what {
            What::Operations | What::Reports => "percentile of calls",
            What::Benchmarks => "percentile of values",
        })
    }

    fn table(&self) -> Table {
        let (name, count) = match self.what {
            What::Operations => ("operation", "calls"),
            What::Reports => ("report", "calls"),
            What::Benchmarks => ("benchmark", "values"),
        };
        let numbers = [count, "median", "p90", "p95", "p99", "p99.9", "p99.99"];
        let mut table = Table::of_columns(&[name], &numbers);
        for operation in &self.operations {
            let calls = Unit::Count.format(operation.calls as f64, 3);
            let mut cells = vec![operation.name.clone(), calls];
            cells.extend(operation.quantiles.iter().map(|time| {
                time.map_or_else(|| "-".to_owned(), |ns| Unit::Nanoseconds.format(ns, 3))
            }));
            table.row(cells);
        }
        table
    }
}
