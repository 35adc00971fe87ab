//! From another tool's numbers to a report.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use perfkit::histogram::Histogram;
use perfkit::report::{
    Benchmark, Environment, FailureKind, LoadModel, Note, NoteCode, Report, RunFailure,
};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, SmallMap};
use serde::{Deserialize, Deserializer};

use super::json::Number;
use super::parse_error::ParseError;
use super::units::Scale;

/// The most failed runs that are told one by one.
const MOST_FAILURES: usize = 10;

/// More benchmarks than anybody has: each takes 1.7 kB.
const MOST_BENCHMARKS: usize = 1_000_000;

/// More metrics than any tool has for one benchmark.
pub(super) const MOST_METRICS: usize = 500;

/// Larger numbers lose their last digits, and their squares overflow.
const LARGEST_VALUE: f64 = 1e100;

/// A report in the making.
pub(super) struct Import {
    report: Report,
    /// Benchmarks beyond those that are read.
    beyond: usize,
}

/// Refuses more benchmarks than are read.
pub(super) fn check_number(benchmarks: usize) -> Result<(), ParseError> {
    if benchmarks <= MOST_BENCHMARKS {
        return Ok(());
    }
    Err(ParseError::new(
        "there are more than 1,000,000 benchmarks, the most that are read: split the file",
    ))
}

/// A benchmark in the making.
pub(super) struct Entry {
    benchmark: Benchmark,
}

/// The numbers that a tool reports of values which it does not hand over, in
/// its own unit; of JSON by the names that tools give them.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reported {
    /// How many values there were; 0 where that is not said.
    #[serde(skip)]
    pub(super) count: u64,
    #[serde(deserialize_with = "number", alias = "avg", alias = "Mean")]
    pub(super) mean: Option<f64>,
    #[serde(deserialize_with = "number", alias = "med", alias = "Median")]
    pub(super) median: Option<f64>,
    #[serde(
        deserialize_with = "number",
        alias = "stddev",
        alias = "StandardDeviation"
    )]
    pub(super) std_dev: Option<f64>,
    #[serde(deserialize_with = "number", alias = "Min")]
    pub(super) min: Option<f64>,
    #[serde(deserialize_with = "number", alias = "Max")]
    pub(super) max: Option<f64>,
    #[serde(deserialize_with = "number", alias = "p(95)")]
    pub(super) p95: Option<f64>,
    #[serde(deserialize_with = "number", alias = "p(99)")]
    pub(super) p99: Option<f64>,
    #[serde(deserialize_with = "number", alias = "p(99.9)")]
    pub(super) p99_9: Option<f64>,
}

impl Reported {
    /// Takes a percentile over, where it is one that reports have.
    pub(super) fn percentile(&mut self, percent: f64, value: Option<f64>) {
        let places = [
            (0.0, &mut self.min),
            (50.0, &mut self.median),
            (95.0, &mut self.p95),
            (99.0, &mut self.p99),
            (99.9, &mut self.p99_9),
            (100.0, &mut self.max),
        ];
        for (known, place) in places {
            if (known - percent).abs() < 1e-9 {
                *place = value.or(*place);
            }
        }
    }

    /// Nothing but a mean.
    pub(super) fn of_mean(mean: Option<f64>) -> Self {
        Self {
            mean,
            ..Self::default()
        }
    }
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Number::deserialize(deserializer).map(|number| number.0)
}

impl Import {
    /// An empty report; `origin` is the tool and its format, in words.
    pub(super) fn new(origin: &str) -> Self {
        let mut report = Report::new(Environment::unknown());
        report.imported_from = Some(origin.to_owned());
        let note = Note::info(NoteCode::Imported, format!("read from {origin}"));
        report.notes.push(note);
        Self { report, beyond: 0 }
    }

    /// Where the numbers came from, as far as the format says.
    pub(super) fn environment(&mut self) -> &mut Environment {
        &mut self.report.environment
    }

    /// The name of the operating system, where it is known.
    pub(super) fn os(&mut self, name: Option<String>) {
        if let Some(name) = name {
            self.report.environment.os = name;
        }
    }

    /// The name of the processor's architecture, where it is known.
    pub(super) fn architecture(&mut self, name: Option<String>) {
        if let Some(name) = name {
            self.report.environment.architecture = name;
        }
    }

    /// Makes room for so many benchmarks at once.
    pub(super) fn expect(&mut self, benchmarks: usize) {
        self.report.benchmarks.reserve_exact(benchmarks);
    }

    /// When it was measured, as far as the file says it in a form that can be
    /// read; otherwise the report is as old as its import.
    pub(super) fn created(&mut self, time: Option<SystemTime>) {
        self.report.created = time.unwrap_or(self.report.created);
    }

    pub(super) fn note(&mut self, note: Note) {
        self.report.notes.push(note);
    }

    pub(super) fn add(&mut self, entry: Entry) {
        let mut benchmark = entry.benchmark;
        if self.report.benchmarks.len() >= MOST_BENCHMARKS {
            self.beyond += 1;
            return;
        }
        if benchmark.successes + benchmark.failures == 0 {
            // Other metrics may have a single number each.
            let time = benchmark.metrics.get(&Metric::WALL_TIME);
            let counts = benchmark.metrics.values().map(|summary| summary.count);
            let most = counts.max().unwrap_or(0);
            benchmark.successes = time.map_or(most, |time| time.count);
        }
        self.report.benchmarks.push(benchmark);
    }

    /// The report with these benchmarks.
    pub(super) fn finish_with(
        mut self,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<Report, ParseError> {
        entries.into_iter().for_each(|entry| self.add(entry));
        self.finish()
    }

    /// The report, in which no two benchmarks share a name.
    pub(super) fn finish(mut self) -> Result<Report, ParseError> {
        let benchmarks = &mut self.report.benchmarks;
        check_number(benchmarks.len() + self.beyond)?;
        benchmarks.retain(|benchmark| !benchmark.metrics.is_empty() || benchmark.failures > 0);
        if benchmarks.is_empty() {
            return Err(ParseError::new("there is no result in it"));
        }
        make_distinct(benchmarks);
        Ok(self.report)
    }
}

impl Entry {
    pub(super) fn new(name: impl Into<String>) -> Self {
        let name: String = name.into();
        let is_named = !name.trim().is_empty();
        Self {
            benchmark: Benchmark::new(if is_named { &name } else { "(unnamed)" }),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.benchmark.name
    }

    pub(super) fn command(&mut self, command: &str) {
        self.benchmark.command = Some(command.to_owned());
    }

    pub(super) fn parameter(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            let value = value.to_owned();
            self.benchmark.parameters.insert(name.to_owned(), value);
        }
    }

    pub(super) fn note(&mut self, note: Note) {
        if !self.benchmark.notes.contains(&note) {
            self.benchmark.notes.push(note);
        }
    }

    /// Says when the requests of a load generator were sent.
    pub(super) fn load(&mut self, model: LoadModel) {
        self.benchmark.load = Some(model);
    }

    /// Says that a tool keeps the values of its numbers to itself.
    pub(super) fn lacks_samples(&mut self, tool: &str) {
        self.note(Note::info(
            NoteCode::NoSamples,
            format!("{tool} reports percentiles without the values they are from: budgets hold them as they are, and no interval can be had"),
        ));
    }

    /// Says why its peak memory is at most what the file says.
    pub(super) fn peak_memory_is_inherited(&mut self, why: &str) {
        self.benchmark.is_peak_memory_inherited = true;
        self.note(Note::info(NoteCode::MemoryFloor, why));
    }

    /// Makes room for so many metrics at once.
    pub(super) fn expect(&mut self, metrics: usize) {
        self.benchmark.metrics = SmallMap::with_capacity(metrics.min(MOST_METRICS));
    }

    /// How many runs there were, where the number of values does not say it.
    pub(super) fn runs(&mut self, successes: u64, failures: u64) {
        self.benchmark.successes = successes;
        self.benchmark.failures = failures;
    }

    /// Tells of a failed run, which is counted by [`Entry::runs`].
    pub(super) fn failed_run(
        &mut self,
        run: Option<u64>,
        kind: FailureKind,
        reason: impl Into<String>,
    ) {
        if self.benchmark.failed_runs.len() < MOST_FAILURES {
            let failure = RunFailure::new(kind, reason);
            self.benchmark.failed_runs.push(failure.of_run(run));
        }
    }

    /// Every value of a metric. Those that are none are left out, which a note
    /// says.
    pub(super) fn samples(
        &mut self,
        metric: Metric,
        scale: Scale,
        values: impl IntoIterator<Item = Option<f64>>,
    ) {
        let values = values.into_iter();
        let values = values.map(|value| value.unwrap_or(f64::NAN));
        self.numbers(metric, scale, values.collect());
    }

    /// The same of numbers in a list, which is not copied.
    pub(super) fn numbers(&mut self, metric: Metric, scale: Scale, mut numbers: Vec<f64>) {
        let all = numbers.len();
        numbers.retain_mut(|number| match usable(*number, scale) {
            Some(value) => {
                *number = value;
                true
            }
            None => false,
        });
        self.tell_left_out(&metric, (all - numbers.len()) as u64);
        if !numbers.is_empty() {
            numbers.shrink_to_fit();
            let mut summary =
                MetricSummary::from_samples(scale.unit, numbers).direction(scale.direction);
            summary.median = median(&summary);
            self.insert(metric, summary);
        }
    }

    /// What was reported of a metric whose values are not known.
    pub(super) fn reported(&mut self, metric: Metric, scale: Scale, reported: Reported) {
        let mut left_out = 0;
        let mut known = |value: Option<f64>| {
            let usable = usable(value?, scale);
            left_out += u64::from(usable.is_none());
            usable
        };
        let mut summary = MetricSummary::from_values(scale.unit, &[]).direction(scale.direction);
        summary.count = reported.count;
        summary.mean = known(reported.mean);
        summary.median = known(reported.median);
        summary.std_dev = known(reported.std_dev);
        summary.min = known(reported.min);
        summary.max = known(reported.max);
        summary.p95 = known(reported.p95);
        summary.p99 = known(reported.p99);
        summary.p99_9 = known(reported.p99_9);
        summary.sum = summary
            .mean
            .map_or(0.0, |mean| mean * reported.count as f64);
        self.tell_left_out(&metric, left_out);
        let middle = summary.mean.or(summary.median);
        let end = summary.min.or(summary.max).or(summary.p95);
        if middle.or(end).is_some() {
            self.insert(metric, summary);
        }
    }

    /// A single number.
    pub(super) fn value(&mut self, metric: Metric, scale: Scale, value: Option<f64>) {
        self.samples(metric, scale, value.map(Some));
    }

    /// A distribution in buckets.
    pub(super) fn histogram(&mut self, metric: Metric, histogram: Histogram) {
        if histogram.count() > 0 {
            let summary = MetricSummary::from_histogram(Unit::Nanoseconds, histogram);
            self.insert(metric, summary);
        }
    }

    /// Two metrics may come to be spelt alike.
    fn insert(&mut self, metric: Metric, summary: MetricSummary) {
        if self.benchmark.metrics.len() >= MOST_METRICS {
            let name = self.name();
            let text = format!("{name}: metrics beyond the first {MOST_METRICS} were left out");
            self.note(Note::warning(NoteCode::TooManyMetrics, text));
            return;
        }
        let metrics = &mut self.benchmark.metrics;
        let spelt = (2..).map(|number| Metric::named(&format!("{metric}_{number}")));
        let free = std::iter::once(metric.clone())
            .chain(spelt)
            .find(|metric| !metrics.contains_key(metric));
        metrics.insert(free.unwrap_or(metric), summary);
    }

    fn tell_left_out(&mut self, metric: &Metric, left_out: u64) {
        if left_out > 0 {
            let name = self.name();
            self.note(Note::warning(
                NoteCode::UnusableValues,
                format!("{name}: values of {metric} that are negative, too large or no numbers were left out: {left_out}"),
            ));
        }
    }
}

/// The middle value, or the mean of the two in the middle, which is what tools of this
/// kind call the median.
fn median(summary: &MetricSummary) -> Option<f64> {
    let samples = &summary.samples;
    // Of an even number it is the lower one of both.
    let lower = summary.median?;
    let are_up_to_it = samples.iter().filter(|value| **value <= lower).count();
    if samples.len() % 2 == 1 || are_up_to_it > samples.len() / 2 {
        return Some(lower);
    }
    let above = samples.iter().copied().filter(|value| *value > lower);
    let upper = above.min_by(f64::total_cmp)?;
    Some(lower + (upper - lower) / 2.0)
}

/// A value in base units. Only what is counted by itself may be negative.
fn usable(value: f64, scale: Scale) -> Option<f64> {
    let value = value * scale.factor;
    let may_be_negative = matches!(scale.unit, Unit::Count | Unit::Score | Unit::Ratio);
    let is_usable = value.abs() <= LARGEST_VALUE && (value >= 0.0 || may_be_negative);
    // There is a zero below zero.
    is_usable.then_some(value + 0.0)
}

/// Gives benchmarks of one name the parameters that tell them apart, and those
/// that have none a number.
fn make_distinct(benchmarks: &mut [Benchmark]) {
    for indices in of_one_name(benchmarks) {
        let name = benchmarks[indices[0]].name.clone();
        let own = |index: &usize| &benchmarks[*index].parameters;
        let all = || indices.iter().map(own);
        let mut keys: HashSet<String> = all().flat_map(|own| own.keys().cloned()).collect();
        keys.retain(|key| {
            let first = benchmarks[indices[0]].parameters.get(key);
            all().any(|own| own.get(key) != first)
        });
        for index in indices {
            let own = benchmarks[index].parameters.iter();
            let own = own.filter(|(key, _)| keys.contains(*key));
            let told: Vec<String> = own.map(|(key, value)| format!("{key}={value}")).collect();
            if !told.is_empty() {
                benchmarks[index].name = format!("{name} ({})", told.join(", "));
            }
        }
    }
    if !of_one_name(benchmarks).is_empty() {
        number_the_rest(benchmarks);
    }
}

/// The places of those that share a name, for each name that several have.
fn of_one_name(benchmarks: &[Benchmark]) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> = (0..benchmarks.len()).collect();
    places.sort_by_key(|place| &benchmarks[*place].name);
    let groups = places.chunk_by(|one, other| benchmarks[*one].name == benchmarks[*other].name);
    let shared = groups.filter(|group| group.len() > 1);
    shared.map(<[usize]>::to_vec).collect()
}

fn number_the_rest(benchmarks: &mut [Benchmark]) {
    let mut taken: HashSet<String> = HashSet::new();
    let mut seen: HashMap<String, u64> = HashMap::new();
    for benchmark in benchmarks {
        if taken.insert(benchmark.name.clone()) {
            continue;
        }
        let number = seen.entry(benchmark.name.clone()).or_insert(1);
        loop {
            *number += 1;
            let name = format!("{} #{number}", benchmark.name);
            if taken.insert(name.clone()) {
                benchmark.name = name;
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(named: &[(&str, &[(&str, &str)])]) -> Vec<String> {
        let mut import = Import::new("a test");
        for (name, parameters) in named {
            let mut entry = Entry::new(*name);
            for (key, value) in *parameters {
                entry.parameter(key, value);
            }
            entry.value(Metric::WALL_TIME, Scale::SECONDS, Some(1.0));
            import.add(entry);
        }
        let report = import.finish().unwrap();
        report.benchmarks.into_iter().map(|b| b.name).collect()
    }

    #[test]
    fn no_two_benchmarks_share_a_name() {
        let told = names(&[
            ("a", &[("us", "1"), ("tag", "x")]),
            ("a", &[("us", "1"), ("tag", "y")]),
            ("b", &[("us", "1")]),
            ("c", &[]),
            ("c #2", &[]),
            ("c", &[]),
            ("c", &[]),
            ("", &[]),
        ]);
        let expected = [
            "a (tag=x)",
            "a (tag=y)",
            "b",
            "c",
            "c #2",
            "c #3",
            "c #4",
            "(unnamed)",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn values_that_are_none_are_left_out_and_told() {
        let mut entry = Entry::new("a");
        let values = [
            Some(1.0),
            None,
            Some(-1.0),
            Some(f64::NAN),
            Some(1e300),
            Some(-0.0),
        ];
        entry.samples(Metric::WALL_TIME, Scale::SECONDS, values);
        let time = &entry.benchmark.metrics[&Metric::WALL_TIME];
        assert_eq!(time.samples, [1e9, 0.0]);
        assert!(time.samples[1].is_sign_positive());
        let note = &entry.benchmark.notes[0];
        assert_eq!(note.code, NoteCode::UnusableValues);
        assert!(note.message.ends_with("left out: 4"), "{}", note.message);
    }

    #[test]
    fn metrics_that_are_spelt_alike_are_both_kept() {
        let mut entry = Entry::new("a");
        for name in ["x-y", "x.y", "x y"] {
            entry.value(super::super::units::metric(name), Scale::COUNT, Some(1.0));
        }
        let names: Vec<&str> = entry.benchmark.metrics.keys().map(Metric::name).collect();
        assert_eq!(names, ["x_y", "x_y_2", "x_y_3"]);
    }

    #[test]
    fn a_file_without_results_is_a_mistake() {
        assert!(Import::new("a test").finish().is_err());
    }
}
