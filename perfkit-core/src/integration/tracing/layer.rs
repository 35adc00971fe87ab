//! What listens to spans.

use std::sync::atomic::{AtomicU64, Ordering};

use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Level, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::monitor::Monitor;
use crate::outcome::Failure;

use super::operations::Operations;
use super::span_call::SpanCall;
use super::visitor::{ErrorVisitor, LabelVisitor, Labels};

/// The kind of all failures that events tell of.
const ERROR_KIND: &str = "error";

/// Records spans as calls; see the [module](crate::tracing).
#[derive(Debug)]
#[must_use = "a layer records nothing until it is added to a subscriber"]
pub struct Layer {
    /// Tells the calls of several layers of one subscriber apart.
    id: u64,
    /// The global one unless another is given.
    monitor: Option<Monitor>,
    labels: Vec<String>,
    operations: Operations,
}

/// The calls that a span is, by layer.
struct SpanCalls(Vec<(u64, SpanCall)>);

impl Default for Layer {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer {
    /// A layer that records to the global monitor.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            monitor: None,
            labels: Vec::new(),
            operations: Operations::new(true),
        }
    }

    /// Records to a monitor of one's own.
    pub fn monitor(mut self, monitor: &Monitor) -> Self {
        self.monitor = Some(monitor.clone());
        self
    }

    /// Whether operations are named after the target too, as in `shop::cart::total`,
    /// which is the default, or after the span alone.
    pub fn with_target(mut self, has_target: bool) -> Self {
        self.operations = Operations::new(has_target);
        self
    }

    /// The fields that become labels, wherever a span has them. Each combination of
    /// values is an operation of its own, so they should be of few values: 100 of each
    /// label are kept apart, of 100 characters, and all further ones are `other`.
    ///
    /// ```
    /// let layer = perfkit::tracing::Layer::new().labels(["method", "http.status_code"]);
    /// # drop(layer);
    /// ```
    pub fn labels<T: Into<String>>(mut self, fields: impl IntoIterator<Item = T>) -> Self {
        self.labels = fields.into_iter().map(Into::into).collect();
        self
    }

    fn recorder(&self) -> &Monitor {
        self.monitor.as_ref().unwrap_or_else(|| Monitor::global())
    }

    fn now(&self) -> u64 {
        self.recorder().clock().ticks()
    }

    /// Does something with the call of a span, where this layer has one.
    fn with_call<'a, S: LookupSpan<'a>, T>(
        &self,
        span: &SpanRef<'a, S>,
        action: impl FnOnce(&mut SpanCall) -> T,
    ) -> Option<T> {
        let mut extensions = span.extensions_mut();
        let calls = extensions.get_mut::<SpanCalls>()?;
        let mut calls = calls.0.iter_mut();
        let (_, call) = calls.find(|(layer, _)| *layer == self.id)?;
        Some(action(call))
    }

    /// Whether a span runs within another of the same operation.
    fn is_nested<'a, S: LookupSpan<'a>>(&self, span: &SpanRef<'a, S>, call: &SpanCall) -> bool {
        let is_same = |other: &mut SpanCall| {
            other.has_begun() && self.operations.are_same_labels(&other.labels, &call.labels)
        };
        span.scope().skip(1).any(|outer| {
            self.operations
                .is_same_name(outer.metadata(), span.metadata())
                && self.with_call(&outer, is_same).unwrap_or(false)
        })
    }
}

impl<S> tracing_subscriber::Layer<S> for Layer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        if !self.recorder().is_enabled() {
            return;
        }
        let mut call = SpanCall::default();
        attributes.record(&mut LabelVisitor {
            wanted: &self.labels,
            labels: &mut call.labels,
        });
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<SpanCalls>() {
            Some(calls) => calls.0.push((self.id, call)),
            None => extensions.insert(SpanCalls(vec![(self.id, call)])),
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if self.labels.is_empty() {
            return;
        }
        let Some(span) = context.span(id) else {
            return;
        };
        // Before the span is locked: values that are written may log by themselves.
        let mut labels = Labels::new();
        values.record(&mut LabelVisitor {
            wanted: &self.labels,
            labels: &mut labels,
        });
        self.with_call(&span, |call| call.add_labels(labels));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() != Level::ERROR {
            return;
        }
        let Some(span) = context.event_span(event) else {
            return;
        };
        let mut error = ErrorVisitor::default();
        event.record(&mut error);
        if let Some(text) = error.text {
            self.with_call(&span, |call| call.fail(Failure::new(ERROR_KIND, text)));
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            self.with_call(&span, |call| call.enter(self.now()));
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let now = self.now();
            self.with_call(&span, |call| call.exit(now));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let now = self.now();
        let Some(mut call) = self.with_call(&span, std::mem::take) else {
            return;
        };
        let nested = self.is_nested(&span, &call);
        let labels = std::mem::take(&mut call.labels);
        let Some((call, outcome)) = call.finish(now, nested) else {
            return;
        };
        if let Some(parent) = span.parent() {
            self.with_call(&parent, |parent| parent.add_child(call.start, call.end));
        }
        let metadata = span.metadata();
        let operation = self.operations.of_span(self.recorder(), metadata, labels);
        call.record(&operation.destination, outcome);
    }
}
