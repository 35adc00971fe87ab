//! JMH: `-rf json`. Throughput is better when higher.

use std::collections::BTreeMap;

use perfkit::histogram::Histogram;
use perfkit::report::{Note, NoteCode, Report};
use perfkit::unit::Unit;
use perfkit::{Direction, Metric};
use serde::Deserialize;

use super::build::{Entry, Import, Reported};
use super::json::{Number, Plain, parse};
use super::parse_error::ParseError;
use super::text::Text;
use super::units::{self, Scale};

/// JMH's profilers divide by this and call it MB.
const PROFILER_MEGABYTE: f64 = 1_048_576.0;

/// More values than any run has, far from where sums overflow.
const MOST_VALUES: f64 = 1e15;

#[derive(Deserialize)]
struct Run {
    benchmark: String,
    mode: Plain,
    threads: Option<Plain>,
    params: Option<BTreeMap<String, Plain>>,
    #[serde(rename = "primaryMetric")]
    primary: Score,
    #[serde(rename = "secondaryMetrics", default)]
    secondary: BTreeMap<String, Score>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Score {
    #[serde(deserialize_with = "Number::deserialize")]
    score: Number,
    score_unit: Plain,
    score_percentiles: Option<BTreeMap<String, Number>>,
    raw_data: Option<Vec<Vec<Number>>>,
    /// For every fork and iteration.
    raw_data_histogram: Option<Vec<Vec<Counts>>>,
}

/// Values and how often they came.
type Counts = Vec<(Number, Number)>;

pub(super) fn recognise(text: &Text) -> bool {
    text.shape()
        .is_list_with(&["benchmark", "mode", "primaryMetric"])
}

pub(super) fn read(text: Text) -> Result<Report, ParseError> {
    let runs: Vec<Run> = parse(text.as_str())?;
    Import::new("JMH JSON").finish_with(runs.into_iter().map(entry))
}

/// The same method may be run in several modes, so the name has the mode.
fn entry(run: Run) -> Entry {
    let parameters = run.params.unwrap_or_default();
    let told = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", value.0));
    let told: Vec<String> = told.chain([run.mode.0.clone()]).collect();
    let mut entry = Entry::new(format!("{} ({})", run.benchmark, told.join(", ")));
    for (name, value) in &parameters {
        entry.parameter(name, &value.0);
    }
    entry.parameter("mode", &run.mode.0);
    entry.parameter("threads", &run.threads.unwrap_or_default().0);
    let scale = units::scale(&run.primary.score_unit.0);
    let metric = match scale.unit {
        Unit::PerSecond => Metric::THROUGHPUT,
        Unit::Nanoseconds => Metric::WALL_TIME,
        _ => units::metric("score"),
    };
    add(&mut entry, metric, scale, run.primary);
    for (name, score) in run.secondary {
        let scale = secondary_scale(&score.score_unit.0);
        add(&mut entry, units::metric(&name), scale, score);
    }
    entry
}

/// What profilers say is of unknown worth, except what an operation allocates.
fn secondary_scale(unit: &str) -> Scale {
    match unit {
        "MB/sec" => Scale::new(Unit::BytesPerSecond, PROFILER_MEGABYTE, Direction::Unknown),
        "B/op" => units::scale(unit),
        other => Scale {
            direction: Direction::Unknown,
            ..units::scale(other)
        },
    }
}

fn add(entry: &mut Entry, metric: Metric, scale: Scale, score: Score) {
    if let Some(histogram) = histogram(&score, scale) {
        entry.histogram(metric, histogram);
        return;
    }
    let raw = score.raw_data.unwrap_or_default();
    if raw.iter().any(|fork| !fork.is_empty()) {
        entry.samples(
            metric,
            scale,
            raw.into_iter().flatten().map(|value| value.0),
        );
        return;
    }
    let percentiles = score.score_percentiles.unwrap_or_default();
    let percentile = |name: &str| percentiles.get(name).and_then(|value| value.0);
    entry.reported(
        metric,
        scale,
        Reported {
            mean: score.score.0,
            median: percentile("50.0"),
            min: percentile("0.0"),
            max: percentile("100.0"),
            p95: percentile("95.0"),
            p99: percentile("99.0"),
            p99_9: percentile("99.9"),
            ..Reported::default()
        },
    );
    entry.note(Note::info(
        NoteCode::NoSamples,
        "the file has scores without the values they are from: no interval can be had",
    ));
}

/// The calls that mode `sample` timed, in whole nanoseconds as JMH took them.
fn histogram(score: &Score, scale: Scale) -> Option<Histogram> {
    let raw = score.raw_data_histogram.as_ref()?;
    if scale.unit != Unit::Nanoseconds {
        return None;
    }
    let mut histogram = Histogram::new();
    let mut total = 0.0;
    for (value, count) in raw.iter().flatten().flatten() {
        let (value, count) = (value.0?, count.0?);
        total += count;
        if !(value >= 0.0 && count >= 0.0 && total <= MOST_VALUES) {
            return None;
        }
        histogram.record_n((value * scale.factor).round() as u64, count as u64);
    }
    (histogram.count() > 0).then_some(histogram)
}
