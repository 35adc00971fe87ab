//! Google Benchmark: `--benchmark_format=csv`.

use std::collections::HashSet;

use perfkit::report::Report;

use super::build::Import;
use super::csv_lines::{Fields, number, read_lines};
use super::date;
use super::google_rows::{AGGREGATES, FITS, Row, collect, stem};
use super::parse_error::ParseError;
use super::text::Text;

/// How the headings begin.
const HEADINGS: &str = "name,iterations,real_time,cpu_time,time_unit";

pub(super) fn recognise(text: &Text) -> bool {
    lines_before(text).is_some()
}

/// How many lines there are before the headings: they may describe the machine.
fn lines_before(text: &Text) -> Option<usize> {
    const MOST_LINES: usize = 100;
    let mut lines = text.lines().take(MOST_LINES);
    lines.position(|line| line.starts_with(HEADINGS))
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let before = lines_before(&text).ok_or_else(|| ParseError::new("there are no headings"))?;
    let lines = text.as_str().split_inclusive('\n');
    let start: usize = lines.take(before).map(str::len).sum();
    let reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(&text.as_str().as_bytes()[start..]);
    let mut rows = read_lines(reader, before, row)?;
    part_aggregates(&mut rows);
    let mut import = Import::new("Google Benchmark CSV");
    import.created(text.lines().take(before).find_map(date::parse));
    collect(&mut import, rows)?;
    import.finish()
}

fn row(fields: Fields<'_>) -> Result<Row, ParseError> {
    let mut row = Row::default();
    let mut is_error = false;
    let mut message = String::new();
    for (heading, field) in fields {
        let number = || number(heading, field);
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
    let names: HashSet<String> = rows.iter().map(|row| row.name.clone()).collect();
    for row in rows {
        let part = |aggregate: &&str| {
            let stem = stem(&row.name, aggregate)?;
            let others = match FITS.contains(aggregate) {
                true => FITS,
                false => ["mean", "median"],
            };
            let mut others = others.iter().map(|other| format!("{stem}_{other}"));
            let is_one = others.all(|other| names.contains(&other));
            is_one.then(|| (stem, (*aggregate).to_owned()))
        };
        if let Some((stem, aggregate)) = AGGREGATES.iter().chain(&FITS).find_map(part) {
            row.name = stem;
            row.aggregate = Some(aggregate);
        }
    }
}
