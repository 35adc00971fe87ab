//! Google Benchmark: `--benchmark_format=csv`.

use perfkit::report::Report;

use super::build::Import;
use super::date;
use super::google_rows::{AGGREGATES, Row, collect};
use super::parse_error::ParseError;
use super::text::Text;
use super::units;

/// How the headings begin.
const HEADINGS: &str = "name,iterations,real_time,cpu_time,time_unit";

pub(super) fn recognise(text: &Text) -> bool {
    heading_line(text).is_some()
}

/// The line of the headings; a description of the machine may come before.
fn heading_line(text: &Text) -> Option<usize> {
    const MOST_LINES: usize = 100;
    let mut lines = text.lines().take(MOST_LINES);
    lines.find_map(|(number, line)| line.starts_with(HEADINGS).then_some(number))
}

pub(super) fn read(text: &Text) -> Result<Report, ParseError> {
    let first = heading_line(text).ok_or_else(|| ParseError::new("there are no headings"))?;
    let start: usize = text
        .as_str()
        .split_inclusive('\n')
        .take(first - 1)
        .map(str::len)
        .sum();
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(&text.as_str().as_bytes()[start..]);
    let failed = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line) as usize;
        ParseError::at(line + first - 1, error.to_string())
    };
    let headings = reader.headers().map_err(failed)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        let line = record.position().map_or(1, csv::Position::line) as usize + first - 1;
        let fields = headings.iter().zip(&record);
        rows.push(row(fields).map_err(|what| ParseError::at(line, what))?);
    }
    part_aggregates(&mut rows);
    let mut import = Import::new("Google Benchmark CSV");
    let mut before = text.lines().take(first - 1);
    import.created(before.find_map(|(_, line)| date::parse(line)));
    collect(&mut import, rows)?;
    import.finish()
}

fn row<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Row, String> {
    let mut row = Row::default();
    let mut is_error = false;
    let mut message = String::new();
    for (heading, field) in fields {
        let number = || match field {
            "" => Ok(None),
            text => match units::number(text) {
                Some(number) => Ok(Some(number)),
                // A measurement that came to nothing is written like this.
                None if matches!(text, "nan" | "-nan" | "inf" | "-inf") => Ok(Some(f64::NAN)),
                None => Err(format!("{heading} is no number: {text:?}")),
            },
        };
        match heading {
            "name" => row.name = field.to_owned(),
            "iterations" => row.iterations = number()?.unwrap_or(0.0) as u64,
            "real_time" => row.real_time = number()?,
            "cpu_time" => row.cpu_time = number()?,
            "time_unit" => row.time_unit = field.to_owned(),
            "label" => row.label = field.to_owned(),
            "error_occurred" => is_error = field == "true",
            "error_message" => message = field.to_owned(),
            counter => {
                let value = number()?.map(|value| (counter.to_owned(), Some(value)));
                row.counters.extend(value);
            }
        }
    }
    row.error = is_error.then_some(message);
    Ok(row)
}

/// Aggregates are told by the ends of their names only, so a name is only taken
/// for one where its stem has several.
fn part_aggregates(rows: &mut [Row]) {
    let stem = |name: &str, aggregate: &str| {
        let stem = name.strip_suffix(aggregate)?.strip_suffix('_')?;
        Some(stem.to_owned())
    };
    let with = |aggregate: &str, rows: &[Row]| -> std::collections::HashSet<String> {
        rows.iter()
            .filter_map(|row| stem(&row.name, aggregate))
            .collect()
    };
    let (means, medians) = (with("mean", rows), with("median", rows));
    let (fits, errors) = (with("BigO", rows), with("RMS", rows));
    let is_repeated = |stem: &String| means.contains(stem) && medians.contains(stem);
    let is_fitted = |stem: &String| fits.contains(stem) && errors.contains(stem);
    for row in rows {
        let repeated = AGGREGATES.iter().find_map(|aggregate| {
            Some((stem(&row.name, aggregate).filter(is_repeated)?, *aggregate))
        });
        let fitted = ["BigO", "RMS"]
            .into_iter()
            .find_map(|aggregate| Some((stem(&row.name, aggregate).filter(is_fitted)?, aggregate)));
        if let Some((stem, aggregate)) = repeated.or(fitted) {
            row.name = stem;
            row.aggregate = Some(aggregate.to_owned());
        }
    }
}
