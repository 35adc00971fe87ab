//! Many ratios with their intervals on one axis: a forest plot; of
//! implementations with one baseline, in the order of their ranking.

use perfkit::Metric;
use perfkit::report::{Comparison, Verdict};
use plotters::style::text_anchor::HPos;

use crate::document::{
    NOTHING, Ranked, RatioText, Style, Table, is_time, verdict_style, verdict_word,
};
use crate::text::{display_width, label, shorten};

use super::axis::Axis;
use super::pen::{Drawn, FOOT, Frame, Look, Pen, Plane, TEXT};
use super::ratio_axis;
use super::shape::Paint;
use super::{Chart, PartOf};

/// Ratios further from 1 than this are placed at the edge.
const LARGEST: f64 = 1e6;

/// From this width on names stand beside the intervals, otherwise above them.
const ROOMY: f64 = 600.0;

/// The least and the largest share of the width that names have beside the intervals, and the
/// gap between.
const NAMES: [f64; 2] = [0.15, 0.42];
const GAP: f64 = 16.0;

/// The width of a character, on average.
const CHARACTER: f64 = TEXT * 0.6;

/// Where the bar of a row stands below its name.
const BAR: f64 = 35.0;

const HEAD: f64 = 8.0;

/// Some comparisons, on an axis that they may share with others.
pub(crate) struct Forest {
    rows: Vec<Row>,
    axis: Axis,
    /// The indifference zone, where all have the same.
    zone: Option<f64>,
    part: PartOf,
    is_ranking: bool,
}

#[derive(Clone)]
struct Row {
    name: String,
    paint: Paint,
    word: &'static str,
    is_time: bool,
    /// The indifference zone.
    zone: Option<f64>,
    /// Estimate, low and high end, as numbers and as text.
    ratio: Option<([f64; 3], RatioText)>,
}

impl Forest {
    /// The comparisons in parts of at most so many rows, the first of another
    /// size than the others; without those that come after the last part.
    pub(crate) fn parts(comparisons: &[&Comparison], sizes: &[usize]) -> Vec<Self> {
        let rows = comparisons.iter().map(|c| Row::of(c)).collect();
        Self::of_rows(rows, sizes, false)
    }

    /// The implementations in the order of their ranking, in such parts.
    pub(crate) fn ranking(ranking: &[Ranked<'_>], sizes: &[usize]) -> Vec<Self> {
        let rows = ranking.iter().map(Row::ranked).collect();
        Self::of_rows(rows, sizes, true)
    }

    fn of_rows(rows: Vec<Row>, sizes: &[usize], is_ranking: bool) -> Vec<Self> {
        let zones = rows.iter().filter_map(|row| row.zone);
        let zone = zones
            .reduce(|a, b| if a == b { a } else { f64::NAN })
            .filter(|zone| *zone > 0.0 && *zone < 1.0);
        let ends = rows.iter().filter_map(|row| row.ratio.as_ref());
        let ends = ends.flat_map(|(ratio, _)| *ratio);
        let usual = [1.0 / 1.02, 1.02];
        let bounded = ends
            .filter(|end| end.is_finite() && *end > 0.0)
            .map(|end| end.clamp(1.0 / LARGEST, LARGEST))
            .chain(usual);
        let low = bounded.clone().fold(1.0, f64::min);
        let high = bounded.fold(1.0, f64::max);
        let axis = ratio_axis::around_one(low, high);
        let mut parts = Vec::new();
        let mut first = 0;
        for size in sizes {
            let end = (first + size).min(rows.len());
            if first < end {
                parts.push(Self {
                    rows: rows[first..end].to_vec(),
                    axis,
                    zone,
                    part: PartOf {
                        first: first + 1,
                        here: end - first,
                        all: rows.len(),
                    },
                    is_ranking,
                });
            }
            first = end;
        }
        parts
    }

    fn is_of_times(&self) -> bool {
        self.rows.iter().all(|row| row.is_time)
    }

    fn row_height(&self, width: f64) -> f64 {
        if width < ROOMY { 50.0 } else { 26.0 }
    }

    /// Where the names end that stand beside the intervals: they have the room that they need,
    /// as far as there is some.
    fn names_end(&self, width: f64) -> f64 {
        let names = self.rows.iter().map(|row| display_width(&row.name));
        let longest = names.max().unwrap_or(0) as f64 * CHARACTER;
        let [least, most] = NAMES.map(|share| width * share);
        longest.ceil().clamp(least, most)
    }

    /// The line where nothing differs, and the zone around it.
    fn draw_origin(&self, plane: &Plane<'_, '_>) -> Drawn {
        if let Some(zone) = self.zone {
            let (low, high) = (1.0 / (1.0 + zone), 1.0 + zone);
            let corners = vec![(low, 1.0), (high, 1.0), (high, 0.0), (low, 0.0)];
            plane.polygon(corners, Paint::ZONE, 1.0)?;
        }
        plane.line(vec![(1.0, 1.0), (1.0, 0.0)], Paint::MUTED, 1.4)
    }

    /// A plane of the ratios that reaches so far up and down.
    fn plane<'a, 'p>(
        &self,
        pen: &'p Pen<'a>,
        width: f64,
        (top, bottom): (f64, f64),
    ) -> Plane<'a, 'p> {
        let (left, right) = if width < ROOMY {
            (6.0, width - 6.0)
        } else {
            (self.names_end(width) + GAP, width - 278.0)
        };
        let frame = Frame {
            left,
            top,
            right,
            bottom,
        };
        pen.plane(frame, self.axis, Axis::linear(0.0, 1.0))
    }

    fn draw_row(&self, pen: &Pen<'_>, index: usize, width: f64) -> Drawn {
        let row = &self.rows[index];
        let is_roomy = width >= ROOMY;
        let top = HEAD + self.row_height(width) * index as f64;
        let middle = top + self.row_height(width) / 2.0;
        let (text_at, name_room, bar_at) = if is_roomy {
            (middle, self.names_end(width), middle)
        } else {
            (top + 14.0, width - 166.0, top + BAR)
        };
        let name = shorten(&row.name, (name_room / CHARACTER) as usize);
        pen.text((0.0, text_at), &name, Look::INK)?;
        let (word, paint) = (row.word, row.paint);
        let numbers = match &row.ratio {
            Some((_, text)) if is_roomy && text.has_interval() => {
                format!("{} ({} to {})", text.estimate, text.low, text.high)
            }
            Some((_, text)) => text.estimate.clone(),
            None => NOTHING.to_owned(),
        };
        let right = Look::INK.at(HPos::Right);
        pen.text((width - 102.0, text_at), &numbers, right)?;
        let verdict = Look::new(paint, HPos::Right).bold();
        pen.text((width, text_at), word, verdict)?;
        let Some(([estimate, low, high], _)) = &row.ratio else {
            return Ok(());
        };
        let plane = self.plane(pen, width, (bar_at - 4.0, bar_at + 4.0));
        plane.line(vec![(*low, 0.5), (*high, 0.5)], paint, 2.4)?;
        for end in [*low, *high] {
            plane.line(vec![(end, 1.0), (end, 0.0)], paint, 1.6)?;
        }
        plane.dots([(*estimate, 0.5)], paint, (4.0, 1.0))
    }
}

impl Row {
    fn of(comparison: &Comparison) -> Self {
        let is_main = is_time(&comparison.metric);
        let is_cpu_time = comparison.metric == Metric::CPU_TIME;
        let metric = match comparison.metric.name() {
            _ if is_main => String::new(),
            _ if is_cpu_time => ", CPU time".to_owned(),
            other => format!(", {}", label(other)),
        };
        let name = format!("{}{metric}", label(&comparison.candidate));
        let ratio = comparison.ratio.as_ref().and_then(|ratio| {
            let numbers = [ratio.estimate, ratio.low, ratio.high];
            let is_shown = numbers.iter().all(|n| n.is_finite() && *n > 0.0);
            is_shown.then(|| (numbers, RatioText::new(ratio)))
        });
        Self {
            name,
            paint: paint(comparison.verdict),
            word: verdict_word(comparison),
            is_time: is_main || is_cpu_time,
            zone: Some(comparison.indifference),
            ratio,
        }
    }

    /// An implementation with its place before its name.
    fn ranked(ranked: &Ranked<'_>) -> Self {
        let place = ranked.place.as_deref().unwrap_or(NOTHING);
        let name = format!("{place} · {}", label(&ranked.benchmark.label()));
        match ranked.comparison {
            Some(comparison) => Self {
                name,
                ..Self::of(comparison)
            },
            None => Self {
                name,
                paint: Paint::MUTED,
                word: "baseline",
                is_time: true,
                zone: None,
                ratio: Some(([1.0; 3], RatioText::baseline())),
            },
        }
    }
}

fn paint(verdict: Verdict) -> Paint {
    match verdict_style(verdict) {
        Style::Bad => Paint::BAD,
        Style::Good => Paint::GOOD,
        Style::Plain => Paint::MUTED,
        Style::Unsure => Paint::UNSURE,
    }
}

impl Chart for Forest {
    fn title(&self) -> String {
        self.part.titled(match self.is_ranking {
            true => "Ranking",
            false => "Ratios with confidence intervals",
        })
    }

    fn description(&self) -> String {
        let zone = match self.zone {
            Some(_) => "; the shaded band counts as the same",
            None => "",
        };
        let what = if self.is_of_times() {
            "Each dot is the candidate's time over its baseline's, the bar the confidence interval: left of 1 is faster, right of it slower"
        } else {
            "Each dot is the candidate's value over its baseline's, the bar the confidence interval; the word at the right says which is better"
        };
        let order = if self.is_ranking {
            "The fastest first; those with = share a place, and 1-3 is any of these, because the intervals overlap. "
        } else {
            ""
        };
        format!("{order}{what}{zone}. The axis is logarithmic.")
    }

    fn height(&self, width: f64) -> f64 {
        HEAD + self.row_height(width) * self.rows.len() as f64 + FOOT
    }

    fn draw(&self, pen: &Pen<'_>, width: f64) -> Drawn {
        let plane = self.plane(pen, width, (HEAD, self.height(width) - FOOT));
        let ticks = ratio_axis::ticks(&self.axis, plane.length());
        let words = |ratio: f64, _: &[f64]| ratio_axis::words(ratio);
        if width < ROOMY {
            // Names stand where the lines would be: each row has its own piece.
            for index in 0..self.rows.len() {
                let bar = HEAD + self.row_height(width) * index as f64 + BAR;
                self.draw_origin(&self.plane(pen, width, (bar - 9.0, bar + 9.0)))?;
            }
            plane.name_x(&ticks, &words)?;
        } else {
            plane.mark_x(&ticks, &words)?;
            self.draw_origin(&plane)?;
        }
        for index in 0..self.rows.len() {
            self.draw_row(pen, index, width)?;
        }
        plane.name(if self.is_of_times() {
            "time relative to the baseline"
        } else {
            "value relative to the baseline"
        })
    }

    fn table(&self) -> Table {
        let numbers = ["ratio", "low", "high", "confidence"];
        let mut table = Table::of_columns(&["candidate", "verdict"], &numbers);
        for row in &self.rows {
            let mut cells = vec![row.name.clone(), row.word.to_owned()];
            match &row.ratio {
                Some((_, text)) => cells.extend([
                    text.estimate.clone(),
                    text.low.clone(),
                    text.high.clone(),
                    text.confidence.clone(),
                ]),
                None => cells.extend(std::iter::repeat_n(NOTHING.to_owned(), 4)),
            }
            table.row(cells);
        }
        table
    }
}
