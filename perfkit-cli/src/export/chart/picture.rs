//! A chart as a picture: as SVG within a page, in two widths, or for a file of its own.

use std::fmt::{Display, Write as _};

use perfkit::Report;

use crate::document::{answer, in_rank_order, title_and_time};
use crate::error::Error;
use crate::text::{escape_xml, wrap};

use super::pen::{Look, Pen};
use super::shape::Shape;
use super::svg::elements;
use super::{Chart, Distribution, OverParameter, Percentiles, Saturation};

/// The colours by day: Okabe and Ito's palette (2008), which colour-blind people
/// can tell apart, some of it darker, so that everything stands out from white
/// by 3 to 1, and text by 4.5 to 1.
pub(crate) const STYLE: &str = include_str!("style.css");

/// The width of a picture, and that of one for telephones.
const WIDE: u32 = 900;
const NARROW: u32 = 340;

/// The sizes of the lines above the chart of a file, and the gap below them.
const TITLE: f64 = 17.0;
const ANSWER: f64 = 13.5;
const BELOW_HEAD: f64 = 14.0;

/// The gap between two charts of a file.
const BETWEEN: u32 = 34;

/// The margin of a file.
pub(crate) const MARGIN: u32 = 20;

/// A chart that was drawn.
pub(crate) struct Picture {
    /// Without margins, in units.
    pub(crate) width: u32,
    pub(crate) height: u32,
    title: String,
    description: String,
    pub(crate) shapes: Vec<Shape>,
}

impl Picture {
    fn of(chart: &dyn Chart, width: u32) -> Result<Self, Error> {
        let height = chart.height(f64::from(width)).ceil().clamp(1.0, 1e6) as u32;
        let mut shapes = Vec::new();
        let pen = Pen::new((width, height), &mut shapes);
        chart
            .draw(&pen, f64::from(width))
            .and_then(|()| pen.finish())
            .map_err(|error| not_drawn(&error))?;
        Ok(Self {
            width,
            height,
            title: chart.title(),
            description: chart.description(),
            shapes,
        })
    }

    /// This one and another of the same width below it.
    fn above(mut self, other: Self) -> Self {
        let down = self.height + BETWEEN;
        let moved = other.shapes.into_iter();
        self.shapes
            .extend(moved.map(|shape| shape.moved_down(down as i32)));
        self.height = down + other.height;
        self.description += &format!(" {}: {}", other.title, other.description);
        self
    }

    /// The same below what it is of and what it comes to.
    fn headed(self, title: &str, answer: &str) -> Result<Self, Error> {
        let description = format!("{answer} {}: {}", self.title, self.description);
        let lines = [(title, TITLE, Look::BOLD), (answer, ANSWER, Look::INK)];
        Ok(Self {
            title: title.to_owned(),
            description: description.trim_start().to_owned(),
            ..self.below(&lines)?
        })
    }

    /// The same below its own title.
    fn named(self) -> Result<Self, Error> {
        let title = self.title.clone();
        self.below(&[(&title, ANSWER, Look::BOLD)])
    }

    /// The same below some texts, each in as many lines as it takes.
    fn below(self, texts: &[(&str, f64, Look)]) -> Result<Self, Error> {
        let mut shapes = Vec::new();
        let mut y = 0.0;
        let pen = Pen::new((self.width, self.height), &mut shapes);
        for (text, size, look) in texts {
            let columns = f64::from(self.width) / (size * 0.57);
            let text = wrap(text, Some(columns as usize));
            for line in text.lines().filter(|line| !line.is_empty()) {
                let place = (0.0, y + size * 0.7);
                y += size * 1.4;
                let drawn = pen.text(place, line, look.sized(*size));
                drawn.map_err(|error| not_drawn(&error))?;
            }
        }
        pen.finish().map_err(|error| not_drawn(&error))?;
        let down = (y + BELOW_HEAD).ceil() as u32;
        let moved = self.shapes.into_iter();
        shapes.extend(moved.map(|shape| shape.moved_down(down as i32)));
        Ok(Self {
            height: self.height + down,
            shapes,
            ..self
        })
    }

    /// A file of its own.
    pub(crate) fn svg(&self) -> String {
        let (width, height) = (self.width + 2 * MARGIN, self.height + 2 * MARGIN);
        let (title, description) = (escape_xml(&self.title), escape_xml(&self.description));
        let shapes = elements(&self.shapes);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" height=\"{height}\" viewBox=\"-{MARGIN} -{MARGIN} {width} {height}\">\n<title>{title}</title>\n<desc>{description}</desc>\n<style>{STYLE}</style>\n<rect x=\"-{MARGIN}\" y=\"-{MARGIN}\" width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{shapes}</svg>\n"
        )
    }
}

fn not_drawn(error: &dyn Display) -> Error {
    Error::data(format!("the plot cannot be drawn: {error}"))
}

/// The chart in both widths, of which the page's style shows one. `id` is a word
/// that nothing else on the page has.
pub(crate) fn within_page(chart: &dyn Chart, id: &str) -> Result<String, Error> {
    let mut text = String::new();
    for (class, width) in [("wide", WIDE), ("narrow", NARROW)] {
        let picture = Picture::of(chart, width)?;
        let (width, height) = (picture.width, picture.height);
        let (title, description) = (escape_xml(&picture.title), escape_xml(&picture.description));
        let shapes = elements(&picture.shapes);
        // A text takes everything.
        let _ = write!(
            text,
            "<svg class=\"chart {class}\" role=\"img\" viewBox=\"0 0 {width} {height}\" aria-labelledby=\"{id}-{class}-t {id}-{class}-d\">\n<title id=\"{id}-{class}-t\">{title}</title>\n<desc id=\"{id}-{class}-d\">{description}</desc>\n{shapes}</svg>\n"
        );
    }
    Ok(text)
}

/// What a report shows in a picture: its times over a parameter and the distributions of its
/// implementations, or the percentiles of its operations, below what it is of and what it comes to.
pub(crate) fn plot(report: &Report) -> Result<Picture, Error> {
    let mut charts: Vec<Box<dyn Chart>> = Vec::new();
    let over_parameter = OverParameter::all(&report.benchmarks).into_iter();
    charts.extend(over_parameter.map(|chart| Box::new(chart) as _));
    let distribution = Distribution::of(in_rank_order(report));
    charts.extend(distribution.map(|chart| Box::new(chart) as _));
    let saturation = Saturation::of(report);
    charts.extend(saturation.map(|chart| Box::new(chart) as _));
    if charts.is_empty() {
        let percentiles = Percentiles::parts(report).into_iter().next();
        charts.extend(percentiles.map(|chart| Box::new(chart) as _));
    }
    let are_several = charts.len() > 1;
    let pictures = charts.iter().map(|chart| {
        let picture = Picture::of(&**chart, WIDE)?;
        if are_several {
            picture.named()
        } else {
            Ok(picture)
        }
    });
    let pictures: Vec<Picture> = pictures.collect::<Result<_, _>>()?;
    let Some(picture) = pictures.into_iter().reduce(Picture::above) else {
        let nothing = "there is nothing to plot: the report has no times";
        return Err(Error::data(nothing));
    };
    let answer = answer(report).map_or_else(String::new, |answer| answer.words());
    picture.headed(&title_and_time(report), &answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use perfkit::report::{Benchmark, Environment};
    use perfkit::unit::Unit;
    use perfkit::{Metric, MetricSummary, MockClock, Monitor};

    use super::super::Order;

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
            &[&[0.0, 1.0, 1e9]],
            &[&[1.0, 1e15]],
            &[&[f64::MAX, 5e6, f64::INFINITY], &[1e6, 2e6, 3e6]],
            &[&[f64::MIN_POSITIVE, 1e17], &[-5.0, 1e-300]],
            &[&[1e6][..]; 40],
        ] {
            let report = report_of(times);
            let picture = plot(&report).unwrap().svg();
            assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
            let page = Distribution::of(&report.benchmarks).map(|chart| within_page(&chart, "x"));
            let order = Order::of(&report.benchmarks).map(|chart| within_page(&chart, "y"));
            for text in [Some(Ok(picture.clone())), page, order]
                .into_iter()
                .flatten()
            {
                let text = text.unwrap();
                assert!(!text.contains("<b>") && !text.contains('\u{1}'));
                assert!(!text.contains("NaN") && !text.contains("inf"), "{times:?}");
                assert!(text.len() < 200_000);
            }
            assert!(!picture.contains("Not drawn"));
        }
    }

    #[test]
    fn a_million_runs_are_a_small_picture() {
        let times: Vec<f64> = (0..1_000_000_u32)
            .map(|run| 1e6 + f64::from(run.wrapping_mul(2_654_435_761) >> 12))
            .collect();
        let report = report_of(&[&times]);
        let picture = plot(&report).unwrap().svg();
        assert!(picture.len() < 30_000, "{}", picture.len());
        let order = within_page(&Order::of(&report.benchmarks).unwrap(), "x").unwrap();
        assert!(order.len() < 40_000, "{}", order.len());
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
        let report = Report::from_snapshot(monitor.snapshot());
        let picture = plot(&report).unwrap().svg();
        assert!(picture.contains("work: 500 calls") && picture.contains("99 %"));
    }
}
