//! What Google Benchmark's JSON and CSV have in common: rows of iterations and
//! of aggregates over them.

use std::collections::HashSet;

use perfkit::Metric;
use perfkit::report::{FailureKind, Note, NoteCode};

use super::build::{Entry, Import, MOST_METRICS, Reported};
use super::grouped::grouped;
use super::parse_error::ParseError;
use super::units::{self, Scale};

/// The aggregates that every run with repetitions has.
pub(super) const AGGREGATES: [&str; 4] = ["mean", "median", "stddev", "cv"];

/// What is fitted to runs of several sizes, and no measurement.
pub(super) const FITS: [&str; 2] = ["BigO", "RMS"];

/// The name of what an aggregate is over, where a name ends in that of the aggregate.
pub(super) fn stem(name: &str, aggregate: &str) -> Option<String> {
    let stem = name.strip_suffix(aggregate)?.strip_suffix('_')?;
    Some(stem.to_owned())
}

/// One row of a result.
#[derive(Default)]
pub(super) struct Row {
    /// The benchmark's name, without that of an aggregate.
    pub(super) name: String,
    pub(super) aggregate: Option<String>,
    /// Of an aggregate, how many repetitions it is over.
    pub(super) iterations: u64,
    pub(super) time_unit: String,
    pub(super) real_time: Option<f64>,
    pub(super) cpu_time: Option<f64>,
    pub(super) counters: Vec<(String, Option<f64>)>,
    pub(super) label: String,
    pub(super) error: Option<String>,
}

/// Adds a benchmark for every name, from its iterations or, where they were not
/// written, its aggregates.
pub(super) fn collect(import: &mut Import, rows: Vec<Row>) -> Result<(), ParseError> {
    let (fits, rows): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| {
        let aggregate = row.aggregate.as_deref();
        aggregate.is_some_and(|aggregate| FITS.contains(&aggregate))
    });
    for (name, rows) in grouped(rows.into_iter().map(|row| (row.name.clone(), row))) {
        import.add(entry(&name, &rows)?);
    }
    if !fits.is_empty() {
        import.note(Note::info(
            NoteCode::LeftOut,
            "fitted complexities (BigO, RMS) are no measurements and were left out",
        ));
    }
    Ok(())
}

fn entry(name: &str, rows: &[Row]) -> Result<Entry, ParseError> {
    let mut entry = Entry::new(name);
    let label = rows.iter().map(|row| row.label.as_str());
    entry.parameter("label", label.max().unwrap_or_default());
    let mut failures = 0;
    for error in rows.iter().filter_map(|row| row.error.as_deref()) {
        failures += 1;
        entry.failed_run(Some(failures), FailureKind::Unknown, error);
    }
    let sound = rows.iter().filter(|row| row.error.is_none());
    let (single, aggregates): (Vec<&Row>, Vec<&Row>) =
        sound.partition(|row| row.aggregate.is_none());
    if single.is_empty() {
        let repetitions = aggregates.iter().map(|row| row.iterations).max();
        entry.runs(repetitions.unwrap_or(0), failures);
        add_aggregates(&mut entry, &aggregates)?;
    } else {
        entry.runs(single.len() as u64, failures);
        for (metric, cells) in columns(&single)? {
            // Every row has its own unit of time, and all are in nanoseconds here.
            let scale = cells[0].scale;
            entry.samples(metric, scale, cells.iter().map(|cell| cell.value));
        }
    }
    Ok(entry)
}

fn add_aggregates(entry: &mut Entry, rows: &[&Row]) -> Result<(), ParseError> {
    if !rows.is_empty() {
        entry.note(Note::info(
            NoteCode::NoSamples,
            "the file has aggregates without the repetitions they are of: intervals are from the reported standard deviation",
        ));
    }
    for (metric, cells) in columns(rows)? {
        let of = |aggregate: &str| {
            let mut own = cells.iter().rev();
            let own = own.find(|cell| cell.row.aggregate.as_deref() == Some(aggregate));
            own.and_then(|cell| cell.value)
        };
        let reported = Reported {
            count: cells.last().map_or(0, |cell| cell.row.iterations),
            mean: of("mean"),
            median: of("median"),
            std_dev: of("stddev"),
            min: of("min"),
            max: of("max"),
            ..Reported::default()
        };
        entry.reported(metric, cells[0].scale, reported);
    }
    Ok(())
}

/// The numbers of each metric.
fn columns<'a>(rows: &[&'a Row]) -> Result<Vec<(Metric, Vec<Cell<'a>>)>, ParseError> {
    let mut cells = Vec::new();
    for row in rows {
        cells.extend(row.cells()?);
    }
    let mut columns = grouped(cells);
    columns.truncate(MOST_METRICS);
    Ok(columns)
}

/// One number of a row.
struct Cell<'a> {
    row: &'a Row,
    scale: Scale,
    value: Option<f64>,
}

impl Row {
    /// Every number of the row, times in nanoseconds.
    fn cells(&self) -> Result<Vec<(Metric, Cell<'_>)>, ParseError> {
        let unit = match self.time_unit.as_str() {
            "" => "ns",
            unit => unit,
        };
        let factor = units::nanoseconds(unit).ok_or_else(|| {
            ParseError::new(format!("{} has an unknown unit of time: {unit}", self.name))
        })?;
        let cell = |scale, value| Cell {
            row: self,
            scale,
            value,
        };
        let time = |value: Option<f64>| cell(Scale::NANOSECONDS, value.map(|value| value * factor));
        let mut cells = vec![
            (Metric::WALL_TIME, time(self.real_time)),
            (Metric::CPU_TIME, time(self.cpu_time)),
        ];
        let mut known = HashSet::new();
        for (name, value) in self.counters.iter().take(MOST_METRICS) {
            let (metric, scale) = match name.as_str() {
                "bytes_per_second" => (units::metric(name), Scale::BYTES_PER_SECOND),
                "items_per_second" => (Metric::THROUGHPUT, Scale::PER_SECOND),
                other => (units::metric(other), Scale::UNKNOWN),
            };
            if known.insert(metric.clone()) {
                cells.push((metric, cell(scale, *value)));
            }
        }
        Ok(cells)
    }
}
