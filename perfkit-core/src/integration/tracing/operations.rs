//! The operations that spans are calls of.

use std::collections::{BTreeMap, HashMap};

use tracing_core::Metadata;
use tracing_core::callsite::Identifier;

use crate::integration::label_values::LabelValues;
use crate::integration::section_lock::SectionLock;
use crate::monitor::{Labelled, Monitor, Operation};

use super::visitor::Label;

/// The operations of one layer: found by the place in the code that makes the span.
#[derive(Debug)]
pub(super) struct Operations {
    has_target: bool,
    by_callsite: SectionLock<HashMap<Identifier, Operation>>,
    label_values: LabelValues,
}

impl Operations {
    pub(super) fn new(has_target: bool) -> Self {
        Self {
            has_target,
            by_callsite: SectionLock::default(),
            label_values: LabelValues::default(),
        }
    }

    /// The operation of spans with these labels.
    pub(super) fn of_span(
        &self,
        monitor: &Monitor,
        metadata: &'static Metadata<'static>,
        labels: Vec<Label>,
    ) -> Operation {
        if labels.is_empty() {
            return self.of_callsite(monitor, metadata);
        }
        let bounded = |(key, value): Label| {
            let value = self.label_values.bounded(key, value);
            (key.to_owned(), value)
        };
        let labelled = Labelled {
            name: self.name(metadata),
            labels: labels.into_iter().map(bounded).collect::<BTreeMap<_, _>>(),
        };
        monitor.operation_labelled(&labelled)
    }

    fn of_callsite(&self, monitor: &Monitor, metadata: &'static Metadata<'static>) -> Operation {
        let callsite = metadata.callsite();
        let by_callsite = self.by_callsite.read();
        if let Some(operation) = by_callsite.get(&callsite) {
            return operation.clone();
        }
        drop(by_callsite);
        let operation = monitor.operation(&self.name(metadata));
        let mut by_callsite = self.by_callsite.write();
        by_callsite.entry(callsite).or_insert(operation).clone()
    }

    fn name(&self, metadata: &Metadata<'_>) -> String {
        if self.has_target {
            format!("{}::{}", metadata.target(), metadata.name())
        } else {
            metadata.name().to_owned()
        }
    }
}
