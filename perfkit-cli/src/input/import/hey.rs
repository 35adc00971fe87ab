//! hey: what it prints, and `-o csv`. Its times have four decimals of a second.

use perfkit::Metric;
use perfkit::report::{FailureKind, LoadModel, Report};

use super::build::{Entry, Import, Reported};
use super::csv_lines;
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{Scale, number};

/// The output does not say what was asked.
const NAME: &str = "hey";

const HEADINGS: &str = "response-time,DNS+dialup,DNS,Request-write,Response-delay,";

/// Statuses from here on are failures.
const FIRST_FAILURE: f64 = 400.0;

pub(super) fn recognise_text(text: &Text) -> bool {
    let has = |start: &str| {
        let mut lines = text.lines().take(100);
        lines.any(|line| line.trim_start().starts_with(start))
    };
    has("Requests/sec:") && has("Slowest:") && has("DNS+dialup:")
}

pub(super) fn recognise_csv(text: &Text) -> bool {
    text.as_str().starts_with(HEADINGS)
}

pub(super) fn read_text(text: Text) -> Result<Report, ParseError> {
    let mut time = Reported::default();
    let mut rate = None;
    let (mut successes, mut failures) = (0_u64, 0_u64);
    text.read_lines(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let value = |text: &str| -> Result<Option<f64>, ParseError> {
            let value = number(text).ok_or_else(|| format!("{text:?} is no number"))?;
            Ok(Some(value))
        };
        match words.as_slice() {
            ["Slowest:", slowest, "secs"] => time.max = value(slowest)?,
            ["Fastest:", fastest, "secs"] => time.min = value(fastest)?,
            ["Average:", average, "secs"] => time.mean = value(average)?,
            ["Requests/sec:", requests] => rate = value(requests)?,
            [percent, "in", at, "secs"] => {
                let percent = value(percent.trim_end_matches('%'))?.unwrap_or_default();
                // Where there are too few requests it writes zeros.
                if percent > 0.0 {
                    time.percentile(percent, value(at)?);
                }
            }
            [status, count, "responses"] if status.starts_with('[') => {
                let status = value(status.trim_matches(['[', ']']))?.unwrap_or_default();
                let count = value(count)?.unwrap_or_default() as u64;
                match status < FIRST_FAILURE {
                    true => successes = successes.saturating_add(count),
                    false => failures = failures.saturating_add(count),
                }
            }
            // An error, how often it came in brackets before it.
            [count, _, ..] if count.starts_with('[') => {
                let count = number(count.trim_matches(['[', ']'])).unwrap_or_default();
                let is_error = !line.contains('|');
                failures = failures.saturating_add(if is_error { count as u64 } else { 0 });
            }
            _ => {}
        }
        Ok(())
    })?;
    time.count = successes.saturating_add(failures);
    let mut entry = Entry::new(NAME);
    entry.load(LoadModel::Closed);
    entry.reported(Metric::WALL_TIME, Scale::SECONDS, time);
    entry.value(Metric::THROUGHPUT, Scale::PER_SECOND, rate);
    entry.runs(successes, failures);
    entry.lacks_samples("hey");
    Import::new("the text of hey").finish_with([entry])
}

pub(super) fn read_csv(text: Text) -> Result<Report, ParseError> {
    let reader = csv::Reader::from_reader(text.as_str().as_bytes());
    let requests = csv_lines::read_lines(reader, 0, |fields| {
        let field = |name: &str| {
            let mut fields = fields.iter();
            fields
                .find(|(heading, _)| *heading == name)
                .map_or("", |(_, field)| field)
        };
        let value = |name: &str| csv_lines::number(name, field(name));
        let status = value("status-code")?.unwrap_or_default();
        Ok((value("response-time")?, status))
    })?;
    let mut entry = Entry::new(NAME);
    entry.load(LoadModel::Closed);
    let mut failures = 0;
    let mut times = Vec::new();
    for (run, (time, status)) in requests.into_iter().enumerate() {
        if status < FIRST_FAILURE {
            times.push(time.unwrap_or(f64::NAN));
        } else {
            failures += 1;
            let reason = format!("status {status}");
            entry.failed_run(Some(run as u64 + 1), FailureKind::Unknown, reason);
        }
    }
    entry.runs(times.len() as u64, failures);
    entry.numbers(Metric::WALL_TIME, Scale::SECONDS, times);
    Import::new("hey CSV").finish_with([entry])
}
