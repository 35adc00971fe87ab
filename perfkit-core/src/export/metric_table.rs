//! Every metric that is exported: its name, unit, kind and description, in OpenTelemetry's
//! words. This is the one place that says so; `docs/export.md` has the same table, and a test
//! compares them.

use crate::recorder::Quantity;

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
}

impl Kind {
    /// In OpenTelemetry's words.
    #[cfg(test)]
    fn word(self) -> &'static str {
        match self {
            Self::Histogram => "histogram",
            Self::Counter | Self::ObservableCounter => "counter",
            Self::UpDownCounter => "up-down counter",
        }
    }
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
}

const FUNCTION: &[&str] = &["code.function.name"];

macro_rules! metrics {
    ($($constant:ident = $kind:ident, $name:literal, $unit:literal, $attributes:expr, $description:literal;)+) => {
        $(pub(super) const $constant: MetricInfo = MetricInfo {
            name: $name,
            unit: $unit,
            kind: Kind::$kind,
            description: $description,
            attributes: $attributes,
        };)+

        /// All of them, in the order of the documentation.
        #[cfg(test)]
        const ALL: &[MetricInfo] = &[$($constant),+];
    };
}

metrics! {
    DURATION = Histogram, "perfkit.operation.duration", "s", FUNCTION,
        "Time of successful outermost calls from start to end";
    FAILURE_DURATION = Histogram, "perfkit.operation.failure_duration", "s", FUNCTION,
        "Time of outermost calls that failed, panicked or were cancelled";
    CALLS = Counter, "perfkit.operation.calls", "{call}",
        &["code.function.name", "perfkit.outcome", "error.type"],
        "Calls by how they ended";
    RECURSIVE_CALLS = Counter, "perfkit.operation.recursive_calls", "{call}", FUNCTION,
        "Successful calls within another call of the same operation, which are not in its duration";
    UNTIMED_CALLS = Counter, "perfkit.operation.untimed_calls", "{call}", FUNCTION,
        "Successful calls that were counted and not timed, of operations that are sampled";
    CALLS_IN_FLIGHT = UpDownCounter, "perfkit.operation.calls_in_flight", "{call}", FUNCTION,
        "Calls that have begun and not ended";
    OVERFLOW_CALLS = Counter, "perfkit.operation.overflow_calls", "{call}", &[],
        "Calls that lost their name or their labels, because there were too many";
    SELF_TIME = Counter, "perfkit.operation.self_time", "s", FUNCTION,
        "Time of successful calls less that of measured callees";
    BUSY_TIME = Counter, "perfkit.operation.busy_time", "s", FUNCTION,
        "Time in the polls of successful async calls";
    IDLE_TIME = Counter, "perfkit.operation.idle_time", "s", FUNCTION,
        "Time between the polls of successful async calls, of operations that are async alone";
    CPU_TIME = Histogram, "perfkit.operation.cpu_time", "s", FUNCTION,
        "CPU time of the thread during successful calls";
    ALLOCATED = Histogram, "perfkit.operation.allocated", "By", FUNCTION,
        "Bytes allocated during successful calls";
    ALLOCATIONS = Counter, "perfkit.operation.allocations", "{allocation}", FUNCTION,
        "Allocations during successful calls";
    NET_GROWTH = UpDownCounter, "perfkit.operation.net_growth", "By", FUNCTION,
        "Bytes allocated less bytes freed during successful calls";
    PEAK_GROWTH = Histogram, "perfkit.operation.peak_growth", "By", FUNCTION,
        "The most that memory grew within successful calls";
    ITEMS = Counter, "perfkit.operation.items", "{item}", FUNCTION,
        "Items processed by successful calls";
    BYTES = Counter, "perfkit.operation.bytes", "By", FUNCTION,
        "Bytes processed by successful calls";
    DROPPED_DELIVERIES = Counter, "perfkit.collector.dropped_calls", "{call}", &[],
        "Calls that a collector within the program missed, because it fell behind";
    EXPORTED = Counter, "otel.sdk.exporter.metric_data_point.exported", "{data_point}",
        &["otel.component.type", "error.type"],
        "Data points of earlier exports, with an error.type those that did not arrive";
    PROCESS_MEMORY = UpDownCounter, "process.memory.usage", "By", &[],
        "Resident memory of the process";
    PROCESS_VIRTUAL_MEMORY = UpDownCounter, "process.memory.virtual", "By", &[],
        "Virtual memory of the process";
    PROCESS_CPU = ObservableCounter, "process.cpu.time", "s", &[],
        "CPU time of the process since it started";
}

/// The quantities that are exported as they are.
pub(super) const OF_QUANTITIES: [(Quantity, MetricInfo); Quantity::ALL.len()] = [
    (Quantity::ExecutionTime, DURATION),
    (Quantity::FailureTime, FAILURE_DURATION),
    (Quantity::SelfTime, SELF_TIME),
    (Quantity::BusyTime, BUSY_TIME),
    (Quantity::CpuTime, CPU_TIME),
    (Quantity::Allocated, ALLOCATED),
    (Quantity::Allocations, ALLOCATIONS),
    (Quantity::NetGrowth, NET_GROWTH),
    (Quantity::PeakGrowth, PEAK_GROWTH),
    (Quantity::Items, ITEMS),
    (Quantity::Bytes, BYTES),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_this_table() {
        let page = include_str!("../../../docs/export.md");
        for metric in ALL {
            let attributes = metric.attributes.iter().map(|name| format!("`{name}`"));
            let row = format!(
                "| `{}` | `{}` | {} | {} | {} |",
                metric.name,
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
    fn no_name_stands_there_twice() {
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for quantity in Quantity::ALL {
            let of = OF_QUANTITIES.iter().filter(|(known, _)| *known == quantity);
            assert_eq!(of.count(), 1, "{quantity:?}");
        }
        let is_listed = |(_, metric): &(Quantity, MetricInfo)| ALL.contains(metric);
        assert!(OF_QUANTITIES.iter().all(is_listed));
    }
}
