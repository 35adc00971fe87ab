//! What the macros record to.

use std::collections::HashMap;
use std::convert::identity;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};

use crate::integration::label_values::LabelValues;
use crate::integration::section_lock::SectionLock;
use crate::label::Label;
use crate::monitor::{Labelled, Monitor, Operation, ValueKind};

use super::conversion::{Conversion, counted, level};
use super::handle::{CounterHandle, GaugeHandle, HistogramHandle};
use super::kept_handles::KeptHandles;
use super::metric_type::MetricType;

/// The counter of how often it was not known by how much a counter grew.
const NOT_KEPT: &str = "metrics_not_kept";

/// Keeps counters, gauges, and histograms as operations; see the [module](crate::metrics).
#[derive(Debug, Default)]
pub struct Recorder {
    /// The global one unless another is given.
    monitor: Option<Monitor>,
    units: SectionLock<HashMap<(MetricType, KeyName), Unit>>,
    counters: KeptHandles<CounterHandle>,
    gauges: KeptHandles<GaugeHandle>,
    histograms: KeptHandles<HistogramHandle>,
    label_values: LabelValues,
}

impl Recorder {
    /// A recorder that records to the global monitor.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Records to a monitor of one's own.
    #[must_use]
    pub fn monitor(mut self, monitor: &Monitor) -> Self {
        self.monitor = Some(monitor.clone());
        self
    }

    fn describe(&self, metric_type: MetricType, name: KeyName, unit: Option<Unit>) {
        if let Some(unit) = unit {
            let mut units = self.units.write();
            units.insert((metric_type, name), unit);
        }
    }

    fn described(&self, metric_type: MetricType, key: &Key) -> Option<Unit> {
        let units = self.units.read();
        units.get(&(metric_type, key.name_shared())).copied()
    }

    fn target(&self) -> &Monitor {
        self.monitor.as_ref().unwrap_or_else(|| Monitor::global())
    }

    fn counter_handle(&self, key: &Key) -> CounterHandle {
        let (unit, factor) = counted(self.described(MetricType::Counter, key));
        let counter = self.target().counter_of(&self.labelled(key)).unit(unit);
        CounterHandle::new(counter, factor)
    }

    fn gauge_handle(&self, key: &Key) -> GaugeHandle {
        let (unit, factor) = level(self.described(MetricType::Gauge, key));
        let gauge = self.target().gauge_of(&self.labelled(key)).unit(unit);
        GaugeHandle::new(gauge, factor)
    }

    fn histogram_handle(&self, key: &Key) -> HistogramHandle {
        let conversion = Conversion::new(self.described(MetricType::Histogram, key));
        let monitor = self.target();
        let mut labelled = self.labelled(key);
        let operation = match operation_of(monitor, &labelled, &conversion.kind) {
            Ok(operation) => operation,
            Err(_) => {
                // It was described with another unit before.
                labelled.name = format!("{} (histogram)", labelled.name);
                let apart = operation_of(monitor, &labelled, &conversion.kind);
                apart.unwrap_or_else(|taken| taken)
            }
        };
        HistogramHandle::new(monitor.clone(), operation, conversion)
    }

    fn labelled(&self, key: &Key) -> Labelled {
        let value = |label: &metrics::Label| {
            let Label { key, value } = Label::new(label.key(), &label.value());
            let value = self.label_values.bounded(&key, value);
            (key, value)
        };
        Labelled {
            name: key.name().to_owned(),
            labels: key.labels().map(value).collect(),
        }
    }
}

/// The operation of a name for values of a kind; as an error one that has another kind.
fn operation_of(
    monitor: &Monitor,
    labelled: &Labelled,
    kind: &ValueKind,
) -> Result<Operation, Operation> {
    let values = monitor.values();
    let operation = if labelled.labels.is_empty() {
        values.operation(&labelled.name)
    } else {
        values.operation_labelled(labelled)
    };
    let entry = &operation.destination.entry;
    let is_of_kind = entry.is_of_any_name() || entry.kind.get_or_init(|| kind.clone()) == kind;
    if is_of_kind {
        Ok(operation)
    } else {
        Err(operation)
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(MetricType::Counter, key, unit);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(MetricType::Gauge, key, unit);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(MetricType::Histogram, key, unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let not_kept = |handle: CounterHandle| handle.not_kept(self.target().counter(NOT_KEPT));
        let make = || self.counter_handle(key);
        Counter::from_arc(self.counters.get(key, make, not_kept))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let make = || self.gauge_handle(key);
        Gauge::from_arc(self.gauges.get(key, make, identity))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        let make = || self.histogram_handle(key);
        Histogram::from_arc(self.histograms.get(key, make, identity))
    }
}
