//! goose: `--report-file NAME.json`. A row of statistics for each request, in whole
//! milliseconds.

use std::collections::HashMap;

use perfkit::Metric;
use perfkit::report::{LoadModel, Note, NoteCode, Report};
use serde::Deserialize;

use super::build::{Entry, Import, Reported};
use super::json::{Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{Scale, number};

#[derive(Deserialize)]
struct File {
    raw_request_metrics: Vec<Requests>,
    raw_response_metrics: Vec<Percentiles>,
    /// What would have been measured at a steady rate, as goose reckons; on demand.
    co_request_metrics: Option<Vec<serde::de::IgnoredAny>>,
}

/// Numbers stand alone, or as `value` beside their difference from a baseline.
#[derive(Deserialize)]
struct Requests {
    method: String,
    name: String,
    number_of_requests: Plain,
    number_of_failures: Plain,
    response_time_average: Plain,
    response_time_minimum: Plain,
    response_time_maximum: Plain,
    requests_per_second: Plain,
}

#[derive(Deserialize)]
struct Percentiles {
    method: String,
    name: String,
    percentile_50: Plain,
    percentile_95: Plain,
    percentile_99: Plain,
}

pub(super) fn recognise(text: &Text) -> bool {
    let keys = ["raw_metrics", "raw_request_metrics", "raw_response_metrics"];
    text.shape().is_object_with(&keys)
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    let mut import = Import::new("goose JSON");
    if file.co_request_metrics.is_some_and(|rows| !rows.is_empty()) {
        import.note(Note::info(
            NoteCode::LeftOut,
            "the times that goose reckons would have been measured at a steady rate were left out: these are measured",
        ));
    }
    let percentiles = file.raw_response_metrics.iter();
    let percentiles: HashMap<(&str, &str), &Percentiles> = percentiles
        .map(|row| ((row.method.as_str(), row.name.as_str()), row))
        .collect();
    // Rows without a name are parts of the one before, by status.
    let rows = file.raw_request_metrics.iter();
    for row in rows.filter(|row| !row.name.is_empty()) {
        let found = percentiles.get(&(row.method.as_str(), row.name.as_str()));
        import.add(entry(row, found.copied()));
    }
    import.finish()
}

fn entry(row: &Requests, percentiles: Option<&Percentiles>) -> Entry {
    let mut entry = Entry::new(format!("{} {}", row.method, row.name).trim());
    entry.load(LoadModel::Closed);
    let whole = |text: &Plain| number(&text.0).map_or(0, |number| number.max(0.0) as u64);
    let (requests, failures) = (
        whole(&row.number_of_requests),
        whole(&row.number_of_failures),
    );
    let percentile = |of: fn(&Percentiles) -> &Plain| number(&of(percentiles?).0);
    let time = Reported {
        count: requests,
        mean: number(&row.response_time_average.0),
        min: number(&row.response_time_minimum.0),
        max: number(&row.response_time_maximum.0),
        median: percentile(|row| &row.percentile_50),
        p95: percentile(|row| &row.percentile_95),
        p99: percentile(|row| &row.percentile_99),
        ..Reported::default()
    };
    entry.reported(Metric::WALL_TIME, Scale::MILLISECONDS, time);
    let rate = number(&row.requests_per_second.0);
    entry.value(Metric::THROUGHPUT, Scale::PER_SECOND, rate);
    entry.runs(requests.saturating_sub(failures), failures);
    entry.lacks_samples("goose");
    entry
}
