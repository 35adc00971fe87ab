//! oha: `--output-format json`. Seconds.

use std::collections::BTreeMap;

use perfkit::Metric;
use perfkit::report::{LoadModel, Report};
use serde::Deserialize;

use super::build::{Entry, Import, Reported};
use super::json::{Number, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale, number};

/// The file does not say what was asked.
const NAME: &str = "oha";

/// Statuses from here on are failures.
const FIRST_FAILURE: u64 = 400;

/// What is under way when the time is over is no failure.
const AT_THE_END: &str = "aborted due to deadline";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    summary: Summary,
    latency_percentiles: BTreeMap<String, Number>,
    #[serde(default)]
    first_byte_percentiles: BTreeMap<String, Number>,
    status_code_distribution: BTreeMap<String, u64>,
    #[serde(default)]
    error_distribution: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    slowest: Number,
    fastest: Number,
    average: Number,
    requests_per_sec: Number,
    size_per_sec: Number,
}

pub(super) fn recognise(text: &Text) -> bool {
    let keys = ["summary", "latencyPercentiles", "statusCodeDistribution"];
    text.shape().is_object_with(&keys)
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let file: File = parse(text.as_str())?;
    let (mut successes, mut failures) = (0_u64, 0_u64);
    for (status, count) in &file.status_code_distribution {
        let status = status.parse().unwrap_or(FIRST_FAILURE);
        let kind = if status < FIRST_FAILURE {
            &mut successes
        } else {
            &mut failures
        };
        *kind = kind.saturating_add(*count);
    }
    let answered = successes.saturating_add(failures);
    let errors = file.error_distribution.iter();
    for (_, count) in errors.filter(|(reason, _)| *reason != AT_THE_END) {
        failures = failures.saturating_add(*count);
    }
    let mut entry = Entry::new(NAME);
    entry.load(LoadModel::Closed);
    let time = Reported {
        count: answered,
        mean: file.summary.average.0,
        min: file.summary.fastest.0,
        max: file.summary.slowest.0,
        ..percentiles(&file.latency_percentiles)
    };
    entry.reported(Metric::WALL_TIME, Scale::SECONDS, time);
    let first = percentiles(&file.first_byte_percentiles);
    entry.reported(units::metric("time_to_first_byte"), Scale::SECONDS, first);
    let rate = file.summary.requests_per_sec.0;
    entry.value(Metric::THROUGHPUT, Scale::PER_SECOND, rate);
    let transfer = units::metric("bytes_per_second");
    entry.value(
        transfer,
        Scale::BYTES_PER_SECOND,
        file.summary.size_per_sec.0,
    );
    entry.runs(successes, failures);
    entry.lacks_samples("oha");
    Import::new("oha JSON").finish_with([entry])
}

/// Of `p50`, `p99.9` and so on.
fn percentiles(named: &BTreeMap<String, Number>) -> Reported {
    let mut reported = Reported::default();
    for (name, value) in named {
        if let Some(percent) = name.strip_prefix('p').and_then(number) {
            reported.percentile(percent, value.0);
        }
    }
    reported
}
