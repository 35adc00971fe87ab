//! The operations that spans are calls of.

use std::collections::HashMap;

use tracing_core::Metadata;
use tracing_core::callsite::Identifier;

use crate::integration::label_values::LabelValues;
use crate::integration::section_lock::SectionLock;
use crate::monitor::{Labelled, Monitor, Operation};

use super::visitor::Labels;

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
        labels: Labels,
    ) -> Operation {
        if labels.is_empty() {
            return self.of_callsite(monitor, metadata);
        }
        let bounded = |(key, value): (&str, String)| {
            let value = self.label_values.bounded(key, value);
            (key.to_owned(), value)
        };
        let labelled = Labelled {
            name: self.name(metadata),
            labels: labels.into_iter().map(bounded).collect(),
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

    /// Whether spans of the same labels are calls of one operation.
    pub(super) fn is_same_name(&self, a: &Metadata<'_>, b: &Metadata<'_>) -> bool {
        let parts = [a, b].map(|metadata| self.name_parts(metadata));
        let [length, other] = parts.map(|parts| parts.map(str::len).iter().sum::<usize>());
        // Names of one module differ at their ends.
        let [a, b] = parts.map(|parts| parts.into_iter().flat_map(str::bytes).rev());
        length == other && a.eq(b)
    }

    /// Whether spans of the same name are calls of one operation.
    pub(super) fn are_same_labels(&self, a: &Labels, b: &Labels) -> bool {
        let mut pairs = a.iter().zip(b);
        a.len() == b.len()
            && pairs.all(|((key, a), (other_key, b))| {
                key == other_key && (a == b || self.label_values.are_one(key, a, b))
            })
    }

    fn name(&self, metadata: &Metadata<'_>) -> String {
        self.name_parts(metadata).concat()
    }

    fn name_parts<'a>(&self, metadata: &Metadata<'a>) -> [&'a str; 3] {
        if self.has_target {
            [metadata.target(), "::", metadata.name()]
        } else {
            ["", "", metadata.name()]
        }
    }
}
