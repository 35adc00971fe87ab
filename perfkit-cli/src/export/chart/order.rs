//! Values in the order in which they were measured, which shows drift.

use perfkit::report::Benchmark;
use perfkit::stats;
use perfkit::unit::Unit;

use crate::document::Table;

use super::axis::Axis;
use super::legend::Legend;
use super::panels::Panels;
use super::pen::{Drawn, FOOT, Pen, Plane};
use super::samples::{shown_maximum, wall_times};
use super::shape::{Paint, SERIES};
use super::thin::extremes;
use super::{Chart, count};

/// How many values of an implementation are drawn as dots, and how many medians of
/// neighbours its line has at most.
const DOTS: usize = 400;
const MOST_MEDIANS: usize = 40;

/// More implementations than are told apart have a panel each, with fewer dots; of so many
/// at most.
const MOST_PANELS: usize = 60;
const PANEL_DOTS: usize = 100;

/// A median of fewer neighbours than this says little.
const FEWEST_NEIGHBOURS: usize = 5;

const HEIGHT: f64 = 240.0;

/// The wall times of some implementations, run by run.
pub(crate) struct Order {
    /// All of them, of which so many are drawn.
    implementations: Vec<Implementation>,
    drawn: usize,
    runs: Axis,
    times: Axis,
    beyond: usize,
}

struct Implementation {
    name: String,
    dots: Vec<(usize, f64)>,
    line: Vec<(f64, f64)>,
    /// The medians of the first and the last third of the runs.
    thirds: Option<(f64, f64)>,
}

impl Order {
    /// The runs of the given benchmarks; `None` with fewer than two of each.
    pub(crate) fn of<'a>(benchmarks: impl IntoIterator<Item = &'a Benchmark>) -> Option<Self> {
        let found = benchmarks.into_iter().filter_map(wall_times);
        let all: Vec<_> = found.filter(|(_, times)| times.len() > 1).collect();
        let drawn = all.len().min(MOST_PANELS);
        let ranges = all[..drawn]
            .iter()
            .filter_map(|(_, times)| shown_range(times));
        let times = Axis::over(ranges.flatten());
        let beyond = all[..drawn].iter().flat_map(|(_, times)| times);
        let beyond = beyond.filter(|time| times.is_beyond(**time)).count();
        let longest = all.iter().map(|(_, times)| times.len()).max()?;
        let dots = if drawn > SERIES { PANEL_DOTS } else { DOTS };
        let implementations = all.into_iter();
        Some(Self {
            implementations: implementations
                .map(|named| Implementation::new(named, dots))
                .collect(),
            drawn,
            runs: Axis::linear(0.0, longest as f64 + 1.0),
            times,
            beyond,
        })
    }

    fn drawn(&self) -> &[Implementation] {
        &self.implementations[..self.drawn]
    }

    /// Whether there are more than one plane tells apart.
    fn has_panels(&self) -> bool {
        self.drawn > SERIES
    }

    fn draw_dots(&self, plane: &Plane<'_, '_>, index: usize, paint: Paint) -> Drawn {
        let dots = &self.implementations[index].dots;
        let places = dots.iter();
        let places = places.map(|(run, time)| (*run as f64 + 1.0, *time));
        let look = if dots.len() > 60 {
            (1.8, 0.5)
        } else {
            (2.6, 0.9)
        };
        plane.dots(places, paint, look)
    }

    /// One plane for all, on which looks tell them apart.
    fn draw_together(&self, pen: &Pen<'_>, width: f64) -> Drawn {
        let legend = self.legend();
        legend.draw(pen, width, true)?;
        let frame = legend.frame(width, self.height(width));
        let plane = pen.plane(frame, self.runs, self.times);
        plane.mark_y(Unit::Nanoseconds)?;
        plane.mark_x(&plane.ticks_x(), &|run, _| count(run as usize))?;
        for index in 0..self.drawn {
            self.draw_dots(&plane, index, Paint::marked(index))?;
        }
        for (index, implementation) in self.drawn().iter().enumerate() {
            plane.line(implementation.line.clone(), Paint::marked(index), 2.2)?;
        }
        plane.name("run")
    }

    /// A panel for each, all with the same axes.
    fn draw_panels(&self, pen: &Pen<'_>, width: f64) -> Drawn {
        let panels = Panels::new(self.drawn, width);
        for (index, implementation) in self.drawn().iter().enumerate() {
            let place = panels.begin(pen, index, &implementation.name)?;
            let plane = pen.plane(place.frame, self.runs, self.times);
            if place.is_first_of_row {
                plane.mark_y(Unit::Nanoseconds)?;
            } else {
                plane.rule_y().map(drop)?;
            }
            if place.is_last_of_column {
                plane.mark_x(&plane.ticks_x(), &|run, _| count(run as usize))?;
            }
            self.draw_dots(&plane, index, Paint::series(0))?;
            plane.line(implementation.line.clone(), Paint::INK, 1.6)?;
        }
        panels.name(pen, "run")
    }

    fn legend(&self) -> Legend {
        Legend::new(self.drawn().iter().map(|c| c.name.clone()))
    }
}

/// The smallest value, and the largest that is not far out.
fn shown_range(times: &[f64]) -> Option<[f64; 2]> {
    let sorted = stats::sorted(times)?;
    Some([*sorted.first()?, shown_maximum(&sorted, 8.0, 0.98)?])
}

impl Implementation {
    fn new((name, times): (String, Vec<f64>), dots: usize) -> Self {
        Self {
            name,
            dots: extremes(&times, dots),
            line: medians(&times),
            thirds: thirds(&times),
        }
    }
}

fn median(times: &[f64]) -> Option<f64> {
    stats::median(&stats::sorted(times)?)
}

/// The medians of equally many neighbouring runs each, at their middle.
fn medians(times: &[f64]) -> Vec<(f64, f64)> {
    let size = times.len().div_ceil(MOST_MEDIANS).max(FEWEST_NEIGHBOURS);
    let of_chunk = |(number, chunk): (usize, &[f64])| {
        let middle = (number * size) as f64 + (chunk.len() as f64 + 1.0) / 2.0;
        Some((middle, median(chunk)?))
    };
    times
        .chunks(size)
        .enumerate()
        .filter_map(of_chunk)
        .collect()
}

fn thirds(times: &[f64]) -> Option<(f64, f64)> {
    let third = times.len() / 3;
    let first = median(times.get(..third)?)?;
    Some((first, median(&times[times.len() - third..])?))
}

impl Chart for Order {
    fn title(&self) -> String {
        "Wall time in run order".to_owned()
    }

    fn description(&self) -> String {
        let mut text = "Each dot is one run, the line the median of neighbouring runs. A line that rises or falls shows drift.".to_owned();
        let most = if self.has_panels() { PANEL_DOTS } else { DOTS };
        if self.drawn().iter().any(|c| c.dots.len() >= most) {
            text += " Of many runs only the fastest and the slowest neighbours are drawn.";
        }
        match self.beyond {
            0 => {}
            1 => text += " One run beyond the upper edge is drawn at the edge.",
            n => {
                text += &format!(
                    " {} runs beyond the upper edge are drawn at the edge.",
                    count(n)
                );
            }
        }
        if self.times.is_logarithmic() {
            text += " The axis of time is logarithmic.";
        }
        let left_out = self.implementations.len() - self.drawn;
        if left_out > 0 {
            text += &format!(
                " Not drawn: {} more, which the chart data has.",
                count(left_out)
            );
        }
        text
    }

    fn height(&self, width: f64) -> f64 {
        if self.has_panels() {
            return Panels::new(self.drawn, width).height();
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
        let medians = ["median of the first third", "median of the last third"];
        let numbers = [medians[0], medians[1], "change"];
        let mut table = Table::of_columns(&["implementation"], &numbers);
        for implementation in &self.implementations {
            let mut cells = vec![implementation.name.clone()];
            match implementation.thirds {
                Some((first, last)) => {
                    let change = Unit::Ratio.format(last / first - 1.0, 2);
                    let sign = if last > first { "+" } else { "" };
                    cells.extend([first, last].map(|time| Unit::Nanoseconds.format(time, 4)));
                    cells.push(format!("{sign}{change}"));
                }
                None => cells.extend(std::iter::repeat_n("-".to_owned(), 3)),
            }
            table.row(cells);
        }
        table
    }
}
