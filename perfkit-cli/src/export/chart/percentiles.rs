//! Latency over percentile, as HdrHistogram plots it: the axis of percentiles
//! has as much room from 90 to 99 % as from 99 to 99.9 %.

use perfkit::histogram::Histogram;
use perfkit::unit::Unit;
use perfkit::{Metric, OperationSnapshot, Report, stats};
use plotters::coord::ranged1d::Ranged as _;

use crate::document::Table;
use crate::text::label;

use super::axis::Axis;
use super::legend::Legend;
use super::pen::{Drawn, FOOT, Pen};
use super::shape::{Paint, SERIES};
use super::{Chart, count};

/// How many steps a curve has.
const STEPS: usize = 80;

const HEIGHT: f64 = 300.0;

/// The percentile curves of the operations that took most time.
pub(crate) struct Percentiles {
    operations: Vec<Operation>,
    left_out: usize,
    /// Of nines: 1 is 90 %, 2 is 99 %.
    nines: Axis,
    times: Axis,
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
    /// The execution times of a report's operations; `None` if there is none.
    pub(crate) fn of(report: &Report) -> Option<Self> {
        let time = |operation: &OperationSnapshot| {
            let summary = operation.lifetime.metrics.get(&Metric::EXECUTION_TIME)?;
            let times = summary
                .histogram
                .clone()
                .filter(|times| times.count() > 0)?;
            Some((summary.sum, label(&operation.label()), times))
        };
        let mut found: Vec<_> = report.operations.iter().filter_map(time).collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let left_out = found.len().saturating_sub(SERIES);
        found.truncate(SERIES);
        let most = found.iter().map(|(_, _, times)| times.count()).max()?;
        let right = (most.max(10) as f64).log10();
        let operations: Vec<Operation> = found
            .into_iter()
            .map(|(_, name, times)| Operation::new(name, &times, right))
            .collect();
        let shown = operations.iter().flat_map(|operation| &operation.curve);
        Some(Self {
            times: Axis::over(shown.map(|(_, time)| *time)),
            nines: Axis::linear(0.0, right),
            operations,
            left_out,
        })
    }

    fn legend(&self) -> Legend {
        let name = |operation: &Operation| {
            let calls = Unit::Count.format(operation.calls as f64, 3);
            format!("{}: {calls} calls", operation.name)
        };
        Legend::new(self.operations.iter().map(name))
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
        "Percentiles of execution time".to_owned()
    }

    fn description(&self) -> String {
        let mut text = "How long a call takes at most, for the share of calls on the lower axis, which has as much room from 90 to 99 % as from 99 to 99.9 %.".to_owned();
        if self.times.is_logarithmic() {
            text += " The axis of time is logarithmic.";
        }
        if self.left_out > 0 {
            text += &format!(
                " Drawn are the {SERIES} operations with most time in all. Not drawn: {} more.",
                count(self.left_out)
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
        plane.name("percentile of calls")
    }

    fn table(&self) -> Table {
        let numbers = ["calls", "median", "p90", "p95", "p99", "p99.9", "p99.99"];
        let mut table = Table::of_columns(&["operation"], &numbers);
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
