//! What is exposed, under which name and as what: the one table of metrics in Prometheus'
//! words.

use std::sync::LazyLock;

use crate::export::attributes::label_name;
use crate::export::metric_table::{Kind, MetricInfo, OF_NUMBERS, OF_OPERATIONS, OF_PROGRAM};
use crate::export::translation::{metric_name, unit_name};

/// What a metric is to Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricType {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// A distribution.
    Histogram,
}

impl MetricType {
    /// The word for it in the text formats.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric that is exposed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MetricDescription {
    /// The name of a counter or a gauge, and what a histogram's names begin with.
    pub name: String,
    /// Its name in OpenTelemetry, of which that is the translation.
    pub otlp_name: &'static str,
    /// What it is to Prometheus.
    pub metric_type: MetricType,
    /// Its unit, with which its name ends; for a counter before `_total`.
    pub unit: Option<String>,
    /// The labels that each of its series has, beside those of the operation's own.
    pub labels: Vec<String>,
    /// What it tells.
    pub help: &'static str,
    pub(super) info: &'static MetricInfo,
}

/// The metrics of a running program, in the order in which they are exposed. Those of the
/// process are there in the feature `process`.
#[must_use]
pub fn metrics() -> &'static [MetricDescription] {
    static METRICS: LazyLock<Vec<MetricDescription>> = LazyLock::new(|| {
        let all = OF_OPERATIONS.iter().chain(OF_NUMBERS).chain(OF_PROGRAM);
        all.map(MetricDescription::of).collect()
    });
    &METRICS
}

/// Those of a report's benchmarks, comparisons and gate.
#[cfg(feature = "bench")]
#[must_use]
pub fn result_metrics() -> &'static [MetricDescription] {
    static METRICS: LazyLock<Vec<MetricDescription>> = LazyLock::new(|| {
        let all = crate::export::metric_table::OF_RESULTS.iter();
        all.map(MetricDescription::of).collect()
    });
    &METRICS
}

impl MetricDescription {
    fn of(info: &'static MetricInfo) -> Self {
        let name = metric_name(info.name, info.unit, info.kind);
        let family = name.strip_suffix("_total").unwrap_or(&name);
        let unit = unit_name(info.unit, info.kind);
        let is_end = |unit: &String| {
            let before = family.strip_suffix(unit.as_str());
            before.is_some_and(|before| before.ends_with('_'))
        };
        Self {
            otlp_name: info.name,
            metric_type: match info.kind {
                Kind::Histogram => MetricType::Histogram,
                Kind::Counter | Kind::ObservableCounter => MetricType::Counter,
                Kind::UpDownCounter | Kind::Gauge => MetricType::Gauge,
            },
            unit: unit.filter(is_end),
            labels: info.attributes.iter().map(|key| label_name(key)).collect(),
            help: info.description,
            name,
            info,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_their_types_and_units_ask_for() {
        for metric in metrics() {
            let of_counter = metric.name.strip_suffix("_total");
            let is_counter = metric.metric_type == MetricType::Counter;
            assert_eq!(of_counter.is_some(), is_counter, "{}", metric.name);
            let name = of_counter.unwrap_or(&metric.name);
            assert!(
                name.ends_with(metric.unit.as_deref().unwrap_or("")),
                "{name}"
            );
            let is_share = metric.info.unit == "1" && metric.info.kind != Kind::Gauge;
            let has_unit = !metric.info.unit.starts_with('{') && !is_share;
            assert_eq!(metric.unit.is_some(), has_unit, "{name}");
        }
    }
}
