//! h2load: what it prints, and `--log-file`.

use perfkit::Metric;
use perfkit::report::{FailureKind, LoadModel, Report};

use super::build::{Entry, Import, Reported};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale, number};

/// The output does not say what was asked.
const NAME: &str = "h2load";

/// The first of the lines of times, and what stands before each of its numbers.
const REQUEST_TIME: &str = "time for request";

/// No log begins before, in microseconds since 1970: its lines are not told from other
/// numbers otherwise.
const EARLIEST: u64 = 1_000_000_000_000_000;

pub(super) fn recognise_text(text: &Text) -> bool {
    let has = |start: &str| {
        text.lines()
            .any(|line| line.trim_start().starts_with(start))
    };
    has("finished in ") && has("requests: ") && has(REQUEST_TIME)
}

pub(super) fn recognise_log(text: &Text) -> bool {
    let first = text.lines().next().unwrap_or_default();
    request(first).is_some_and(|(start, status, _)| {
        start >= EARLIEST && (status == -1 || (100..600).contains(&status))
    })
}

/// When a request began, its status, and how long it took, in microseconds.
fn request(line: &str) -> Option<(u64, i64, f64)> {
    let mut fields = line.split('\t');
    let start = fields.next()?.parse().ok()?;
    let status = fields.next()?.parse().ok()?;
    Some((start, status, number(fields.next()?)?))
}

pub(super) fn read_text(text: Text) -> Result<Report, ParseError> {
    let mut entry = Entry::new(NAME);
    entry.load(LoadModel::Closed);
    let mut time = Reported::default();
    let mut columns: Vec<String> = Vec::new();
    text.read_lines(|line| {
        let line = line.trim();
        if let Some(rates) = line.strip_prefix("finished in ") {
            let rates = rates.split(", ").skip(1);
            for rate in rates {
                if let Some(requests) = rate.strip_suffix(" req/s") {
                    entry.value(Metric::THROUGHPUT, Scale::PER_SECOND, number(requests));
                } else if let Some(size) = rate.strip_suffix("/s") {
                    let metric = units::metric("bytes_per_second");
                    let size = units::binary_size(size);
                    entry.value(metric, Scale::BYTES_PER_SECOND, size);
                }
            }
        } else if let Some(counts) = line.strip_prefix("requests: ") {
            let counts = counts.split(", ").filter_map(|count| count.split_once(' '));
            let of = |name: &str| {
                let mut counts = counts.clone();
                let found = counts.find(|(_, kind)| *kind == name);
                found.and_then(|(count, _)| count.parse().ok()).unwrap_or(0)
            };
            time.count = of("done");
            entry.runs(of("succeeded"), of("failed"));
        } else if line.starts_with("min ") {
            let names = line.split_whitespace().take_while(|name| *name != "+/-");
            columns = names.map(str::to_owned).collect();
        } else if line.starts_with(REQUEST_TIME) || line.starts_with("request ") {
            let numbers = line.split_once(':').map_or("", |(_, numbers)| numbers);
            add_times(&mut time, &columns, numbers)?;
        }
        Ok(())
    })?;
    entry.reported(Metric::WALL_TIME, Scale::NANOSECONDS, time);
    entry.lacks_samples("h2load");
    Import::new("the text of h2load").finish_with([entry])
}

fn add_times(time: &mut Reported, columns: &[String], numbers: &str) -> Result<(), ParseError> {
    for (column, text) in columns.iter().zip(numbers.split_whitespace()) {
        let value = units::time(text);
        let value = value.ok_or_else(|| format!("the {column} is no time: {text:?}"))?;
        match column.as_str() {
            "min" => time.min = Some(value),
            "max" => time.max = Some(value),
            "mean" => time.mean = Some(value),
            "sd" => time.std_dev = Some(value),
            "median" => time.median = Some(value),
            other => {
                let percent = other.strip_prefix('p').and_then(number);
                time.percentile(percent.unwrap_or(f64::NAN), Some(value));
            }
        }
    }
    Ok(())
}

pub(super) fn read_log(text: Text) -> Result<Report, ParseError> {
    let mut entry = Entry::new(NAME);
    entry.load(LoadModel::Closed);
    let mut times = Vec::new();
    let mut failures = 0;
    text.read_lines(|line| {
        if line.is_empty() {
            return Ok(());
        }
        let (_, status, time) = request(line)
            .ok_or("the line has no start, status and time: it is cut off".to_owned())?;
        if (100..400).contains(&status) {
            times.push(time);
        } else {
            failures += 1;
            let run = times.len() as u64 + failures;
            let reason = format!("status {status}");
            entry.failed_run(Some(run), FailureKind::Unknown, reason);
        }
        Ok(())
    })?;
    entry.runs(times.len() as u64, failures);
    entry.numbers(Metric::WALL_TIME, Scale::MICROSECONDS, times);
    Import::new("a log of h2load").finish_with([entry])
}
