//! The distribution of each implementation's values: its density, every value as a
//! dot, and its median, all above one axis.

use perfkit::report::Benchmark;
use perfkit::stats;
use perfkit::unit::Unit;
use plotters::style::text_anchor::HPos;

use crate::document::{Table, counted};
use crate::text::shorten;

use super::axis::{Axis, mark};
use super::pen::{Drawn, FOOT, Frame, Look, Pen, TEXT};
use super::samples::{shown_maximum, wall_times};
use super::shape::{Paint, SERIES};
use super::thin::strata;
use super::{Chart, PartOf, count};

/// The most implementations in a file.
const MOST_IN_FILE: usize = 50;

/// How many there are on a page that stand open, and in each part that is folded away.
const ON_PAGE: [usize; 3] = [12, 24, 24];

/// How many values a density is computed from, and at how many places.
const KERNELS: usize = 2000;
const PLACES: usize = 160;

/// How many values are drawn as dots.
const DOTS: usize = 400;

/// From this width on there is room for a name and its numbers in one line.
const ROOMY: f64 = 600.0;

/// Heights of the parts of a row.
const LINE: f64 = 20.0;
const DENSITY: f64 = 40.0;
const DOT_ROOM: f64 = 22.0;
const GAP: f64 = 14.0;

/// Between the words of a row and the peak of its density.
const PAD: f64 = 7.0;

/// Beyond so many bandwidths a density is too low to be seen.
const TAIL: f64 = 3.0;

/// The distributions of some implementations.
pub(crate) struct Distribution {
    implementations: Vec<Implementation>,
    part: PartOf,
    /// How many are in no part.
    left_out: usize,
    axis: Axis,
}

#[derive(Clone)]
struct Implementation {
    name: String,
    /// Its values, ascending.
    times: Vec<f64>,
    median: f64,
    /// Places on the axis, from 0 to 1, and the density there as a part of its
    /// peak; none for values without spread.
    density: Vec<(f64, f64)>,
}

impl Distribution {
    /// The wall times of the given benchmarks for a file; `None` if there is none.
    pub(crate) fn of<'a>(benchmarks: impl IntoIterator<Item = &'a Benchmark>) -> Option<Self> {
        Self::in_parts(benchmarks, &[MOST_IN_FILE]).pop()
    }

    /// The same for a page, in parts of which the first one stands open; none if there is
    /// no time.
    pub(crate) fn parts<'a>(benchmarks: impl IntoIterator<Item = &'a Benchmark>) -> Vec<Self> {
        Self::in_parts(benchmarks, &ON_PAGE)
    }

    /// Those of one benchmark in several reports, under the names of these; `None` unless two
    /// have values.
    pub(crate) fn by_report<'a>(
        named: impl IntoIterator<Item = (&'a str, &'a Benchmark)>,
    ) -> Option<Self> {
        let found = named.into_iter().filter_map(|(name, benchmark)| {
            let name = name.to_owned();
            Implementation::of(benchmark).map(|found| Implementation { name, ..found })
        });
        let found: Vec<Implementation> = found.collect();
        (found.len() > 1).then(|| Self::of_all(found, &[MOST_IN_FILE]).pop())?
    }

    fn in_parts<'a>(
        benchmarks: impl IntoIterator<Item = &'a Benchmark>,
        sizes: &[usize],
    ) -> Vec<Self> {
        let found = benchmarks.into_iter().filter_map(Implementation::of);
        Self::of_all(found.collect(), sizes)
    }

    fn of_all(mut drawn: Vec<Implementation>, sizes: &[usize]) -> Vec<Self> {
        let all = drawn.len();
        drawn.truncate(sizes.iter().sum());
        let lowest = drawn.iter().map(|implementation| implementation.times[0]);
        let highest = drawn
            .iter()
            .filter_map(|c| shown_maximum(&c.times, 5.0, 0.95));
        // With its tails an axis may hold a value more, which has a tail too.
        let axis = with_tails(Axis::over(lowest.chain(highest)), &drawn);
        let axis = with_tails(axis, &drawn);
        for implementation in &mut drawn {
            implementation.density = density_curve(&implementation.times, &axis);
        }
        let left_out = all - drawn.len();
        let mut parts = Vec::new();
        let mut rest = &drawn[..];
        for size in sizes {
            let (here, others) = rest.split_at((*size).min(rest.len()));
            let part = PartOf {
                first: drawn.len() - rest.len() + 1,
                here: here.len(),
                all,
            };
            if !here.is_empty() {
                parts.push(Self {
                    implementations: here.to_vec(),
                    part,
                    left_out,
                    axis,
                });
            }
            rest = others;
        }
        parts
    }

    fn row_height(&self, width: f64) -> f64 {
        let lines = if width < ROOMY { 2.0 } else { 1.0 };
        lines * LINE + PAD + DENSITY + DOT_ROOM + GAP
    }

    fn draw_row(&self, pen: &Pen<'_>, index: usize, width: f64) -> Drawn {
        let implementation = &self.implementations[index];
        let top = self.row_height(width) * index as f64;
        // Rows have their names: colours are an aid as long as each has one of its own.
        let paint = match self.part.all {
            ..=SERIES => Paint::series(index),
            _ => Paint::series(0),
        };
        let is_roomy = width >= ROOMY;
        let facts = implementation.facts(&self.axis);
        let room = if is_roomy { width * 0.5 } else { width };
        let name = shorten(&implementation.name, (room / (TEXT * 0.68)) as usize);
        pen.text((0.0, top + 10.0), &name, Look::BOLD)?;
        let foot = if is_roomy {
            let place = (width, top + 10.0);
            pen.text(place, &facts, Look::MUTED.at(HPos::Right))?;
            top + LINE + PAD
        } else {
            pen.text((0.0, top + 10.0 + LINE), &facts, Look::MUTED)?;
            top + 2.0 * LINE + PAD
        };
        let base = foot + DENSITY;
        let places = Axis::linear(0.0, 1.0);
        let plane = pen.plane(frame(width, foot, base), places, places);
        if let (Some(first), Some(last)) = (
            implementation.density.first(),
            implementation.density.last(),
        ) {
            let mut outline = vec![(first.0, 0.0)];
            outline.extend(&implementation.density);
            outline.push((last.0, 0.0));
            plane.polygon(outline, paint, 0.3)?;
            plane.line(implementation.density.clone(), paint, 1.6)?;
        }
        pen.line(&[(0.0, base), (width, base)], Paint::GRID, 1.0)?;
        let plane = pen.plane(frame(width, base + 4.0, base + DOT_ROOM), self.axis, places);
        let dots = strata(&implementation.times, DOTS);
        let alpha = if dots.len() > 60 { 0.45 } else { 0.8 };
        plane.dots(scattered(&dots), paint, (2.0, alpha))?;
        let x = EDGE + (width - 2.0 * EDGE) * self.axis.position(implementation.median);
        pen.line(&[(x, foot + 2.0), (x, base + DOT_ROOM)], Paint::INK, 2.0)
    }
}

/// Room at both sides for dots at the ends of the axis.
const EDGE: f64 = 4.0;

fn frame(width: f64, top: f64, bottom: f64) -> Frame {
    Frame {
        left: EDGE,
        top,
        right: width - EDGE,
        bottom,
    }
}

/// Values with heights that part those that are close to each other; the same
/// values always get the same heights.
fn scattered(values: &[f64]) -> impl Iterator<Item = (f64, f64)> + '_ {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let height = |index: usize| 0.1 + 0.8 * (index as f64 * GOLDEN).fract();
    values
        .iter()
        .enumerate()
        .map(move |(index, value)| (*value, height(index)))
}

/// The places of the values that are shown, and the bandwidth of their density: one that
/// does not reach far below the least time that there can be. `None` without spread.
fn kernels(times: &[f64], axis: &Axis) -> Option<(Vec<f64>, f64)> {
    let shown = strata(times, KERNELS).into_iter();
    let shown = shown.filter(|time| !axis.is_beyond(*time));
    let shown: Vec<f64> = shown.map(|time| axis.position(time)).collect();
    let width = stats::bandwidth(&shown)?;
    let width = match axis.zero() {
        Some(zero) => width.min((shown[0] - zero) / TAIL).max(width / 3.0),
        None => width,
    };
    Some((shown, width))
}

/// The axis with room for the tails of all densities.
fn with_tails(axis: Axis, all: &[Implementation]) -> Axis {
    let (mut first, mut last) = (0.0_f64, 1.0_f64);
    for implementation in all {
        if let Some((shown, width)) = kernels(&implementation.times, &axis) {
            first = first.min(shown[0] - TAIL * width);
            last = last.max(shown[shown.len() - 1] + TAIL * width);
        }
    }
    axis.stretched(first, last)
}

/// The density along an axis: on a logarithmic one that of the logarithms.
fn density_curve(times: &[f64], axis: &Axis) -> Vec<(f64, f64)> {
    let Some((shown, width)) = kernels(times, axis) else {
        return Vec::new();
    };
    // A narrow curve gets as many places as a wide one.
    let reach = TAIL * width;
    let low = (shown[0] - reach).max(0.0);
    let high = (shown[shown.len() - 1] + reach).min(1.0);
    let place = |step: usize| low + (high - low) * step as f64 / (PLACES - 1) as f64;
    let places: Vec<f64> = (0..PLACES).map(place).collect();
    let densities = stats::density(&shown, width, &places).unwrap_or_default();
    let peak = densities.iter().copied().fold(0.0, f64::max);
    if !peak.is_finite() || peak <= 0.0 {
        return Vec::new();
    }
    places
        .into_iter()
        .zip(densities.into_iter().map(|density| density / peak))
        .collect()
}

impl Implementation {
    fn of(benchmark: &Benchmark) -> Option<Self> {
        let (name, times) = wall_times(benchmark)?;
        let times = stats::sorted(&times)?;
        Some(Self {
            name,
            median: stats::median(&times)?,
            times,
            density: Vec::new(),
        })
    }

    fn at(&self, quantile: f64) -> f64 {
        stats::percentile(&self.times, quantile).unwrap_or(self.median)
    }

    fn facts(&self, axis: &Axis) -> String {
        let beyond = self.times.iter().filter(|time| axis.is_beyond(**time));
        let beyond = match beyond.count() {
            0 => String::new(),
            n => format!(", {} beyond the right edge", count(n)),
        };
        let median = Unit::Nanoseconds.format(self.median, 4);
        format!(
            "median {median}, {}{beyond}",
            counted(self.times.len() as u64, "run")
        )
    }
}

impl Chart for Distribution {
    fn title(&self) -> String {
        self.part.titled("Distribution of wall time")
    }

    fn description(&self) -> String {
        let mut text = "Each curve is the density of an implementation's runs (Gaussian kernel, Silverman's bandwidth), scaled to its own peak. Each dot is one run, the vertical line the median.".to_owned();
        let times = self.implementations.iter().flat_map(|c| &c.times);
        if times.into_iter().any(|time| self.axis.is_beyond(*time)) {
            text += " Runs beyond the right edge are drawn at the edge.";
        }
        if self.axis.is_logarithmic() {
            text += " The axis is logarithmic.";
        }
        let most = self.implementations.iter().map(|c| c.times.len()).max();
        if most.is_some_and(|most| most > DOTS) {
            text += &format!(
                " At most {DOTS} runs of each are drawn as dots, spread evenly over the ranks."
            );
        }
        if self.left_out > 0 {
            text += &format!(
                " Not drawn: {} more, of which the report has the numbers.",
                count(self.left_out)
            );
        }
        text
    }

    fn height(&self, width: f64) -> f64 {
        self.row_height(width) * self.implementations.len() as f64 + FOOT
    }

    fn draw(&self, pen: &Pen<'_>, width: f64) -> Drawn {
        let bottom = self.height(width) - FOOT;
        let plane = pen.plane(
            frame(width, LINE, bottom),
            self.axis,
            Axis::linear(0.0, 1.0),
        );
        plane.mark_x(&plane.ticks_x(), &|time, ticks| {
            mark(time, ticks, Unit::Nanoseconds)
        })?;
        for index in 0..self.implementations.len() {
            self.draw_row(pen, index, width)?;
        }
        plane.name("wall time of a run")?;
        if self.left_out > 0 {
            let words = format!("Not drawn: {} more", count(self.left_out));
            pen.text((0.0, bottom + 33.0), &words, Look::MUTED)?;
        }
        Ok(())
    }

    fn table(&self) -> Table {
        let numbers = ["runs", "min", "p25", "median", "p75", "max"];
        let mut table = Table::of_columns(&["implementation"], &numbers);
        for implementation in &self.implementations {
            let quantiles = [0.0, 0.25, 0.5, 0.75, 1.0].map(|quantile| implementation.at(quantile));
            let mut cells = vec![
                implementation.name.clone(),
                count(implementation.times.len()),
            ];
            cells.extend(quantiles.map(|time| Unit::Nanoseconds.format(time, 4)));
            table.row(cells);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perfkit::{Metric, MetricSummary};

    fn benchmark(times: Vec<f64>) -> Benchmark {
        let mut benchmark = Benchmark::new("b");
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, times);
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        benchmark
    }

    #[test]
    fn no_density_is_cut_at_an_edge() {
        let wave = |run: u32| (f64::from(run) * 0.618_034).fract();
        let spread = |low: f64, high: f64| -> Vec<f64> {
            (0..30).map(|run| low + (high - low) * wave(run)).collect()
        };
        let with_outlier = [spread(10e6, 11e6), vec![11.9e6]].concat();
        let sets = [
            vec![spread(10e6, 12e6)],
            vec![spread(2e6, 90e6), spread(80e6, 95e6)],
            vec![spread(1e6, 2e6), spread(5e8, 9e8)],
            vec![with_outlier],
        ];
        for set in sets {
            let benchmarks: Vec<Benchmark> = set.into_iter().map(benchmark).collect();
            let drawn = Distribution::of(&benchmarks).unwrap();
            for implementation in &drawn.implementations {
                let density = &implementation.density;
                let (first, last) = (density[0], density[density.len() - 1]);
                assert!(first.1 < 0.1 && last.1 < 0.1, "{first:?} {last:?}");
                assert!(density.iter().all(|(place, _)| (0.0..=1.0).contains(place)));
            }
        }
    }

    #[test]
    fn what_does_not_stand_open_is_in_further_parts() {
        let many: Vec<Benchmark> = (0..70).map(|_| benchmark(vec![1e6, 2e6])).collect();
        let parts = Distribution::parts(&many);
        let titles: Vec<String> = parts.iter().map(Chart::title).collect();
        let title = |part| format!("Distribution of wall time, {part} of 70");
        assert_eq!(titles, ["1 to 12", "13 to 36", "37 to 60"].map(title));
        assert!(
            parts[0]
                .description()
                .contains("Not drawn: 10 more, of which")
        );
    }
}
