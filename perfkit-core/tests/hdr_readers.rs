//! The histograms of a saved report, opened by other people's readers: the
//! `hdrhistogram` crate, and the Python package of the same name.
//!
//! Python is used where `PERFKIT_TEST_PYTHON` names an interpreter that has the
//! package; without it that test says so and does nothing, unless
//! `PERFKIT_TEST_REQUIRE_ALL` is set.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a failed test panics, and one that does nothing says so"
)]

mod required;

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram as Buckets;
use hdrhistogram::serialization::Deserializer;
use perfkit::histogram::Histogram;
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, MockClock, Monitor, Report};
use serde_json::Value;

/// The largest value with a bucket of its own.
const HIGHEST: u64 = (1 << 48) - 1;

/// Values with how often each occurs.
type Counted = Vec<(u64, u64)>;

/// What is recorded, in ways that an encoding could trip over.
fn samples() -> Vec<(&'static str, Counted)> {
    let edges = (0..48).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]);
    let spread = (1..=10_000_u64).map(|n| (n * n * n % 7_000_000_007, 1));
    vec![
        ("nothing but zero", vec![(0, 3)]),
        ("a single one", vec![(1, 1)]),
        ("one far out", vec![(HIGHEST, 1)]),
        ("first and last", vec![(0, 1), (HIGHEST, 1)]),
        ("edges of buckets", edges.map(|value| (value, 1)).collect()),
        (
            "every small value",
            (0..2000).map(|v| (v, v % 7 + 1)).collect(),
        ),
        ("a wide spread", spread.collect()),
        (
            "counts of every length",
            (0..56).map(|n| (n * 1000, 1 << n)).collect(),
        ),
    ]
}

/// The same values as the crate itself counts them.
fn counted_by_the_crate(sample: &Counted) -> Buckets<u64> {
    let mut buckets = Buckets::new_with_bounds(1, HIGHEST, 2).unwrap();
    for &(value, count) in sample {
        buckets.record_n(value, count).unwrap();
    }
    buckets
}

/// A report of an operation whose calls took that long. More calls than one can
/// wait for are put in as a histogram.
fn saved(sample: &Counted) -> String {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    let total: u64 = sample.iter().map(|(_, count)| count).sum();
    let mut counted = Histogram::new();
    for &(value, count) in sample {
        counted.record_n(value, count);
        for _ in 0..count.min(20) {
            monitor.measure("work", || clock.advance(Duration::from_nanos(value)));
        }
    }
    let mut report = Report::from_snapshot(monitor.snapshot());
    let lifetime = &mut report.operations[0].lifetime;
    if total > lifetime.count() {
        let summary = MetricSummary::from_histogram(Unit::Nanoseconds, counted);
        lifetime.calls.success = total;
        lifetime.metrics.insert(Metric::EXECUTION_TIME, summary);
    }
    report.to_json().unwrap()
}

/// The base64 text of the operation's execution times.
fn stored_text(report: &str) -> String {
    let report: Value = serde_json::from_str(report).unwrap();
    let histogram = &report["operations"][0]["metrics"]["execution_time"]["histogram"];
    assert_eq!(histogram["encoding"], "hdrhistogram_v2_base64");
    histogram["data"].as_str().unwrap().to_owned()
}

#[test]
fn the_crate_reads_the_same_count_in_every_bucket() {
    for (name, sample) in samples() {
        let bytes = BASE64.decode(stored_text(&saved(&sample))).unwrap();
        let read: Buckets<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
        let expected = counted_by_the_crate(&sample);
        assert_eq!(read.sigfig(), 2, "{name}");
        assert_eq!(read.len(), expected.len(), "{name}");
        assert_eq!(read.min(), expected.min(), "{name}");
        assert_eq!(read.max(), expected.max(), "{name}");
        let every_bucket = |buckets: &Buckets<u64>| -> Counted {
            let mut counts = Vec::new();
            let mut value = 0;
            while value <= HIGHEST {
                counts.push((value, buckets.count_at(value)));
                value = buckets.next_non_equivalent(value);
            }
            counts
        };
        let counts = every_bucket(&read);
        assert_eq!(counts.len(), 256 + 40 * 128, "{name}");
        assert_eq!(counts, every_bucket(&expected), "{name}");
    }
}

#[test]
fn perfkit_reads_its_own_percentiles_from_the_same_buckets() {
    for (name, sample) in samples() {
        let report = Report::from_json(saved(&sample).as_bytes()).unwrap();
        let time = report.operations[0].lifetime.execution_time();
        let expected = counted_by_the_crate(&sample);
        for quantile in [0.5, 0.9, 0.95, 0.99, 0.999] {
            let shown = time.unwrap().percentile(quantile).unwrap() as u64;
            let value = expected.value_at_quantile(quantile);
            assert!(
                expected.equivalent(shown, value),
                "{name}: p{quantile} is {shown}, not {value}"
            );
        }
    }
}

/// Reads a line of base64 for each histogram and answers with a line of JSON.
///
/// This package opens V2 in its compressed envelope only, which is the same
/// bytes under zlib. What is stored without it is put into one.
const READER: &str = r#"
import base64, json, struct, sys, zlib
from hdrh.histogram import HdrHistogram

COMPRESSED = 0x1c849304

def decode(text):
    stored = base64.b64decode(text, validate=True)
    (cookie,) = struct.unpack(">I", stored[:4])
    if cookie & ~0xf0 == COMPRESSED:
        return HdrHistogram.decode(text)
    return HdrHistogram.decode(zlib.compress(stored), b64_wrap=False)

for line in sys.stdin:
    histogram = decode(line.strip())
    recorded = [[item.value_iterated_to, item.count_at_value_iterated_to]
                for item in histogram.get_recorded_iterator()]
    percentiles = [50.0, 90.0, 95.0, 99.0, 99.9]
    print(json.dumps({
        "count": histogram.get_total_count(),
        "min": histogram.get_min_value(),
        "max": histogram.get_max_value(),
        "percentiles": [[p, histogram.get_value_at_percentile(p)] for p in percentiles],
        "recorded": recorded,
    }))
"#;

/// The interpreter, or the words that there is none.
fn python() -> Option<String> {
    let named = std::env::var("PERFKIT_TEST_PYTHON").ok();
    if named.is_none() {
        required::skip("PERFKIT_TEST_PYTHON names no Python that has hdrhistogram");
    }
    named
}

/// What Python read of each text.
fn read_by_python(python: &str, texts: &[String]) -> Vec<Value> {
    let mut process = Command::new(python)
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{python}: {error}"));
    let mut stdin = process.stdin.take().unwrap();
    let lines = texts.join("\n");
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{python}: {}", output.status);
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers = answers
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    answers.collect()
}

#[test]
fn python_reads_the_same_counts_and_percentiles() {
    let Some(python) = python() else {
        return;
    };
    let samples = samples();
    let texts: Vec<_> = samples
        .iter()
        .map(|(_, sample)| stored_text(&saved(sample)))
        .collect();
    let answers = read_by_python(&python, &texts);
    assert_eq!(answers.len(), samples.len());
    for ((name, sample), answer) in samples.iter().zip(&answers) {
        let expected = counted_by_the_crate(sample);
        assert_eq!(answer["count"], expected.len(), "{name}");
        assert_eq!(
            answer["min"],
            expected.lowest_equivalent(expected.min()),
            "{name}"
        );
        assert_eq!(
            answer["max"],
            expected.highest_equivalent(expected.max()),
            "{name}"
        );
        assert_eq!(recorded(answer), recorded_by_the_crate(&expected), "{name}");
        for pair in answer["percentiles"].as_array().unwrap() {
            let (percentile, value) = (pair[0].as_f64().unwrap(), pair[1].as_u64().unwrap());
            let exact = value_at_percentile(&expected, percentile);
            assert_eq!(value, exact, "{name}: p{percentile}");
        }
    }
}

/// The lowest value of each bucket that holds something, with its count.
fn recorded(answer: &Value) -> Counted {
    let pairs = answer["recorded"].as_array().unwrap().iter();
    let pair = |pair: &Value| (pair[0].as_u64().unwrap(), pair[1].as_u64().unwrap());
    pairs.map(pair).collect()
}

fn recorded_by_the_crate(buckets: &Buckets<u64>) -> Counted {
    let recorded = buckets.iter_recorded();
    let pair = |bucket: hdrhistogram::iterators::IterationValue<u64>| {
        let value = buckets.highest_equivalent(bucket.value_iterated_to());
        (value, bucket.count_at_value())
    };
    recorded.map(pair).collect()
}

/// Python's definition: the rank is rounded to the nearest whole number, and the
/// value is the largest of its bucket.
fn value_at_percentile(buckets: &Buckets<u64>, percentile: f64) -> u64 {
    let rank = (percentile * buckets.len() as f64 / 100.0 + 0.5) as u64;
    let mut seen = 0;
    let reaches = recorded_by_the_crate(buckets)
        .into_iter()
        .find(|(_, count)| {
            seen += count;
            seen >= rank.max(1)
        });
    reaches.unwrap().0
}
