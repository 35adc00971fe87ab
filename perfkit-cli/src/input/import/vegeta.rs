//! vegeta: `report -type=json`, `-type=text` and `-type=hist`. It sends at a rate of its
//! own, with as many workers as that takes.

use std::collections::BTreeMap;

use perfkit::Metric;
use perfkit::report::{LoadModel, Note, NoteCode, Report};
use serde::Deserialize;

use super::build::{Entry, Import, Reported};
use super::date;
use super::json::{Number, Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale, number};

/// The reports do not say what was asked.
const NAME: &str = "vegeta";

/// The percentiles that reports have.
const PERCENTS: [f64; 4] = [50.0, 95.0, 99.0, 99.9];

#[derive(Deserialize)]
struct File {
    latencies: Latencies,
    earliest: Plain,
    requests: u64,
    rate: Number,
    throughput: Number,
    success: Number,
}

/// In nanoseconds.
#[derive(Deserialize)]
struct Latencies {
    mean: Number,
    min: Number,
    max: Number,
    #[serde(flatten)]
    percentiles: BTreeMap<String, Plain>,
}

pub(super) fn recognise_json(text: &Text) -> bool {
    let keys = ["latencies", "requests", "status_codes", "success"];
    text.shape().is_object_with(&keys)
}

pub(super) fn recognise_text(text: &Text) -> bool {
    let mut lines = text.lines().take(20);
    lines.any(|line| line.starts_with("Requests ") && line.contains("[total, rate"))
}

pub(super) fn recognise_histogram(text: &Text) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().collect();
    words == ["Bucket", "#", "%", "Histogram"]
}

pub(super) fn read_json(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    let mut time = Reported {
        count: file.requests,
        mean: file.latencies.mean.0,
        min: file.latencies.min.0,
        max: file.latencies.max.0,
        ..Reported::default()
    };
    for (name, value) in &file.latencies.percentiles {
        if let Some(percent) = name.strip_suffix("th").and_then(number) {
            time.percentile(percent, number(&value.0));
        }
    }
    let mut import = Import::new("vegeta JSON");
    import.created(date::parse(&file.earliest.0));
    let rates = [file.rate.0, file.throughput.0];
    let entry = entry(time, rates, file.success.0.unwrap_or(0.0));
    import.finish_with([entry])
}

pub(super) fn read_text(text: Text) -> Result<Report, ParseError> {
    let mut time = Reported::default();
    let mut rates = [None; 2];
    let mut success = 0.0;
    text.read_lines(|line| {
        // `Latencies     [min, mean, 50, 95, 99, max]  90.4ms, 113.1ms, …`
        let Some((fact, (names, values))) = split(line) else {
            return Ok(());
        };
        let unreadable = |text: &str| ParseError::new(format!("{text:?} cannot be read"));
        for (name, text) in names.split(", ").zip(values.split(", ")) {
            let (name, text) = (name.trim(), text.trim());
            if fact == "Latencies" {
                let value = units::time(text).ok_or_else(|| unreadable(text))?;
                match name {
                    "min" => time.min = Some(value),
                    "mean" => time.mean = Some(value),
                    "max" => time.max = Some(value),
                    percent => {
                        let percent = number(percent).unwrap_or(f64::NAN);
                        time.percentile(percent, Some(value));
                    }
                }
                continue;
            }
            let value = || number(text.trim_end_matches('%')).ok_or_else(|| unreadable(text));
            match (fact, name) {
                ("Requests", "total") => time.count = value()? as u64,
                ("Requests", "rate") => rates[0] = Some(value()?),
                ("Requests", "throughput") => rates[1] = Some(value()?),
                ("Success", "ratio") => success = value()? / 100.0,
                _ => {}
            }
        }
        Ok(())
    })?;
    Import::new("the text of vegeta").finish_with([entry(time, rates, success)])
}

/// A line's name, and the names and values of its numbers.
fn split(line: &str) -> Option<(&str, (&str, &str))> {
    let (fact, rest) = line.split_once('[')?;
    Some((fact.trim(), rest.split_once(']')?))
}

fn entry(time: Reported, [rate, throughput]: [Option<f64>; 2], success: f64) -> Entry {
    let mut entry = Entry::new(NAME);
    entry.load(LoadModel::Open);
    entry.reported(Metric::WALL_TIME, Scale::NANOSECONDS, time);
    entry.value(Metric::THROUGHPUT, Scale::PER_SECOND, throughput);
    let sent = Scale {
        direction: perfkit::Direction::Unknown,
        ..Scale::PER_SECOND
    };
    entry.value(units::metric("rate"), sent, rate);
    let successes = (time.count as f64 * success.clamp(0.0, 1.0)).round() as u64;
    entry.runs(successes, time.count.saturating_sub(successes));
    entry.lacks_samples("vegeta");
    entry
}

/// Buckets of the user's choice: of each percentile it is known which it is in.
pub(super) fn read_histogram(text: Text) -> Result<Report, ParseError> {
    let mut buckets: Vec<(Option<f64>, u64)> = Vec::new();
    text.read_lines(|line| {
        // `[2ms,    6ms]    1185  14.23%  ##########`
        let Some((ends, counts)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        else {
            return Ok(());
        };
        let upper = ends.split_once(',').map(|(_, upper)| upper.trim());
        let count = counts.split_whitespace().next().map(str::parse);
        let (Some(upper), Some(Ok(count))) = (upper, count) else {
            return Err(ParseError::new("the line has no bucket and its count"));
        };
        let bound = units::time(upper);
        if bound.is_none() && upper != "+Inf" {
            return Err(ParseError::new(format!("{upper:?} is no time")));
        }
        buckets.push((bound, count));
        Ok(())
    })?;
    let total = buckets
        .iter()
        .fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
    let mut time = Reported {
        count: total,
        ..Reported::default()
    };
    for percent in PERCENTS {
        let rank = (percent / 100.0 * total as f64).ceil().max(1.0) as u64;
        let mut seen = 0_u64;
        let within = buckets.iter().find(|(_, count)| {
            seen = seen.saturating_add(*count);
            seen >= rank
        });
        time.percentile(percent, within.and_then(|(bound, _)| *bound));
    }
    let mut entry = Entry::new(NAME);
    entry.load(LoadModel::Open);
    entry.reported(Metric::WALL_TIME, Scale::NANOSECONDS, time);
    entry.note(Note::info(
        NoteCode::NoSamples,
        "the file has buckets: a percentile is at most the end of its bucket, which stands in its place",
    ));
    Import::new("a histogram of vegeta").finish_with([entry])
}
