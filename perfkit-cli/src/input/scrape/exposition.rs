//! The text formats of Prometheus, as operations: perfkit's own metrics, and other libraries'
//! histograms of seconds.

use std::collections::BTreeMap;

use perfkit::histogram::Histogram;
use perfkit::report::Environment;
use perfkit::unit::Unit;
use perfkit::{MetricSummary, OperationSnapshot, Report};
use serde_json::json;

use super::series::Sample;

/// What was told.
pub(crate) struct Scraped {
    pub(crate) report: Report,
    /// CPU time of the process since its start, in seconds.
    pub(crate) cpu_seconds: Option<f64>,
    /// Resident memory of the process, in bytes.
    pub(crate) memory_bytes: Option<f64>,
    pub(crate) threads: Option<f64>,
}

/// The most operations that are read.
const MOST_OPERATIONS: usize = 20_000;

/// What perfkit's own metrics are called.
const OWN: &str = "perfkit_";
const OF_OPERATIONS: &str = "perfkit_operation_";
const OWN_TIME: &str = "perfkit_operation_duration_seconds";

/// The labels that are no operation's own.
const NAME: &str = "code_function_name";
const OUTCOME: &str = "perfkit_outcome";
const ERROR: &str = "error_type";

const NS: f64 = 1e9;

/// What is known of an operation so far.
#[derive(Default)]
struct Known {
    name: String,
    labels: BTreeMap<String, String>,
    calls: BTreeMap<String, u64>,
    errors: BTreeMap<String, u64>,
    in_flight: u64,
    /// How many took at most so many nanoseconds, by these.
    buckets: BTreeMap<u64, u64>,
    count: u64,
    sum_ns: f64,
    /// By the name of the metric in a report.
    totals: BTreeMap<&'static str, f64>,
    is_own: bool,
}

/// The totals that are told of an operation, with the unit of the report's metric and how
/// much of it one is.
const TOTALS: [(&str, &str, Unit, f64); 7] = [
    (
        "perfkit_operation_self_time_seconds_total",
        "self_time",
        Unit::Nanoseconds,
        NS,
    ),
    (
        "perfkit_operation_busy_time_seconds_total",
        "busy_time",
        Unit::Nanoseconds,
        NS,
    ),
    (
        "perfkit_operation_cpu_time_seconds_sum",
        "cpu_time",
        Unit::Nanoseconds,
        NS,
    ),
    (
        "perfkit_operation_allocated_bytes_sum",
        "allocated",
        Unit::Bytes,
        1.0,
    ),
    (
        "perfkit_operation_allocations_total",
        "allocations",
        Unit::Count,
        1.0,
    ),
    ("perfkit_operation_items_total", "items", Unit::Count, 1.0),
    ("perfkit_operation_bytes_total", "bytes", Unit::Bytes, 1.0),
];

/// Reads all lines; what is not understood is passed over.
pub(super) fn read(text: &str) -> Result<Scraped, String> {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let mut process = BTreeMap::new();
    let mut count = 0_usize;
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some(sample) = Sample::parse(line) else {
            continue;
        };
        count += 1;
        if sample.name.starts_with("process_") {
            process.insert(sample.name.to_owned(), sample.value);
        } else {
            add(&mut known, sample);
        }
        if known.len() > MOST_OPERATIONS {
            return Err(format!("it has more than {MOST_OPERATIONS} operations"));
        }
    }
    if count == 0 {
        return Err("what it tells is none of Prometheus' text formats".to_owned());
    }
    let mut report = Report::new(Environment::unknown());
    let known = known.into_values();
    report.operations = known.filter_map(Known::into_operation).collect();
    // As Prometheus' own libraries call them, and as OpenTelemetry does.
    let of_process = |names: &[&str]| names.iter().find_map(|name| process.get(*name).copied());
    Ok(Scraped {
        report,
        cpu_seconds: of_process(&[
            "process_cpu_seconds_total",
            "process_cpu_time_seconds_total",
        ]),
        memory_bytes: of_process(&[
            "process_resident_memory_bytes",
            "process_memory_usage_bytes",
        ]),
        threads: of_process(&["process_threads"]),
    })
}

fn add(known: &mut BTreeMap<String, Known>, sample: Sample<'_>) {
    let Sample {
        name,
        mut labels,
        value,
    } = sample;
    let is_own = name.starts_with(OWN);
    let (family, part) = match name.rsplit_once('_') {
        Some((family, part @ ("bucket" | "sum" | "count"))) => (family, part),
        _ => (name, ""),
    };
    // Of others' metrics, histograms of seconds are the times of something.
    let is_time = family == OWN_TIME || !is_own && family.ends_with("_seconds") && !part.is_empty();
    if !is_time && !name.starts_with(OF_OPERATIONS) {
        return;
    }
    let le = labels.remove("le");
    let mut own = |label| is_own.then(|| labels.remove(label)).flatten();
    let [outcome, error, name_of] = [OUTCOME, ERROR, NAME].map(&mut own);
    let name_of = name_of.or_else(|| (!is_own).then(|| family.to_owned()));
    let Some(name_of) = name_of else { return };
    let key = shown(&name_of, &labels);
    let found = known.entry(key.clone()).or_insert_with(|| Known {
        name: name_of,
        labels,
        is_own,
        ..Known::default()
    });
    match (family, part) {
        (_, "bucket") if is_time => {
            let bound = le
                .and_then(|le| le.parse::<f64>().ok())
                .unwrap_or(f64::INFINITY);
            // Too large a number is the largest one, and what is no number none.
            found.buckets.insert((bound * NS) as u64, value as u64);
        }
        (_, "sum") if is_time => found.sum_ns = value.max(0.0) * NS,
        (_, "count") if is_time => found.count = value as u64,
        ("perfkit_operation_calls_total", _) => {
            found
                .calls
                .extend(outcome.map(|outcome| (outcome, value as u64)));
        }
        ("perfkit_operation_failures_total", _) => {
            found
                .errors
                .extend(error.map(|error| (error, value as u64)));
        }
        ("perfkit_operation_calls_in_flight", _) => found.in_flight = value as u64,
        _ => {
            let total = TOTALS.iter().find(|(known, ..)| *known == name);
            let total = total.map(|(_, metric, _, per_unit)| (*metric, value.max(0.0) * per_unit));
            found.totals.extend(total);
        }
    }
}

/// `name{key="value"}`, as in a report.
fn shown(name: &str, labels: &BTreeMap<String, String>) -> String {
    if labels.is_empty() {
        return name.to_owned();
    }
    let labels: Vec<String> = labels
        .iter()
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    format!("{name}{{{}}}", labels.join(","))
}

impl Known {
    /// As a report has it; `None` where there is nothing of it but a failure's time.
    fn into_operation(self) -> Option<OperationSnapshot> {
        let calls = |outcome: &str| self.calls.get(outcome).copied().unwrap_or(0);
        let timed = self.times();
        let succeeded = match self.is_own {
            true => calls("success"),
            false => timed
                .as_ref()
                .map_or(self.count, |timed| timed.count.max(self.count)),
        };
        let mut metrics = serde_json::Map::new();
        if let Some(timed) = timed {
            metrics.insert(
                "execution_time".to_owned(),
                serde_json::to_value(timed).ok()?,
            );
        }
        for (_, metric, unit, _) in TOTALS {
            if let Some(sum) = self.totals.get(metric) {
                let total = MetricSummary::from_values(unit, &[]);
                let mut total = serde_json::to_value(total).ok()?;
                total["sum"] = json!(sum);
                metrics.insert(metric.to_owned(), total);
            }
        }
        let errors = self.errors.iter();
        let errors: Vec<_> = errors
            .map(|(kind, count)| json!({ "kind": kind, "count": count, "last_text": "" }))
            .collect();
        let mut operation = json!({
            "name": shown(&self.name, &self.labels),
            "window": "lifetime",
            "span_ns": 0,
            "calls": {
                "success": succeeded,
                "failure": calls("failure"),
                "panic": calls("panic"),
                "cancelled": calls("cancelled"),
            },
            "calls_in_flight": self.in_flight,
            "errors": errors,
            "metrics": metrics,
        });
        if !self.labels.is_empty() {
            operation["labelled"] = json!({ "name": self.name, "labels": self.labels });
        }
        serde_json::from_value(operation).ok()
    }

    /// Of the buckets: a value counts as the bound that it does not exceed, and one beyond
    /// all bounds as the last.
    fn times(&self) -> Option<MetricSummary> {
        let last = self.buckets.keys().rev().find(|bound| **bound != u64::MAX);
        let last = *last?;
        let mut histogram = Histogram::new();
        let mut before = 0;
        for (bound, upto) in &self.buckets {
            histogram.record_n((*bound).min(last), upto.saturating_sub(before));
            before = before.max(*upto);
        }
        let count = histogram.count();
        let mut summary = MetricSummary::from_histogram(Unit::Nanoseconds, histogram);
        // Buckets do not know these, and the sum is exact.
        (summary.min, summary.max, summary.std_dev) = (None, None, None);
        summary.sum = self.sum_ns;
        summary.mean = (count > 0).then(|| self.sum_ns / count as f64);
        Some(summary)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use perfkit::prometheus::TextFormat;
    use perfkit::{MockClock, Monitor};

    use super::*;

    #[test]
    fn what_perfkit_writes_comes_back() {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for call in 1..=100_u64 {
            let _ = monitor.try_measure("pay \"x\"\u{1b}", || {
                clock.advance(Duration::from_millis(call));
                if call > 98 { Err("refused") } else { Ok(()) }
            });
        }
        let held = monitor.operation("open").start();
        let operations = monitor.snapshot().operations;
        for format in [TextFormat::Text, TextFormat::OpenMetrics] {
            let report = read(&format.render(&operations)).unwrap().report;
            let pay = report
                .operations
                .iter()
                .find(|found| found.name.starts_with("pay"));
            let pay = pay.unwrap();
            assert_eq!(
                (pay.lifetime.calls.success, pay.lifetime.calls.failure),
                (98, 2)
            );
            let time = pay.lifetime.execution_time().unwrap();
            assert_eq!(time.count, 98);
            assert!(
                (time.sum - 98.0 * 99.0 / 2.0 * 1e6).abs() < 1.0,
                "{}",
                time.sum
            );
            // At most the next bound: 1, 1.5, 2, 3, 5, 7.
            let median = time.median.unwrap();
            assert!((median / 50e6 - 1.0).abs() < 0.01, "{median}");
            assert_eq!((time.min, time.max), (None, None));
            assert_eq!(pay.errors[0].count, 2);
            assert!(pay.lifetime.self_time().unwrap().sum > 1e9);
            let open = report
                .operations
                .iter()
                .find(|found| found.name == "open")
                .unwrap();
            assert_eq!(open.calls_in_flight, 1);
            let json = report.to_json().unwrap();
            assert_eq!(
                Report::from_json(json.as_bytes()).unwrap().operations,
                report.operations
            );
        }
        drop(held);
    }

    #[test]
    fn of_others_the_histograms_of_seconds_are_operations() {
        let scraped = read(
            "# TYPE http_seconds histogram\n\
             http_seconds_bucket{path=\"/\",le=\"0.1\"} 3\n\
             http_seconds_bucket{path=\"/\",le=\"+Inf\"} 4\n\
             http_seconds_sum{path=\"/\"} 1.5\nhttp_seconds_count{path=\"/\"} 4\n\
             process_resident_memory_bytes 1e6\nprocess_cpu_seconds_total 2.5\nup 1\nnonsense\n",
        )
        .unwrap();
        let [http] = &scraped.report.operations[..] else {
            panic!("{:?}", scraped.report.operations);
        };
        assert_eq!(http.name, "http_seconds{path=\"/\"}");
        assert_eq!(http.lifetime.calls.success, 4);
        assert_eq!(http.lifetime.execution_time().unwrap().mean, Some(375e6));
        assert_eq!(
            (scraped.memory_bytes, scraped.cpu_seconds),
            (Some(1e6), Some(2.5))
        );
    }

    #[test]
    fn damaged_and_hostile_text_is_refused_or_passed_over() {
        assert!(read("").is_err() && read("<html>").is_err());
        let odd = "perfkit_operation_duration_seconds_bucket{code_function_name=\"a\",le=\"NaN\"} NaN\n\
                   perfkit_operation_duration_seconds_bucket{code_function_name=\"a\",le=\"-1\"} -5\n\
                   perfkit_operation_duration_seconds_sum{code_function_name=\"a\"} NaN\n\
                   perfkit_operation_calls_total{code_function_name=\"a\",perfkit_outcome=\"success\"} 1e300\n\
                   perfkit_operation_calls_total{perfkit_outcome=\"success\"} 1\n";
        let report = read(odd).unwrap().report;
        assert_eq!(report.operations.len(), 1);
        assert!(report.to_json().is_ok());
        let many: String = (0..=MOST_OPERATIONS)
            .map(|n| format!("perfkit_operation_calls_in_flight{{code_function_name=\"{n}\"}} 1\n"))
            .collect();
        assert!(read(&many).is_err());
    }
}
