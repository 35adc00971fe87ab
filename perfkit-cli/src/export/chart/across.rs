//! How the medians of several things went from report to report, each as a multiple of what it
//! was in the first one.

use perfkit::MetricSummary;
use perfkit::unit::Unit;

use crate::document::{NOTHING, Table};
use crate::text::{label, shorten};

use super::axis::Axis;
use super::legend::Legend;
use super::panels::Panels;
use super::parameter::{Median, draw_curve};
use super::pen::{Drawn, FOOT, Pen, Plane, TEXT};
use super::ratio_axis;
use super::shape::{Paint, SERIES};
use super::{Chart, count};

/// The most panels of one chart.
const MOST: usize = 30;

const HEIGHT: f64 = 260.0;

/// The least room of a report's name below the axis.
const NAME: f64 = 60.0;

/// Some things in several reports.
pub(crate) struct Across {
    /// `benchmark` or `operation`.
    thing: &'static str,
    reports: Vec<String>,
    lines: Vec<Change>,
    drawn: usize,
    y: Axis,
}

/// One thing in its reports.
struct Change {
    name: String,
    unit: Unit,
    medians: Vec<Median>,
    /// The same as multiples of the first.
    ratios: Vec<Median>,
}

impl Across {
    /// Names and the times that reports, by their numbers from 0, have of each; those that
    /// changed most come first. `None` if nothing has a time in two of them.
    pub(crate) fn of<'a>(
        thing: &'static str,
        reports: &[String],
        things: impl IntoIterator<Item = (String, Vec<(usize, &'a MetricSummary)>)>,
    ) -> Option<Self> {
        let lines = things.into_iter();
        let mut lines: Vec<Change> = lines
            .filter_map(|(name, of)| Change::of(name, &of))
            .collect();
        lines.sort_by(|a, b| b.size().total_cmp(&a.size()));
        let drawn = lines.len().min(MOST);
        let ends = lines[..drawn].iter().flat_map(|line| &line.ratios);
        let ends = ends.flat_map(|ratio| {
            let (low, high) = ratio.interval.unwrap_or((ratio.median, ratio.median));
            [low, high]
        });
        let is_drawable = |ratio: &f64| ratio.is_finite() && (1e-6..1e6).contains(ratio);
        let (low, high) = ends
            .filter(is_drawable)
            .fold((0.98, 1.02), |(low, high), end| {
                (end.min(low), end.max(high))
            });
        (!lines.is_empty()).then(|| Self {
            thing,
            reports: reports.iter().map(|name| label(name)).collect(),
            lines,
            drawn,
            y: ratio_axis::around_one(low, high),
        })
    }

    /// The name of what changed most, and its last median as a multiple of the first.
    pub(crate) fn largest(&self) -> Option<(&str, f64)> {
        let line = self.lines.first()?;
        Some((&line.name, line.ratios.last()?.median))
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    fn has_panels(&self) -> bool {
        self.drawn > SERIES
    }

    fn legend(&self) -> Legend {
        Legend::new(
            self.lines[..self.drawn]
                .iter()
                .map(|line| line.name.clone()),
        )
    }

    fn x(&self) -> Axis {
        Axis::linear(0.7, self.reports.len() as f64 + 0.3)
    }

    /// The names of the reports below a plane, and lines at round ratios.
    fn mark(&self, plane: &Plane<'_, '_>, has_names: bool, has_ratios: bool) -> Drawn {
        let ratios = ratio_axis::ticks(&self.y, plane.height());
        plane.mark_y_at(&ratios, &|ratio| match has_ratios {
            true => ratio_axis::words(ratio),
            false => String::new(),
        })?;
        if !has_names {
            return Ok(());
        }
        let length = plane.length();
        let stride = (self.reports.len() as f64 * NAME / length).ceil().max(1.0);
        let named = (0..self.reports.len()).step_by(stride as usize);
        let ticks: Vec<f64> = named.map(|index| index as f64 + 1.0).collect();
        let room = length / ticks.len() as f64;
        plane.mark_x(&ticks, &|report, _| {
            let name = self.reports.get(report as usize - 1);
            let columns = (room - 6.0) / (TEXT * 0.6);
            name.map_or_else(String::new, |name| shorten(name, (columns as usize).max(4)))
        })
    }
}

impl Change {
    fn of(name: String, of: &[(usize, &MetricSummary)]) -> Option<Self> {
        let unit = of.first()?.1.unit;
        let of = of.iter().filter(|(_, summary)| summary.unit == unit);
        let medians = of.filter_map(|(report, summary)| Median::of(*report as f64 + 1.0, summary));
        let medians: Vec<Median> = medians.filter(|median| median.median > 0.0).collect();
        let first = medians.first()?.median;
        let ratios: Vec<Median> = medians.iter().map(|median| median.over(first)).collect();
        (ratios.len() > 1).then_some(Self {
            name,
            unit,
            medians,
            ratios,
        })
    }

    /// How much the last differs from the first, whichever way.
    fn size(&self) -> f64 {
        self.ratios
            .last()
            .map_or(0.0, |ratio| ratio.median.ln().abs())
    }
}

impl Chart for Across {
    fn title(&self) -> String {
        format!("Median time of each {} by report", self.thing)
    }

    fn description(&self) -> String {
        let thing = self.thing;
        let mut text = format!(
            "Each line is one {thing}: its median in each report as a multiple of that in the first one that has it. The band is the 95 % interval of the median within its session, where its values are known; sessions differ by more. The axis is logarithmic."
        );
        let left_out = self.lines.len() - self.drawn;
        if left_out > 0 {
            text += &format!(
                " Drawn are those that changed most; {} more are in the chart data.",
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
        let drawn = &self.lines[..self.drawn];
        if self.has_panels() {
            let panels = Panels::new(self.drawn, width);
            for (index, line) in drawn.iter().enumerate() {
                let place = panels.begin(pen, index, &line.name)?;
                let plane = pen.plane(place.frame, self.x(), self.y);
                self.mark(&plane, place.is_last_of_column, place.is_first_of_row)?;
                draw_curve(&plane, &line.ratios, Paint::series(0))?;
            }
            return panels.name(pen, "report");
        }
        let legend = self.legend();
        legend.draw(pen, width, true)?;
        let frame = legend.frame(width, self.height(width));
        let plane = pen.plane(frame, self.x(), self.y);
        self.mark(&plane, true, true)?;
        for (index, line) in drawn.iter().enumerate() {
            draw_curve(&plane, &line.ratios, Paint::marked(index))?;
        }
        plane.name("report")
    }

    fn table(&self) -> Table {
        let numbers = ["median", "low", "high", "of the first"];
        let mut table = Table::of_columns(&[self.thing, "report"], &numbers);
        for line in &self.lines {
            for (median, ratio) in line.medians.iter().zip(&line.ratios) {
                let show = |value: f64| line.unit.format(value, 4);
                let (low, high) = match median.interval {
                    Some((low, high)) => (show(low), show(high)),
                    None => (NOTHING.to_owned(), NOTHING.to_owned()),
                };
                let report = self.reports.get(median.value as usize - 1);
                table.row(vec![
                    line.name.clone(),
                    report.cloned().unwrap_or_default(),
                    show(median.median),
                    low,
                    high,
                    format!("{:.3}", ratio.median),
                ]);
            }
        }
        table
    }
}
