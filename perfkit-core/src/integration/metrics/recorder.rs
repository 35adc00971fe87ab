//! What the macros record to.

use std::collections::HashMap;
use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};

use crate::integration::label_values::LabelValues;
use crate::integration::section_lock::SectionLock;
use crate::label::Label;
use crate::monitor::{Labelled, Monitor, Operation, ValueKind};

use super::conversion::Conversion;
use super::handle::Handle;
use super::metric_type::MetricType;

/// How many metrics are found again without looking for their operations.
const MOST_KEPT: usize = 10_000;

/// Keeps metrics as operations; see the [module](crate::metrics).
#[derive(Debug, Default)]
pub struct Recorder {
    /// The global one unless another is given.
    monitor: Option<Monitor>,
    units: SectionLock<HashMap<(MetricType, KeyName), Unit>>,
    handles: SectionLock<HashMap<(MetricType, Key), Arc<Handle>>>,
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

    /// The handle of a metric, which keeps its sum or value for all who ask for it.
    fn handle(&self, metric_type: MetricType, key: &Key) -> Arc<Handle> {
        let id = (metric_type, key.clone());
        let handles = self.handles.read();
        if let Some(handle) = handles.get(&id) {
            return Arc::clone(handle);
        }
        let is_full = handles.len() >= MOST_KEPT;
        drop(handles);
        let handle = self.make(metric_type, key);
        if is_full {
            return Arc::new(handle.not_kept());
        }
        self.keep(id, handle)
    }

    /// The handle, or the one that another thread was quicker to make of the metric.
    fn keep(&self, id: (MetricType, Key), handle: Handle) -> Arc<Handle> {
        let mut handles = self.handles.write();
        if let Some(known) = handles.get(&id) {
            return Arc::clone(known);
        }
        if handles.len() >= MOST_KEPT {
            return Arc::new(handle.not_kept());
        }
        let handle = Arc::new(handle);
        handles.insert(id, Arc::clone(&handle));
        handle
    }

    fn make(&self, metric_type: MetricType, key: &Key) -> Handle {
        let units = self.units.read();
        let described = units.get(&(metric_type, key.name_shared())).copied();
        drop(units);
        let conversion = Conversion::new(metric_type, described);
        let monitor = self.monitor.as_ref().unwrap_or_else(|| Monitor::global());
        let mut labelled = self.labelled(key);
        let operation = match operation_of(monitor, &labelled, &conversion.kind) {
            Ok(operation) => operation,
            Err(_) => {
                // A metric of another type has the name.
                labelled.name = format!("{} ({})", labelled.name, metric_type.word());
                let apart = operation_of(monitor, &labelled, &conversion.kind);
                apart.unwrap_or_else(|taken| taken)
            }
        };
        Handle::new(monitor.clone(), operation, conversion)
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
        Counter::from_arc(self.handle(MetricType::Counter, key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.handle(MetricType::Gauge, key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.handle(MetricType::Histogram, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integration::while_held::while_held;

    #[test]
    fn a_metric_keeps_its_handle_and_further_ones_wait_for_no_reader() {
        let recorder = Recorder::new().monitor(&Monitor::new());
        let counter = |number: usize| {
            let key = Key::from_name(number.to_string());
            recorder.handle(MetricType::Counter, &key)
        };
        let handles: Vec<_> = (0..MOST_KEPT).map(counter).collect();
        let last = MOST_KEPT - 1;
        assert!(Arc::ptr_eq(&counter(last), &handles[last]));
        // Another thread made it too, before it was known to be kept.
        let key = Key::from_name(last.to_string());
        let again = recorder.make(MetricType::Counter, &key);
        let again = recorder.keep((MetricType::Counter, key), again);
        assert!(Arc::ptr_eq(&again, &handles[last]));
        let reader = recorder.handles.read();
        assert!(while_held(reader, || counter(MOST_KEPT)).is_some());
    }
}
