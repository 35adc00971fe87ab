//! Plots: the distribution of each contestant, the latency percentiles of each
//! operation. The one module that knows plotters.

use perfkit::histogram::Histogram;
use perfkit::unit::Unit;
use perfkit::{Metric, Report};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::error::Error;
use crate::terminal::{printable, shorten};

/// Width of a picture, in pixels.
const WIDTH: u32 = 960;

/// The most contestants in one picture, and the most operations, which are told
/// apart by their colours.
const MOST_CONTESTANTS: usize = 12;
const MOST_OPERATIONS: usize = PALETTE.len();

/// How many bars a distribution is drawn with, and points a percentile curve.
const BINS: usize = 80;

/// Okabe and Ito's palette (2008), which colour-blind people can tell apart.
const PALETTE: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// What a report shows in a picture: the distributions of its contestants, or
/// the percentiles of its operations.
pub(crate) fn plot(report: &Report) -> Result<String, Error> {
    let contestants = contestants(report);
    let operations = operations(report);
    let mut picture = String::new();
    let drawn = if !contestants.is_empty() {
        let (drawn, left_out) = parted(&contestants, MOST_CONTESTANTS);
        draw_distributions(drawn, left_out, &mut picture)
    } else if !operations.is_empty() {
        let (drawn, left_out) = parted(&operations, MOST_OPERATIONS);
        draw_percentiles(drawn, left_out, &mut picture)
    } else {
        return Err(Error::data(
            "there is nothing to plot: the report has no times",
        ));
    };
    drawn.map_err(|error| Error::data(format!("the plot cannot be drawn: {error}")))?;
    Ok(picture)
}

/// What fits into a picture, and the words for how many do not.
fn parted<T>(all: &[T], most: usize) -> (&[T], Option<String>) {
    let (drawn, left_out) = all.split_at(all.len().min(most));
    let words = format!("Not drawn: {} more", left_out.len());
    (drawn, (!left_out.is_empty()).then_some(words))
}

type Drawn<'a> = Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A contestant's times, ascending, in nanoseconds.
struct Contestant {
    name: String,
    times: Vec<f64>,
}

fn contestants(report: &Report) -> Vec<Contestant> {
    let of_benchmark = |benchmark: &perfkit::report::Benchmark| {
        let samples = &benchmark.metrics.get(&Metric::WALL_TIME)?.samples;
        let mut times: Vec<f64> = samples
            .iter()
            .copied()
            .filter(|t| is_drawable(*t))
            .collect();
        times.sort_unstable_by(f64::total_cmp);
        (!times.is_empty()).then(|| Contestant {
            name: label(&benchmark.name),
            times,
        })
    };
    report.benchmarks.iter().filter_map(of_benchmark).collect()
}

/// An operation's times in buckets.
struct Operation<'a> {
    name: String,
    times: &'a Histogram,
}

fn operations(report: &Report) -> Vec<Operation<'_>> {
    let mut found: Vec<_> = report
        .operations
        .iter()
        .filter_map(|operation| {
            let time = operation.lifetime.metrics.get(&Metric::EXECUTION_TIME)?;
            let times = time.histogram.as_ref().filter(|times| times.count() > 0)?;
            Some((
                time.sum,
                Operation {
                    name: label(&operation.name),
                    times,
                },
            ))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, operation)| operation).collect()
}

/// A plot hangs on an infinite range and panics on one without numbers.
fn is_drawable(value: f64) -> bool {
    value.is_finite() && value.abs() < 1e18
}

fn label(name: &str) -> String {
    shorten(&printable(name), 70)
}

fn color(index: usize) -> RGBColor {
    PALETTE[index % PALETTE.len()]
}

/// A range that is never empty.
fn widened(low: f64, high: f64) -> (f64, f64) {
    let margin = ((high - low) * 0.05).max(high.abs() * 0.005).max(1.0);
    ((low - margin).max(0.0), high + margin)
}

/// One strip per contestant: bars of its distribution and a line at its median,
/// all above one axis of time.
fn draw_distributions<'a>(
    contestants: &[Contestant],
    left_out: Option<String>,
    picture: &'a mut String,
) -> Drawn<'a> {
    const STRIP: u32 = 110;
    const AXIS: u32 = 50;
    let height = STRIP * contestants.len() as u32 + AXIS;
    let root = SVGBackend::with_string(picture, (WIDTH, height)).into_drawing_area();
    root.fill(&WHITE)?;
    // Far-out values would squeeze everything else into a corner.
    let low = contestants
        .iter()
        .map(|c| c.times[0])
        .fold(f64::INFINITY, f64::min);
    let high = contestants
        .iter()
        .map(|c| shown_maximum(&c.times))
        .fold(0.0, f64::max);
    let (low, high) = widened(low, high);
    for (index, contestant) in contestants.iter().enumerate() {
        let top = STRIP as i32 * index as i32;
        let is_last = index + 1 == contestants.len();
        let bottom = top + STRIP as i32 + if is_last { AXIS as i32 } else { 0 };
        let strip = root
            .clone()
            .shrink((0, top), (WIDTH, (bottom - top) as u32));
        draw_strip(&strip, contestant, color(index), (low, high), is_last)?;
    }
    if let Some(words) = left_out {
        let place = (24, height as i32 - 18);
        root.draw(&Text::new(words, place, text_style(13)))?;
    }
    root.present()
}

/// The maximum without the values that are far out.
fn shown_maximum(times: &[f64]) -> f64 {
    let at = |quantile| perfkit::stats::percentile(times, quantile).unwrap_or(times[0]);
    let fence = at(0.75) + 5.0 * (at(0.75) - at(0.25));
    times
        .iter()
        .copied()
        .filter(|time| *time <= fence)
        .fold(times[0], f64::max)
}

fn draw_strip<'a>(
    strip: &Area<'a>,
    contestant: &Contestant,
    color: RGBColor,
    (low, high): (f64, f64),
    has_axis: bool,
) -> Drawn<'a> {
    let bars = bars(&contestant.times, low, high);
    let highest = bars.iter().copied().max().unwrap_or(1).max(1);
    let mut chart = ChartBuilder::on(strip)
        .margin_left(20)
        .margin_right(20)
        .margin_top(26)
        .x_label_area_size(if has_axis { 44 } else { 4 })
        .build_cartesian_2d(low..high, 0.0..f64::from(highest) * 1.05)?;
    let mut mesh = chart.configure_mesh();
    mesh.disable_y_mesh()
        .disable_y_axis()
        .light_line_style(WHITE)
        .x_labels(8);
    let show_time = |ns: &f64| Unit::Nanoseconds.format(*ns, 4);
    if has_axis {
        mesh.x_desc("wall time of a run")
            .x_label_formatter(&show_time);
    } else {
        mesh.disable_x_axis();
    }
    mesh.draw()?;
    let step = (high - low) / BINS as f64;
    let rectangles = bars.iter().enumerate().filter(|(_, count)| **count > 0);
    chart.draw_series(rectangles.map(|(index, count)| {
        let left = low + index as f64 * step;
        Rectangle::new(
            [(left, 0.0), (left + step, f64::from(*count))],
            color.mix(0.55).filled(),
        )
    }))?;
    let median = perfkit::stats::median(&contestant.times).unwrap_or(low);
    let line = [(median, 0.0), (median, f64::from(highest) * 1.05)];
    chart.draw_series(std::iter::once(PathElement::new(
        line,
        color.stroke_width(2),
    )))?;
    let beyond = contestant.times.iter().filter(|time| **time > high).count();
    let beyond = if beyond > 0 {
        format!(", {beyond} beyond the right edge")
    } else {
        String::new()
    };
    let title = format!(
        "{}: {} runs, median {}{beyond}",
        contestant.name,
        contestant.times.len(),
        Unit::Nanoseconds.format(median, 4)
    );
    strip.draw(&Text::new(title, (24, 8), text_style(15)))
}

/// How many values fall into each of the equal parts of a range.
fn bars(times: &[f64], low: f64, high: f64) -> Vec<u32> {
    let mut bars = vec![0_u32; BINS];
    for time in times.iter().filter(|time| **time <= high) {
        let position = (time - low) / (high - low) * BINS as f64;
        bars[(position as usize).min(BINS - 1)] += 1;
    }
    bars
}

/// Latency over percentile, as HdrHistogram plots it: the axis of percentiles
/// has as much room from 90 to 99 % as from 99 to 99.9 %.
fn draw_percentiles<'a>(
    operations: &[Operation<'_>],
    left_out: Option<String>,
    picture: &'a mut String,
) -> Drawn<'a> {
    const LEGEND_LINE: i32 = 20;
    let lines = operations.len() + usize::from(left_out.is_some());
    let legend = LEGEND_LINE * lines as i32 + 10;
    let root = SVGBackend::with_string(picture, (WIDTH, 460 + legend as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let (legend_area, plot_area) = root.split_vertically(legend);
    for (index, operation) in operations.iter().enumerate() {
        let y = 10 + LEGEND_LINE * index as i32;
        let swatch = Rectangle::new([(24, y + 2), (40, y + 12)], color(index).filled());
        legend_area.draw(&swatch)?;
        let calls = Unit::Count.format(operation.times.count() as f64, 3);
        let text = format!("{}: {calls} calls", operation.name);
        legend_area.draw(&Text::new(text, (48, y), text_style(14)))?;
    }
    if let Some(words) = left_out {
        let y = 10 + LEGEND_LINE * operations.len() as i32;
        legend_area.draw(&Text::new(words, (48, y), text_style(14)))?;
    }
    let most = operations
        .iter()
        .map(|o| o.times.count())
        .max()
        .unwrap_or(1);
    let right = (most.max(10) as f64).log10();
    let axis = TimeAxis::over(operations);
    let (bottom, top) = axis.ends();
    let mut chart = ChartBuilder::on(&plot_area)
        .margin(20)
        .x_label_area_size(44)
        .y_label_area_size(80)
        .build_cartesian_2d(0.0..right, bottom..top)?;
    chart
        .configure_mesh()
        .x_labels(right.ceil() as usize + 1)
        .x_label_formatter(&|nines| percent_label(*nines))
        .y_label_formatter(&|height| Unit::Nanoseconds.format(axis.ns(*height), 3))
        .x_desc("percentile")
        .y_desc("execution time")
        .light_line_style(WHITE)
        .draw()?;
    for (index, operation) in operations.iter().enumerate() {
        let curve = curve(operation.times, right, &axis);
        chart.draw_series(LineSeries::new(curve, color(index).stroke_width(2)))?;
    }
    root.present()
}

/// The axis of time: logarithmic where the times differ much.
struct TimeAxis {
    low_ns: f64,
    high_ns: f64,
    is_logarithmic: bool,
}

impl TimeAxis {
    fn over(operations: &[Operation<'_>]) -> Self {
        let lows = operations.iter().filter_map(|o| o.times.min());
        let highs = operations.iter().filter_map(|o| o.times.max());
        let low_ns = lows.min().unwrap_or(1).max(1) as f64;
        let high_ns = (highs.max().unwrap_or(1) as f64).clamp(low_ns, 1e18);
        Self {
            low_ns,
            high_ns,
            is_logarithmic: high_ns > 30.0 * low_ns,
        }
    }

    fn height(&self, ns: f64) -> f64 {
        let ns = ns.max(self.low_ns);
        if self.is_logarithmic { ns.log10() } else { ns }
    }

    fn ns(&self, height: f64) -> f64 {
        if self.is_logarithmic {
            10_f64.powf(height)
        } else {
            height
        }
    }

    /// The axis begins and ends a little beyond the times.
    fn ends(&self) -> (f64, f64) {
        if self.is_logarithmic {
            return (
                self.height(self.low_ns) - 0.1,
                self.height(self.high_ns) + 0.1,
            );
        }
        widened(self.low_ns, self.high_ns)
    }
}

/// Points of a percentile curve, up to the percentile that the count supports.
fn curve(times: &Histogram, right: f64, axis: &TimeAxis) -> Vec<(f64, f64)> {
    let end = (times.count().max(2) as f64).log10().min(right);
    let point = |step: usize| {
        let nines = end * step as f64 / BINS as f64;
        let ns = times.percentile(1.0 - 10_f64.powf(-nines))?;
        Some((nines, axis.height(ns)))
    };
    (0..=BINS).filter_map(point).collect()
}

/// `0 %`, `90 %`, `99 %`, `99.9 %`, …
fn percent_label(nines: f64) -> String {
    let percent = 100.0 * (1.0 - 10_f64.powf(-nines));
    let decimals = (nines - 2.0).ceil().clamp(0.0, 6.0) as usize;
    format!("{percent:.decimals$} %")
}

fn text_style(size: i32) -> TextStyle<'static> {
    let anchor = Pos::new(HPos::Left, VPos::Top);
    TextStyle::from(("sans-serif", size).into_font()).pos(anchor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use perfkit::report::{Benchmark, Environment};
    use perfkit::{MetricSummary, MockClock, Monitor};

    fn report_of(times: &[&[f64]]) -> Report {
        let mut report = Report::new(Environment::detect("mock"));
        for (index, times) in times.iter().enumerate() {
            let mut benchmark = Benchmark::new(format!("<b>{index}</b>\u{1}"));
            let summary = MetricSummary::from_samples(Unit::Nanoseconds, times.to_vec());
            benchmark.metrics.insert(Metric::WALL_TIME, summary);
            report.benchmarks.push(benchmark);
        }
        report
    }

    #[test]
    fn odd_samples_are_drawn_without_trouble() {
        for times in [
            &[&[5e6][..]][..],
            &[&[5e6; 10]],
            &[&[0.0, 0.0]],
            &[&[1.0, 1e15]],
            &[&[f64::MAX, 5e6, f64::INFINITY], &[1e6, 2e6, 3e6]],
            &[&[1e6][..]; 40],
        ] {
            let picture = plot(&report_of(times)).unwrap();
            assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
            assert!(!picture.contains("<b>") && !picture.contains('\u{1}'));
            assert!(picture.len() < 200_000);
            assert_eq!(picture.contains("Not drawn: 28 more"), times.len() == 40);
        }
    }

    #[test]
    fn nothing_to_plot_is_said() {
        assert!(plot(&report_of(&[&[]])).is_err());
        assert!(plot(&Report::new(Environment::detect("mock"))).is_err());
    }

    #[test]
    fn percentiles_of_operations_are_drawn() {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for ms in 0..500_u64 {
            monitor.measure("work", || {
                clock.advance(std::time::Duration::from_millis(ms % 97));
            });
            monitor.measure("instant", || ());
        }
        let picture = plot(&Report::from_snapshot(monitor.snapshot())).unwrap();
        assert!(picture.contains("work: 500 calls") && picture.contains("99 %"));
    }
}
