//! What Google Benchmark's JSON and CSV have in common: rows of iterations and
//! of aggregates over them.

use std::collections::{BTreeSet, HashMap};

use perfkit::Metric;
use perfkit::report::{FailureKind, Note, NoteCode};

use super::build::{Entry, Import, MOST_METRICS, Reported};
use super::parse_error::ParseError;
use super::units::{self, Scale};

/// The aggregates that every run with repetitions has.
pub(super) const AGGREGATES: [&str; 4] = ["mean", "median", "stddev", "cv"];

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
    let mut order: Vec<String> = Vec::new();
    let mut groups: HashMap<String, Vec<Row>> = HashMap::new();
    for row in rows {
        let group = groups.entry(row.name.clone()).or_insert_with(|| {
            order.push(row.name.clone());
            Vec::new()
        });
        group.push(row);
    }
    let mut is_fitted = false;
    for name in order {
        let rows = groups.remove(&name).unwrap_or_default();
        let (fits, rows): (Vec<Row>, Vec<Row>) = rows
            .into_iter()
            .partition(|row| matches!(row.aggregate.as_deref(), Some("BigO" | "RMS")));
        is_fitted |= !fits.is_empty();
        if !rows.is_empty() {
            import.add(entry(&name, &rows)?);
        }
    }
    if is_fitted {
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
    let errors = rows.iter().filter_map(|row| row.error.as_deref());
    let mut failures = 0;
    for error in errors {
        failures += 1;
        entry.failed_run(Some(failures), FailureKind::Unknown, error);
    }
    let sound: Vec<&Row> = rows.iter().filter(|row| row.error.is_none()).collect();
    let single: Vec<&Row> = sound
        .iter()
        .copied()
        .filter(|row| row.aggregate.is_none())
        .collect();
    if single.is_empty() {
        let repetitions = sound.iter().map(|row| row.iterations).max().unwrap_or(0);
        entry.runs(repetitions, failures);
        add_aggregates(&mut entry, &sound)?;
    } else {
        entry.runs(single.len() as u64, failures);
        let mut columns: Vec<(Metric, Scale, Vec<Option<f64>>)> = Vec::new();
        for row in single {
            for (metric, scale, value) in row.values()? {
                let is_full = columns.len() >= MOST_METRICS;
                match columns.iter_mut().find(|column| column.0 == metric) {
                    Some(column) => column.2.push(value),
                    None if is_full => {}
                    None => columns.push((metric, scale, vec![value])),
                }
            }
        }
        for (metric, scale, values) in columns {
            // Every row has its own unit of time, and all are in nanoseconds here.
            entry.samples(metric, scale, values);
        }
    }
    Ok(entry)
}

fn add_aggregates(entry: &mut Entry, rows: &[&Row]) -> Result<(), ParseError> {
    let mut metrics: Vec<(Metric, Scale, Reported)> = Vec::new();
    for row in rows {
        for (metric, scale, value) in row.values()? {
            let index = metrics.iter().position(|known| known.0 == metric);
            if index.is_none() && metrics.len() >= MOST_METRICS {
                continue;
            }
            let index = index.unwrap_or_else(|| {
                metrics.push((metric, scale, Reported::default()));
                metrics.len() - 1
            });
            let reported = &mut metrics[index].2;
            reported.count = row.iterations;
            match row.aggregate.as_deref() {
                Some("mean") => reported.mean = value,
                Some("median") => reported.median = value,
                Some("stddev") => reported.std_dev = value,
                Some("min") => reported.min = value,
                Some("max") => reported.max = value,
                _ => {}
            }
        }
    }
    if !metrics.is_empty() {
        entry.note(Note::info(
            NoteCode::NoSamples,
            "the file has aggregates without the repetitions they are of: intervals are from the reported standard deviation",
        ));
    }
    for (metric, scale, reported) in metrics {
        entry.reported(metric, scale, reported);
    }
    Ok(())
}

impl Row {
    /// Every number of the row, times in nanoseconds.
    fn values(&self) -> Result<Vec<(Metric, Scale, Option<f64>)>, ParseError> {
        let unit = if self.time_unit.is_empty() {
            "ns"
        } else {
            &self.time_unit
        };
        let factor = units::nanoseconds(unit).ok_or_else(|| {
            ParseError::new(format!("{} has an unknown unit of time: {unit}", self.name))
        })?;
        let time = |value: Option<f64>| value.map(|value| value * factor);
        let mut values = vec![
            (Metric::WALL_TIME, Scale::NANOSECONDS, time(self.real_time)),
            (Metric::CPU_TIME, Scale::NANOSECONDS, time(self.cpu_time)),
        ];
        let mut known = BTreeSet::new();
        for (name, value) in self.counters.iter().take(MOST_METRICS) {
            let (metric, scale) = match name.as_str() {
                "bytes_per_second" => (units::metric(name), Scale::BYTES_PER_SECOND),
                "items_per_second" => (Metric::THROUGHPUT, Scale::PER_SECOND),
                other => (units::metric(other), Scale::UNKNOWN),
            };
            if known.insert(metric.name().to_owned()) {
                values.push((metric, scale, *value));
            }
        }
        Ok(values)
    }
}
