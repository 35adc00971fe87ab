//! divan's text: a tree of names beside a table of times.

use perfkit::Metric;
use perfkit::report::{Note, NoteCode, Report};

use super::build::{Entry, Import, Reported};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale};

/// The headings of the columns, after the name of the program.
const HEADINGS: [&str; 6] = ["fastest", "slowest", "median", "mean", "samples", "iters"];

/// The figures of one line: fastest, slowest, median, mean.
type Figures = [Option<f64>; 4];

/// What the lines below a time are about.
#[derive(Clone, Copy, PartialEq)]
enum Topic {
    Throughput,
    Allocated,
    Peak,
    Other,
}

/// Where we are in the tree, and what was found in it.
#[derive(Default)]
struct Tree {
    /// The column, in characters, where figures begin.
    first_column: usize,
    /// The names from the program to the latest line; none before the first headings.
    path: Vec<String>,
    leaves: Vec<Leaf>,
    /// Whether lines without a name belong to the last leaf.
    is_open: bool,
}

/// A benchmark whose lines are being read.
struct Leaf {
    entry: Entry,
    samples: u64,
    topic: Topic,
    /// How many lines of the topic were read.
    lines: usize,
}

pub(super) fn recognise(text: &Text) -> bool {
    text.lines().any(is_heading)
}

fn is_heading(line: &str) -> bool {
    let mut headings = HEADINGS.iter();
    let rest = headings.try_fold(line, |rest, heading| Some(rest.split_once(heading)?.1));
    line.contains('│') && rest.is_some()
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let mut import = Import::new("divan's text");
    import.note(Note::info(
        NoteCode::NoSamples,
        "divan reports fastest, slowest, median and mean without a deviation: no interval can be had",
    ));
    let mut tree = Tree::default();
    text.read_lines(|line| {
        if is_heading(line) {
            let (before, _) = line.split_once(HEADINGS[0]).unwrap_or((line, ""));
            tree.first_column = before.chars().count();
            tree.path = vec![before.trim().to_owned()];
            tree.is_open = false;
        } else if !tree.path.is_empty() && line.contains(['│', '─']) {
            tree.read_line(line)?;
        }
        Ok(())
    })?;
    import.finish_with(tree.leaves.into_iter().map(|leaf| leaf.entry))
}

impl Tree {
    fn read_line(&mut self, line: &str) -> Result<(), String> {
        let characters: Vec<char> = line.chars().collect();
        let (names, figures) = characters.split_at(self.first_column.min(characters.len()));
        let figures: String = figures.iter().collect();
        let cells: Vec<&str> = figures.split('│').map(str::trim).collect();
        let Some(branch) = names.iter().position(|c| matches!(c, '├' | '╰')) else {
            return match self.leaves.last_mut().filter(|_| self.is_open) {
                Some(leaf) => leaf.further(&cells),
                None => Ok(()),
            };
        };
        self.is_open = false;
        let name: String = names.iter().skip(branch + 2).collect();
        let depth = branch / 3 + 1;
        self.path.truncate(depth.min(self.path.len()));
        self.path.push(name.trim().to_owned());
        if cells.iter().all(|cell| cell.is_empty()) || cells[0] == "(ignored)" {
            return Ok(());
        }
        let name = self.path.join("::");
        let times = figures_of(&cells, |cell| quantity(cell, units::nanoseconds))
            .ok_or_else(|| format!("{name} has no times"))?;
        let samples = cells.get(4).and_then(|cell| units::number(cell));
        let samples = samples.unwrap_or(0.0) as u64;
        let mut entry = Entry::new(name);
        entry.runs(samples, 0);
        let mut leaf = Leaf {
            entry,
            samples,
            topic: Topic::Throughput,
            lines: 0,
        };
        leaf.add(Metric::WALL_TIME, Scale::NANOSECONDS, times);
        self.leaves.push(leaf);
        self.is_open = true;
        Ok(())
    }
}

impl Leaf {
    /// A line below the times: throughput, or what was allocated.
    fn further(&mut self, cells: &[&str]) -> Result<(), String> {
        let first = cells.first().copied().unwrap_or_default();
        if let Some(topic) = first.strip_suffix(':') {
            self.topic = match topic {
                "alloc" => Topic::Allocated,
                "max alloc" => Topic::Peak,
                _ => Topic::Other,
            };
            self.lines = 0;
            return Ok(());
        }
        self.lines += 1;
        let size = |cell: &str| quantity(cell, units::bytes);
        let (metric, scale, read): (_, _, fn(&str) -> _) = match (self.topic, self.lines) {
            (Topic::Throughput, _) => {
                let unit = first.split_whitespace().nth(1);
                let Some((scale, _)) = unit.and_then(rate) else {
                    return Ok(());
                };
                (Metric::THROUGHPUT, scale, any_rate)
            }
            (Topic::Allocated, 1) => (Metric::ALLOCATIONS, Scale::COUNT, units::number),
            (Topic::Allocated, 2) => (Metric::ALLOCATED, Scale::BYTES, size),
            (Topic::Peak, 2) => (Metric::PEAK_GROWTH, Scale::BYTES, size),
            _ => return Ok(()),
        };
        let name = self.entry.name();
        let mut figures = figures_of(cells, read)
            .ok_or_else(|| format!("{name} has a line that is not understood: {first}"))?;
        if self.topic == Topic::Throughput {
            // The fastest has the highest rate.
            figures.swap(0, 1);
        }
        self.add(metric, scale, figures);
        Ok(())
    }

    fn add(&mut self, metric: Metric, scale: Scale, [min, max, median, mean]: Figures) {
        let reported = Reported {
            count: self.samples,
            min,
            max,
            median,
            mean,
            ..Reported::default()
        };
        self.entry.reported(metric, scale, reported);
    }
}

/// The first four cells; `None` where the first is none of what is read.
fn figures_of(cells: &[&str], read: impl Fn(&str) -> Option<f64>) -> Option<Figures> {
    let cell = |index: usize| cells.get(index).and_then(|cell| read(cell));
    cell(0)?;
    Some([cell(0), cell(1), cell(2), cell(3)])
}

/// `18.74 ns` in base units.
fn quantity(cell: &str, factor: fn(&str) -> Option<f64>) -> Option<f64> {
    let (value, unit) = cell.split_once(' ')?;
    Some(units::number(value)? * factor(unit.trim())?)
}

fn any_rate(cell: &str) -> Option<f64> {
    quantity(cell, |unit| Some(rate(unit)?.1))
}

/// What a rate is of, bytes, or items, characters and cycles, and how many of them its
/// prefix stands for.
fn rate(unit: &str) -> Option<(Scale, f64)> {
    let known = [
        ("B/s", Scale::BYTES_PER_SECOND),
        ("item/s", Scale::PER_SECOND),
        ("char/s", Scale::PER_SECOND),
        ("Hz", Scale::PER_SECOND),
    ];
    known.into_iter().find_map(|(end, scale)| {
        let prefix = unit.strip_suffix(end)?;
        Some((scale, units::bytes(&format!("{prefix}B"))?))
    })
}
