//! Every metric that is exported: its name, unit, kind and description, in OpenTelemetry's
//! words. This is the one place that says so: Prometheus' names are these translated
//! (`translation.rs`). `docs/export.md` has the same table, and a test compares them.

use crate::recorder::Quantity;
use crate::unit::{NS_PER_SECOND, Unit};

/// How the values of a metric come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The distribution of values.
    Histogram,
    /// A sum that only grows, counted while the program runs.
    Counter,
    /// A sum that only grows, read when an export is made.
    ObservableCounter,
    /// A sum that also falls.
    UpDownCounter,
    /// A value that stands for itself.
    Gauge,
}

impl Kind {
    /// In OpenTelemetry's words.
    #[cfg(test)]
    fn word(self) -> &'static str {
        match self {
            Self::Histogram => "histogram",
            Self::Counter | Self::ObservableCounter => "counter",
            Self::UpDownCounter => "up-down counter",
            Self::Gauge => "gauge",
        }
    }

    /// Whether it only grows.
    #[cfg(any(feature = "prometheus", test))]
    pub(super) fn is_counter(self) -> bool {
        matches!(self, Self::Counter | Self::ObservableCounter)
    }
}

/// What a metric tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Of an operation, a quantity as it is.
    Quantity(Quantity),
    /// Of an operation, values of a unit that the program handed over.
    Values(Unit),
    Calls,
    Failures,
    RecursiveCalls,
    UntimedCalls,
    CallsInFlight,
    IdleTime,
    /// Counters of a unit.
    Counter(Unit),
    /// Gauges of a unit.
    Gauge(Unit),
    /// A number of the program's.
    Program,
    /// What a report says.
    #[cfg(feature = "bench")]
    Report,
}

/// What is to be known of a metric.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MetricInfo {
    pub(super) name: &'static str,
    /// As the Unified Code for Units of Measure has it.
    pub(super) unit: &'static str,
    pub(super) kind: Kind,
    pub(super) description: &'static str,
    /// Those beside the labels of an operation.
    pub(super) attributes: &'static [&'static str],
    pub(super) source: Source,
}

impl MetricInfo {
    /// Whether every operation has it whose calls are measured, also before the first of them
    /// succeeds.
    pub(super) fn is_of_every_call(&self) -> bool {
        self.source == Source::Quantity(Quantity::ExecutionTime)
    }

    /// How many of perfkit's own unit make one of this metric's.
    pub(super) fn per_unit(&self) -> f64 {
        match self.unit {
            "s" => NS_PER_SECOND,
            _ => 1.0,
        }
    }
}

/// The name of an operation.
pub(super) const FUNCTION_NAME: &str = "code.function.name";

/// How calls ended.
pub(super) const OUTCOME: &str = "perfkit.outcome";

/// The kind of an error.
pub(super) const ERROR_TYPE: &str = "error.type";

/// The name of a counter or a gauge.
pub(super) const NUMBER_NAME: &str = "perfkit.name";

const NAMED: &[&str] = &[NUMBER_NAME];

const FUNCTION: &[&str] = &[FUNCTION_NAME];

/// What tells the series of results apart.
#[cfg(feature = "bench")]
pub(super) mod result_attributes {
    pub(crate) const BENCHMARK: &str = "perfkit.benchmark";
    pub(crate) const METRIC: &str = "perfkit.metric";
    /// Which number: `median`, `mean`, `value` or `estimate`, and `low` and `high`.
    pub(crate) const STATISTIC: &str = "perfkit.statistic";
    pub(crate) const BASELINE: &str = "perfkit.baseline";
    pub(crate) const CANDIDATE: &str = "perfkit.candidate";
    pub(crate) const CONTROL: &str = "perfkit.control";
    pub(crate) const VERDICT: &str = "perfkit.verdict";
    pub(crate) const SUBJECT: &str = "perfkit.subject";
    pub(crate) const RULE: &str = "perfkit.rule";
    /// Tells those apart that have nothing else.
    pub(crate) const NUMBER: &str = "perfkit.number";
    /// As in OpenTelemetry's conventions for version control.
    pub(crate) const COMMIT: &str = "vcs.ref.head.revision";
    pub(crate) const BRANCH: &str = "vcs.ref.head.name";
    pub(crate) const OF_BENCHMARK: &[&str] = &[BENCHMARK, METRIC, STATISTIC];
}

macro_rules! metrics {
    ($(#[$doc:meta])+ $list:ident: $($constant:ident = $kind:ident, $name:literal, $unit:literal, $attributes:expr, $source:expr, $description:literal;)+) => {
        $(pub(super) const $constant: MetricInfo = MetricInfo {
            name: $name,
            unit: $unit,
            kind: Kind::$kind,
            description: $description,
            attributes: $attributes,
            source: $source,
        };)+

        $(#[$doc])+
        pub(super) const $list: &[MetricInfo] = &[$($constant),+];
    };
}

metrics! {
    /// Those of each operation, in the order of the documentation.
    OF_OPERATIONS:
    DURATION = Histogram, "perfkit.operation.duration", "s", FUNCTION,
        Source::Quantity(Quantity::ExecutionTime),
        "Time of successful outermost calls from start to end";
    FAILURE_DURATION = Histogram, "perfkit.operation.failure_duration", "s", FUNCTION,
        Source::Quantity(Quantity::FailureTime),
        "Time of outermost calls that failed, panicked or were cancelled";
    CALLS = Counter, "perfkit.operation.calls", "{call}", &[FUNCTION_NAME, OUTCOME],
        Source::Calls,
        "Calls by how they ended";
    FAILURES = Counter, "perfkit.operation.failures", "{call}", &[FUNCTION_NAME, ERROR_TYPE],
        Source::Failures,
        "Failed calls by the kind of error";
    RECURSIVE_CALLS = Counter, "perfkit.operation.recursive_calls", "{call}", FUNCTION,
        Source::RecursiveCalls,
        "Successful calls within another call of the same operation, which are not in its duration";
    UNTIMED_CALLS = Counter, "perfkit.operation.untimed_calls", "{call}", FUNCTION,
        Source::UntimedCalls,
        "Successful calls that were counted and not timed, of operations that are sampled";
    CALLS_IN_FLIGHT = UpDownCounter, "perfkit.operation.calls_in_flight", "{call}", FUNCTION,
        Source::CallsInFlight,
        "Calls that have begun and not ended";
    SELF_TIME = Counter, "perfkit.operation.self_time", "s", FUNCTION,
        Source::Quantity(Quantity::SelfTime),
        "Time of successful calls less that of measured callees";
    BUSY_TIME = Counter, "perfkit.operation.busy_time", "s", FUNCTION,
        Source::Quantity(Quantity::BusyTime),
        "Time in the polls of successful async calls";
    IDLE_TIME = Counter, "perfkit.operation.idle_time", "s", FUNCTION,
        Source::IdleTime,
        "Time between the polls of successful async calls, of operations that are async alone";
    CPU_TIME = Histogram, "perfkit.operation.cpu_time", "s", FUNCTION,
        Source::Quantity(Quantity::CpuTime),
        "CPU time of the thread during successful calls";
    ALLOCATED = Histogram, "perfkit.operation.allocated", "By", FUNCTION,
        Source::Quantity(Quantity::Allocated),
        "Bytes allocated during successful calls";
    ALLOCATIONS = Counter, "perfkit.operation.allocations", "{allocation}", FUNCTION,
        Source::Quantity(Quantity::Allocations),
        "Allocations during successful calls";
    NET_GROWTH = UpDownCounter, "perfkit.operation.net_growth", "By", FUNCTION,
        Source::Quantity(Quantity::NetGrowth),
        "Bytes allocated less bytes freed during successful calls";
    PEAK_GROWTH = Histogram, "perfkit.operation.peak_growth", "By", FUNCTION,
        Source::Quantity(Quantity::PeakGrowth),
        "The most that memory grew within successful calls";
    ITEMS = Counter, "perfkit.operation.items", "{item}", FUNCTION,
        Source::Quantity(Quantity::Items),
        "Items processed by successful calls";
    BYTES = Counter, "perfkit.operation.bytes", "By", FUNCTION,
        Source::Quantity(Quantity::Bytes),
        "Bytes processed by successful calls";
    SIZES_HANDED_OVER = Histogram, "perfkit.value.size", "By", FUNCTION,
        Source::Values(Unit::Bytes),
        "Sizes that the program handed over";
    COUNTS_HANDED_OVER = Histogram, "perfkit.value.count", "{thing}", FUNCTION,
        Source::Values(Unit::Count),
        "Counts that the program handed over";
    RATES_HANDED_OVER = Histogram, "perfkit.value.rate", "1/s", FUNCTION,
        Source::Values(Unit::PerSecond),
        "Rates that the program handed over";
    DATA_RATES_HANDED_OVER = Histogram, "perfkit.value.throughput", "By/s", FUNCTION,
        Source::Values(Unit::BytesPerSecond),
        "Data rates that the program handed over";
    RATIOS_HANDED_OVER = Histogram, "perfkit.value.ratio", "1", FUNCTION,
        Source::Values(Unit::Ratio),
        "Shares that the program handed over";
    SCORES_HANDED_OVER = Histogram, "perfkit.value.score", "{score}", FUNCTION,
        Source::Values(Unit::Score),
        "Values of no described unit that the program handed over";
}

metrics! {
    /// Those of counters and gauges.
    OF_NUMBERS:
    TIMES_COUNTED = Counter, "perfkit.counted.time", "s", NAMED,
        Source::Counter(Unit::Nanoseconds),
        "Counters of times";
    SIZES_COUNTED = Counter, "perfkit.counted.size", "By", NAMED,
        Source::Counter(Unit::Bytes),
        "Counters of bytes";
    THINGS_COUNTED = Counter, "perfkit.counted.things", "{thing}", NAMED,
        Source::Counter(Unit::Count),
        "Counters of things";
    TIME_LEVEL = Gauge, "perfkit.level.time", "s", NAMED,
        Source::Gauge(Unit::Nanoseconds),
        "Gauges of times";
    SIZE_LEVEL = Gauge, "perfkit.level.size", "By", NAMED,
        Source::Gauge(Unit::Bytes),
        "Gauges of sizes";
    COUNT_LEVEL = Gauge, "perfkit.level.things", "{thing}", NAMED,
        Source::Gauge(Unit::Count),
        "Gauges of counts";
    RATE_LEVEL = Gauge, "perfkit.level.rate", "1/s", NAMED,
        Source::Gauge(Unit::PerSecond),
        "Gauges of rates";
    DATA_RATE_LEVEL = Gauge, "perfkit.level.throughput", "By/s", NAMED,
        Source::Gauge(Unit::BytesPerSecond),
        "Gauges of data rates";
    RATIO_LEVEL = Gauge, "perfkit.level.ratio", "1", NAMED,
        Source::Gauge(Unit::Ratio),
        "Gauges of shares";
    SCORE_LEVEL = Gauge, "perfkit.level.score", "{score}", NAMED,
        Source::Gauge(Unit::Score),
        "Gauges of values that have no unit";
}

metrics! {
    #[cfg(any(feature = "prometheus", test))]
    /// Those of the program.
    OF_PROGRAM:
    OVERFLOW_CALLS = Counter, "perfkit.operation.overflow_calls", "{call}", &[], Source::Program,
        "Calls that lost their name or their labels, because there were too many";
    DROPPED_DELIVERIES = Counter, "perfkit.collector.dropped_calls", "{call}", &[], Source::Program,
        "Calls that a collector within the program missed, because it fell behind";
    PROCESS_MEMORY = UpDownCounter, "process.memory.usage", "By", &[], Source::Program,
        "Resident memory of the process";
    PROCESS_VIRTUAL_MEMORY = UpDownCounter, "process.memory.virtual", "By", &[], Source::Program,
        "Virtual memory of the process";
    PROCESS_CPU = ObservableCounter, "process.cpu.time", "s", &[], Source::Program,
        "CPU time of the process since it started";
}

#[cfg(feature = "otlp")]
metrics! {
    #[cfg(test)]
    /// Those of the export itself, which Prometheus counts for itself.
    OF_OTLP:
    EXPORTED = Counter, "otel.sdk.exporter.metric_data_point.exported", "{data_point}",
        &["otel.component.type", ERROR_TYPE], Source::Program,
        "Data points of earlier exports, with an error.type those that did not arrive";
}

#[cfg(feature = "bench")]
use result_attributes as of;

#[cfg(feature = "bench")]
metrics! {
    /// Those of a report's benchmarks, comparisons and gate. All have the commit and the branch
    /// beside their attributes, where the report knows them.
    OF_RESULTS:
    BENCHMARK_TIME = Gauge, "perfkit.benchmark.time", "s", of::OF_BENCHMARK, Source::Report,
        "Times of a benchmark, with the bounds of a 95 % interval";
    BENCHMARK_SIZE = Gauge, "perfkit.benchmark.size", "By", of::OF_BENCHMARK, Source::Report,
        "Sizes of a benchmark, with the bounds of a 95 % interval";
    BENCHMARK_RATE = Gauge, "perfkit.benchmark.rate", "1/s", of::OF_BENCHMARK, Source::Report,
        "Rates of a benchmark, with the bounds of a 95 % interval";
    BENCHMARK_DATA_RATE = Gauge, "perfkit.benchmark.throughput", "By/s", of::OF_BENCHMARK, Source::Report,
        "Data rates of a benchmark, with the bounds of a 95 % interval";
    BENCHMARK_RATIO = Gauge, "perfkit.benchmark.ratio", "1", of::OF_BENCHMARK, Source::Report,
        "Shares of a benchmark, with the bounds of a 95 % interval";
    BENCHMARK_VALUE = Gauge, "perfkit.benchmark.value", "{value}", of::OF_BENCHMARK, Source::Report,
        "Counts and scores of a benchmark, with the bounds of a 95 % interval";
    BENCHMARK_RUNS = Gauge, "perfkit.benchmark.runs", "{run}", &[of::BENCHMARK, OUTCOME], Source::Report,
        "Counted runs by how they ended";
    COMPARISON_RATIO = Gauge, "perfkit.comparison.ratio", "1",
        &[of::BASELINE, of::CANDIDATE, of::METRIC, of::STATISTIC], Source::Report,
        "Candidate over baseline, with the bounds of its interval";
    COMPARISON_VERDICT = Gauge, "perfkit.comparison.verdict", "{comparison}",
        &[of::BASELINE, of::CANDIDATE, of::METRIC, of::VERDICT], Source::Report,
        "1 for what a comparison says of the candidate";
    GATE_VERDICT = Gauge, "perfkit.gate.verdict", "{gate}", &[of::VERDICT], Source::Report,
        "1 for what the gate came to";
    GATE_FINDING = Gauge, "perfkit.gate.finding", "{finding}", &[of::SUBJECT, of::RULE, of::VERDICT], Source::Report,
        "1 for what a rule came to on a benchmark or an operation";
    REPORT_CREATED = Gauge, "perfkit.report.created_timestamp", "s", &[], Source::Report,
        "When the report was made, in seconds since 1970";
}

#[cfg(test)]
mod tests {
    use super::super::translation::metric_name;
    use super::*;

    fn all() -> impl Iterator<Item = &'static MetricInfo> {
        #[cfg(not(feature = "otlp"))]
        const OF_OTLP: &[MetricInfo] = &[];
        #[cfg(not(feature = "bench"))]
        const OF_RESULTS: &[MetricInfo] = &[];
        let of_program = OF_OPERATIONS.iter().chain(OF_NUMBERS);
        let of_program = of_program.chain(OF_PROGRAM).chain(OF_OTLP);
        of_program.chain(OF_RESULTS)
    }

    #[test]
    fn the_documentation_has_this_table() {
        let page = include_str!("../../../docs/export.md");
        for metric in all() {
            let attributes = metric.attributes.iter().map(|name| format!("`{name}`"));
            let row = format!(
                "| `{}` | `{}` | `{}` | {} | {} | {} |",
                metric.name,
                metric_name(metric.name, metric.unit, metric.kind),
                metric.unit,
                metric.kind.word(),
                metric.description,
                attributes.collect::<Vec<_>>().join(", ")
            );
            let row = row.replace("|  |", "| |");
            assert!(page.contains(&row), "docs/export.md has not:\n{row}");
        }
    }

    #[test]
    fn no_name_stands_there_twice_and_every_quantity_once() {
        let count = all().count();
        let names: std::collections::BTreeSet<_> = all().map(|metric| metric.name).collect();
        assert_eq!(names.len(), count);
        let translated = all().map(|metric| metric_name(metric.name, metric.unit, metric.kind));
        let translated: std::collections::BTreeSet<_> = translated.collect();
        assert_eq!(translated.len(), count);
        for quantity in Quantity::ALL {
            let of = |metric: &&MetricInfo| metric.source == Source::Quantity(quantity);
            assert_eq!(all().filter(of).count(), 1, "{quantity:?}");
        }
    }

    #[test]
    fn units_of_quantities_are_those_that_they_are_counted_in() {
        for metric in OF_OPERATIONS.iter().chain(OF_NUMBERS) {
            let unit = match metric.source {
                Source::Quantity(quantity) => quantity.unit(),
                Source::Values(unit) | Source::Counter(unit) | Source::Gauge(unit) => unit,
                _ => continue,
            };
            let expected = match unit {
                Unit::Nanoseconds => "s",
                Unit::Bytes => "By",
                Unit::PerSecond => "1/s",
                Unit::BytesPerSecond => "By/s",
                Unit::Ratio => "1",
                Unit::Count | Unit::Score => {
                    assert!(metric.unit.starts_with('{'), "{}", metric.name);
                    continue;
                }
            };
            assert_eq!(metric.unit, expected, "{}", metric.name);
        }
    }
}
