//! Medians over the value of a parameter: a line for all implementations that differ in it
//! alone, with the intervals of the medians as a band.

use perfkit::report::Benchmark;
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, stats};

use crate::document::{NOTHING, Table};
use crate::text::label;

use super::axis::{Axis, is_drawable};
use super::legend::Legend;
use super::panels::Panels;
use super::parameter_lines::{Line, lines};
use super::pen::{Drawn, FOOT, Pen, Plane};
use super::shape::{Paint, SERIES};
use super::{Chart, count};

/// The most lines in one chart.
const MOST: usize = 60;

/// How sure the bands are.
const CONFIDENCE: f64 = 0.95;

/// What is drawn over a parameter.
const METRICS: [(Metric, &str); 4] = [
    (Metric::WALL_TIME, "wall time"),
    (Metric::EXECUTION_TIME, "execution time"),
    (Metric::THROUGHPUT, "throughput"),
    (Metric::DATA_THROUGHPUT, "data throughput"),
];

const HEIGHT: f64 = 300.0;

/// Words of so many units' width fit beside each other below an axis.
const APART: f64 = 48.0;

/// One metric over the values of a parameter.
pub(crate) struct OverParameter {
    parameter: String,
    metric: &'static str,
    unit: Unit,
    lines: Vec<Curve>,
    left_out: usize,
    /// All values of the parameter, ascending.
    values: Vec<f64>,
    x: Axis,
    y: Axis,
}

struct Curve {
    name: String,
    points: Vec<Median>,
}

/// A median, and the value of the horizontal axis that it is above.
pub(super) struct Median {
    pub(super) value: f64,
    pub(super) median: f64,
    /// The ends of its interval; none with too few values.
    pub(super) interval: Option<(f64, f64)>,
    count: u64,
}

/// A line through medians, and the band of their intervals where all have one.
pub(super) fn draw_curve(plane: &Plane<'_, '_>, points: &[Median], paint: Paint) -> Drawn {
    if points.iter().all(|point| point.interval.is_some()) {
        let ends = |point: &Median| point.interval.unwrap_or_default();
        let low = points.iter().map(|point| (point.value, ends(point).0));
        let high = points.iter().map(|point| (point.value, ends(point).1));
        plane.polygon(low.chain(high.rev()).collect(), paint, 0.2)?;
    }
    let medians = points.iter().map(|point| (point.value, point.median));
    let medians: Vec<(f64, f64)> = medians.collect();
    plane.line(medians.clone(), paint, 2.2)?;
    plane.dots(medians, paint, (3.0, 1.0))
}

impl OverParameter {
    /// A chart for each metric; none where no parameter has enough numbers for values.
    pub(crate) fn all(benchmarks: &[Benchmark]) -> Vec<Self> {
        let own = benchmarks.iter().filter(|b| b.control_of.is_none());
        let own: Vec<&Benchmark> = own.collect();
        let Some(found) = lines(&own) else {
            return Vec::new();
        };
        let of = |(metric, word): &(Metric, &'static str)| {
            let mut unit = None;
            let curves = found.lines.iter();
            let curves = curves.filter_map(|line| Curve::of(line, metric, &mut unit));
            Self::new(label(&found.parameter), word, curves.collect(), unit?)
        };
        METRICS.iter().filter_map(of).collect()
    }

    fn new(
        parameter: String,
        metric: &'static str,
        mut lines: Vec<Curve>,
        unit: Unit,
    ) -> Option<Self> {
        let left_out = lines.len().saturating_sub(MOST);
        lines.truncate(MOST);
        let points = || lines.iter().flat_map(|line| &line.points);
        let mut values: Vec<f64> = points().map(|point| point.value).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let ends = points().flat_map(|point| {
            let (low, high) = point.interval.unwrap_or((point.median, point.median));
            [low, point.median, high]
        });
        let (y, x) = (Axis::over(ends), x_axis(&values)?);
        Some(Self {
            parameter,
            metric,
            unit,
            lines,
            left_out,
            values,
            x,
            y,
        })
    }

    fn has_panels(&self) -> bool {
        self.lines.len() > SERIES
    }

    fn legend(&self) -> Legend {
        Legend::new(self.lines.iter().map(|line| line.name.clone()))
    }

    /// As many of the values as there is room for, the first and the last among them.
    fn ticks(&self, plane: &Plane<'_, '_>) -> Vec<f64> {
        let length = plane.length();
        let mut ticks: Vec<f64> = Vec::new();
        let place = |value: f64| self.x.position(value) * length;
        let last = self.values.last().copied();
        for value in &self.values {
            let is_last = Some(*value) == last;
            let before = ticks.last().map(|tick| place(*value) - place(*tick));
            let to_last = last.map_or(APART, |last| place(last) - place(*value));
            if before.is_none_or(|gap| gap >= APART) && (is_last || to_last >= APART) {
                ticks.push(*value);
            }
        }
        ticks
    }

    fn draw_together(&self, pen: &Pen<'_>, width: f64) -> Drawn {
        let legend = self.legend();
        legend.draw(pen, width, true)?;
        let frame = legend.frame(width, self.height(width));
        let plane = pen.plane(frame, self.x, self.y);
        plane.mark_y(self.unit)?;
        plane.mark_x(&self.ticks(&plane), &|value, _| value_words(value))?;
        for (index, curve) in self.lines.iter().enumerate() {
            draw_curve(&plane, &curve.points, Paint::marked(index))?;
        }
        plane.name(&self.parameter)
    }

    fn draw_panels(&self, pen: &Pen<'_>, width: f64) -> Drawn {
        let panels = Panels::new(self.lines.len(), width);
        for (index, curve) in self.lines.iter().enumerate() {
            let place = panels.begin(pen, index, &curve.name)?;
            let plane = pen.plane(place.frame, self.x, self.y);
            if place.is_first_of_row {
                plane.mark_y(self.unit)?;
            } else {
                plane.rule_y().map(drop)?;
            }
            if place.is_last_of_column {
                plane.mark_x(&self.ticks(&plane), &|value, _| value_words(value))?;
            }
            draw_curve(&plane, &curve.points, Paint::series(0))?;
        }
        panels.name(pen, &self.parameter)
    }
}

impl Curve {
    /// A line's medians of a metric; all have one unit.
    fn of(line: &Line<'_>, metric: &Metric, unit: &mut Option<Unit>) -> Option<Self> {
        let median = |value: f64, benchmark: &Benchmark| {
            let summary = benchmark.metrics.get(metric)?;
            let unit = *unit.get_or_insert(summary.unit);
            Median::of(value, summary).filter(|_| summary.unit == unit)
        };
        let mut median = median;
        let points = line.points.iter();
        let points = points.filter_map(|point| median(point.value, point.benchmark));
        let points: Vec<Median> = points.collect();
        (points.len() > 1).then(|| Self {
            name: label(&line.name),
            points,
        })
    }
}

impl Median {
    pub(super) fn of(value: f64, summary: &MetricSummary) -> Option<Self> {
        let median = summary.median.or(summary.mean);
        let median = median.filter(|median| is_drawable(*median))?;
        Some(Self {
            value,
            median,
            interval: interval(&summary.samples),
            count: summary.count,
        })
    }
}

impl Median {
    /// As a multiple of something.
    pub(super) fn over(&self, unit: f64) -> Self {
        Self {
            median: self.median / unit,
            interval: self.interval.map(|(low, high)| (low / unit, high / unit)),
            ..*self
        }
    }
}

/// The interval of the median that holds whatever the distribution is, from the ranks of
/// the values; `None` with too few of them.
fn interval(samples: &[f64]) -> Option<(f64, f64)> {
    let sorted = stats::sorted(samples)?;
    let one_sided = 1.0 - (1.0 - CONFIDENCE) / 2.0;
    let (low, high) = stats::quantile_bounds(0.5, sorted.len() as u64, one_sided);
    let at = |rank: u64| sorted.get((rank as usize).checked_sub(1)?).copied();
    let (low, high) = (at(low?)?, at(high?)?);
    (is_drawable(low) && is_drawable(high)).then_some((low, high))
}

/// Linear where the steps between values are more alike than their ratios, otherwise
/// logarithmic.
fn x_axis(values: &[f64]) -> Option<Axis> {
    let (first, last) = (values.first()?, values.last()?);
    let unevenness = |values: &[f64]| {
        let steps = values.windows(2).map(|pair| pair[1] - pair[0]);
        let (least, most) = steps.fold((f64::INFINITY, 0.0), |(least, most), step: f64| {
            (step.min(least), step.max(most))
        });
        most / least
    };
    let logarithms: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let is_logarithmic = *first > 0.0 && unevenness(&logarithms) < unevenness(values);
    Some(match is_logarithmic {
        true => Axis::logarithmic(*first, *last),
        false => {
            let margin = (last - first) * 0.03;
            Axis::linear(first - margin, last + margin)
        }
    })
}

/// A value of the parameter as people write it.
fn value_words(value: f64) -> String {
    match value.abs() {
        size if size >= 1e15 || (size > 0.0 && size < 1e-4) => format!("{value:e}"),
        _ => format!("{value}"),
    }
}

impl Chart for OverParameter {
    fn title(&self) -> String {
        let mut metric = self.metric.to_owned();
        metric[..1].make_ascii_uppercase();
        format!("{metric} over {}", self.parameter)
    }

    fn description(&self) -> String {
        let (metric, parameter) = (self.metric, &self.parameter);
        let mut text = format!(
            "Each dot is the median {metric} at a value of {parameter}, and a line joins those that differ in nothing else."
        );
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let has_interval = |point: &Median| point.interval.is_some();
        if points().any(has_interval) {
            text += " The band is the 95 % interval of the median.";
        }
        if !points().all(has_interval) {
            text += " Fewer than 6 known values have no interval.";
        }
        let logarithmic = match (self.x.is_logarithmic(), self.y.is_logarithmic()) {
            (true, true) => " Both axes are logarithmic.".to_owned(),
            (true, false) => format!(" The axis of {parameter} is logarithmic."),
            (false, true) => format!(" The axis of {metric} is logarithmic."),
            (false, false) => String::new(),
        };
        text += &logarithmic;
        if self.left_out > 0 {
            text += &format!(
                " Not drawn: {} more lines, of which the report has the numbers.",
                count(self.left_out)
            );
        }
        text
    }

    fn height(&self, width: f64) -> f64 {
        if self.has_panels() {
            return Panels::new(self.lines.len(), width).height();
        }
        self.legend().height(width) + HEIGHT + FOOT
    }

    fn draw(&self, pen: &Pen<'_>, width: f64) -> Drawn {
        if self.has_panels() {
            self.draw_panels(pen, width)
        } else {
            self.draw_together(pen, width)
        }
    }

    fn table(&self) -> Table {
        let numbers = ["value", "median", "low", "high", "values"];
        let mut table = Table::of_columns(&["line"], &numbers);
        for line in &self.lines {
            for point in &line.points {
                let show = |value: f64| self.unit.format(value, 4);
                let (low, high) = match point.interval {
                    Some((low, high)) => (show(low), show(high)),
                    None => (NOTHING.to_owned(), NOTHING.to_owned()),
                };
                let value = value_words(point.value);
                let cells = [value, show(point.median), low, high];
                let mut row = vec![line.name.clone()];
                row.extend(cells);
                row.push(Unit::Count.format(point.count as f64, 3));
                table.row(row);
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_steps_are_linear_and_even_ratios_logarithmic() {
        let is_logarithmic = |values: &[f64]| x_axis(values).unwrap().is_logarithmic();
        assert!(!is_logarithmic(&[1.0, 2.0, 3.0, 4.0]));
        assert!(!is_logarithmic(&[1.0, 3.0, 6.0, 9.0]));
        assert!(!is_logarithmic(&[0.0, 10.0, 100.0]));
        assert!(!is_logarithmic(&[-1.0, 0.0, 5.0]));
        assert!(is_logarithmic(&[64.0, 256.0, 1024.0]));
        assert!(is_logarithmic(&[1.0, 2.0, 5.0, 10.0, 20.0]));
    }

    #[test]
    fn an_interval_takes_six_values() {
        assert_eq!(interval(&[1.0; 5]), None);
        assert_eq!(interval(&[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]), Some((1.0, 6.0)));
        let (low, high) = interval(&(1..=100).map(f64::from).collect::<Vec<_>>()).unwrap();
        assert_eq!((low, high), (40.0, 61.0));
    }
}
