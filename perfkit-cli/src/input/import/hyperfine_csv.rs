//! hyperfine: `--export-csv`. A line of statistics for each command, without the
//! runs: of version 1 in seconds, of version 2 in the unit that stands beside.

use std::collections::BTreeMap;

use perfkit::report::{Note, NoteCode, Report};
use perfkit::{Direction, Metric};

use super::build::{Entry, Import, Reported};
use super::csv_lines::{self, read_lines};
use super::hyperfine::MEMORY_FLOOR;
use super::hyperfine_v2::{metric, scale};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::Scale;

/// How the headings of version 1 begin; early ones had no median.
const HEADINGS: [&str; 2] = ["command,mean,stddev,median,", "command,mean,stddev,user,"];

/// What version 2 writes of each metric first, after the metric's name.
const UNIT: &str = "_unit";
const MEAN: &str = "_mean";

pub(super) fn recognise(text: &Text) -> bool {
    let first = text.lines().next().unwrap_or_default();
    HEADINGS.iter().any(|start| first.starts_with(start)) || is_of_two(first)
}

/// The name of one metric stands before each of its fields.
fn is_of_two(line: &str) -> bool {
    let mut columns = line.split(',');
    let is_command = columns.next() == Some("command");
    let unit = columns.next().and_then(|column| column.strip_suffix(UNIT));
    let mean = columns.next().and_then(|column| column.strip_suffix(MEAN));
    is_command && unit.is_some() && unit == mean
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let is_two = is_of_two(text.lines().next().unwrap_or_default());
    let origin = if is_two {
        "hyperfine 2 CSV"
    } else {
        "hyperfine 1 CSV"
    };
    let mut import = Import::new(origin);
    import.note(Note::info(
        NoteCode::NoSamples,
        "hyperfine's CSV has statistics without the runs that they are from, and does not say how many there were: no interval can be had (--export-json has the runs)",
    ));
    let reader = csv::Reader::from_reader(text.as_str().as_bytes());
    let entries = read_lines(reader, 0, |fields| {
        let fields = fields.into_iter().collect();
        match is_two {
            true => of_two(&fields),
            false => of_one(&fields),
        }
    })?;
    import.finish_with(entries)
}

/// The fields of a line by their headings.
type Fields<'a> = BTreeMap<&'a str, &'a str>;

/// The number of a field; there is no deviation of a single run.
fn number(fields: &Fields<'_>, heading: &str) -> Result<Option<f64>, ParseError> {
    let field = fields.get(heading).copied().unwrap_or_default();
    let number = csv_lines::number(heading, field)?;
    Ok(number.filter(|number| !number.is_nan()))
}

fn of_one(fields: &Fields<'_>) -> Result<Entry, ParseError> {
    let mut entry = named(fields);
    let time = reported(fields, "")?;
    entry.reported(Metric::WALL_TIME, Scale::SECONDS, time);
    for (heading, metric) in [("user", Metric::USER_TIME), ("system", Metric::SYSTEM_TIME)] {
        let mean = Reported::of_mean(number(fields, heading)?);
        entry.reported(metric, Scale::SECONDS, mean);
    }
    Ok(entry)
}

fn of_two(fields: &Fields<'_>) -> Result<Entry, ParseError> {
    let mut entry = named(fields);
    for (heading, unit) in fields {
        let Some(name) = heading.strip_suffix(UNIT) else {
            continue;
        };
        let scale = scale(Some(*unit).filter(|unit| !unit.is_empty()));
        // What hyperfine measures is better when lower.
        let scale = Scale::new(scale.unit, scale.factor, Direction::LowerIsBetter);
        let metric = metric(name);
        if metric == Metric::PEAK_MEMORY {
            entry.peak_memory_is_inherited(MEMORY_FLOOR);
        }
        entry.reported(metric, scale, reported(fields, &format!("{name}_"))?);
    }
    Ok(entry)
}

fn named(fields: &Fields<'_>) -> Entry {
    let command = fields.get("command").copied().unwrap_or_default();
    let mut entry = Entry::new(command);
    for (heading, value) in fields {
        if let Some(name) = heading.strip_prefix("parameter_") {
            entry.parameter(name, value);
        }
    }
    entry
}

/// The statistics whose headings begin with `start`.
fn reported(fields: &Fields<'_>, start: &str) -> Result<Reported, ParseError> {
    let of = |field: &str| number(fields, &format!("{start}{field}"));
    Ok(Reported {
        mean: of("mean")?,
        std_dev: of("stddev")?,
        median: of("median")?,
        min: of("min")?,
        max: of("max")?,
        ..Reported::default()
    })
}
