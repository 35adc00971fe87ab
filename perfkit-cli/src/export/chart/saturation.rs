//! Response times over the rate: how something under load saturates.

use std::collections::BTreeMap;

use perfkit::report::{Capacity, TrialOutcome};
use perfkit::unit::Unit;
use perfkit::{MetricSummary, Report};

use crate::document::{NOTHING, Table};

use super::Chart;
use super::axis::{Axis, is_drawable};
use super::legend::Legend;
use super::pen::{Drawn, FOOT, Pen};
use super::shape::Paint;

const HEIGHT: f64 = 300.0;

/// Words of so many units' width fit beside each other below an axis.
const APART: f64 = 64.0;

/// The percentiles that have a line.
const QUANTILES: [(f64, &str); 3] = [(0.5, "median"), (0.95, "p95"), (0.99, "p99")];

/// Significant digits of rates and times.
const DIGITS: usize = 3;

/// The response times of all trials at a rate, and whether the last of them kept the limits.
struct Tried {
    rate: f64,
    times: MetricSummary,
    is_kept: bool,
}

/// Percentiles of response times over the rate.
pub(crate) struct Saturation {
    tried: Vec<Tried>,
    capacity: Capacity,
    x: Axis,
    y: Axis,
}

impl Saturation {
    /// None where no capacity was looked for, or fewer than two rates have times.
    pub(crate) fn of(report: &Report) -> Option<Self> {
        let capacity = report.capacity.clone()?;
        let mut by_rate: BTreeMap<u64, Tried> = BTreeMap::new();
        for trial in &capacity.trials {
            let mut operations = report.operations.iter();
            let operation = operations.find(|operation| operation.name == trial.operation);
            let times = operation.and_then(|operation| operation.lifetime.call_time());
            let Some(times) = times.filter(|_| is_drawable(trial.rate) && trial.rate > 0.0) else {
                continue;
            };
            let is_kept = trial.outcome == TrialOutcome::Kept;
            // Numbers above 0 are in the order of their bits.
            let known = by_rate.entry(trial.rate.to_bits());
            known
                .and_modify(|tried| {
                    tried.times = tried.times.merged(times);
                    tried.is_kept = is_kept;
                })
                .or_insert_with(|| Tried {
                    rate: trial.rate,
                    times: times.clone(),
                    is_kept,
                });
        }
        let tried: Vec<Tried> = by_rate.into_values().collect();
        let (first, last) = (tried.first()?, tried.last()?);
        if tried.len() < 2 {
            return None;
        }
        let x = Axis::logarithmic(first.rate, last.rate);
        let times = QUANTILES.iter().flat_map(|(q, _)| points(&tried, *q));
        let y = Axis::over(times.map(|(_, time)| time).collect::<Vec<_>>());
        Some(Self {
            tried,
            capacity,
            x,
            y,
        })
    }

    fn legend(&self) -> Legend {
        Legend::new(QUANTILES.iter().map(|(_, name)| (*name).to_owned()))
    }
}

/// The rates, and the percentile of the times there.
fn points(tried: &[Tried], quantile: f64) -> Vec<(f64, f64)> {
    let point = |tried: &Tried| {
        let time = tried.times.percentile(quantile);
        Some((tried.rate, time.filter(|time| is_drawable(*time))?))
    };
    tried.iter().filter_map(point).collect()
}

fn rate(rate: f64) -> String {
    Unit::PerSecond.format(rate, DIGITS)
}

impl Chart for Saturation {
    fn title(&self) -> String {
        "Response time over the rate".to_owned()
    }

    fn description(&self) -> String {
        let mut text = format!(
            "Percentiles of the response times of all requests at a rate, from when each was due. {}.",
            self.capacity.sentence()
        );
        text += match self.y.is_logarithmic() {
            true => " Both axes are logarithmic.",
            false => " The axis of rates is logarithmic.",
        };
        text
    }

    fn height(&self, width: f64) -> f64 {
        self.legend().height(width) + HEIGHT + FOOT
    }

    fn draw(&self, pen: &Pen<'_>, width: f64) -> Drawn {
        let legend = self.legend();
        legend.draw(pen, width, true)?;
        let frame = legend.frame(width, self.height(width));
        let plane = pen.plane(frame, self.x, self.y);
        plane.mark_y(Unit::Nanoseconds)?;
        let length = plane.length();
        let mut ticks: Vec<f64> = Vec::new();
        for tried in &self.tried {
            let place = |value: f64| self.x.position(value) * length;
            let is_apart = |before: &f64| place(tried.rate) - place(*before) >= APART;
            if ticks.last().is_none_or(is_apart) {
                ticks.push(tried.rate);
            }
        }
        plane.mark_x(&ticks, &|value, _| rate(value))?;
        for (index, (quantile, _)) in QUANTILES.iter().enumerate() {
            let points = points(&self.tried, *quantile);
            plane.line(points.clone(), Paint::marked(index), 2.2)?;
            plane.dots(points, Paint::marked(index), (3.0, 1.0))?;
        }
        plane.name("operations due in a second")
    }

    fn table(&self) -> Table {
        let mut table = Table::of_columns(&["limits"], &["rate", "median", "p95", "p99", "max"]);
        for tried in &self.tried {
            let show = |time: Option<f64>| {
                time.map_or_else(
                    || NOTHING.to_owned(),
                    |ns| Unit::Nanoseconds.format(ns, DIGITS),
                )
            };
            let times = &tried.times;
            table.row(vec![
                if tried.is_kept { "kept" } else { "not kept" }.to_owned(),
                rate(tried.rate),
                show(times.median),
                show(times.p95),
                show(times.p99),
                show(times.max),
            ]);
        }
        table
    }
}
