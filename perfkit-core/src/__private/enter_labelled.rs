//! A call with labels from its result, from the moment that its options are known to
//! its end.

use std::fmt::{self, Display};
use std::future::Future;

use crate::alloc;
use crate::label::Label;
use crate::labelled_outcome::LabelledOutcome;
use crate::measure::{Call, CallLabels, ErrorTextPolicy, MeasuredFuture};
use crate::monitor::{Handle, Monitor, Operation};

use super::call_site::CallSite;
use super::label_value::LabelValue;

impl CallSite {
    /// A call on the global monitor, with the labels that are known and the keys of
    /// those that the result tells.
    pub fn enter_labelled(
        &'static self,
        type_name: &'static str,
        labels: &[(&str, LabelValue<'_>)],
        awaited: &'static [&'static str],
    ) -> EnterLabelled {
        let operation = Operation::new(Handle::Static(self.destination(type_name)));
        EnterLabelled::new(operation, labels, awaited)
    }

    /// A call on the given monitor.
    pub fn enter_labelled_on(
        &self,
        type_name: &str,
        monitor: &Monitor,
        labels: &[(&str, LabelValue<'_>)],
        awaited: &'static [&'static str],
    ) -> EnterLabelled {
        EnterLabelled::new(self.operation_on(monitor, type_name), labels, awaited)
    }
}

/// A call that is about to begin.
#[derive(Debug)]
#[must_use]
pub struct EnterLabelled {
    /// Without the labels.
    operation: Operation,
    labels: CallLabels,
}

impl EnterLabelled {
    /// While recording is off, labels are not even written.
    fn new(
        operation: Operation,
        labels: &[(&str, LabelValue<'_>)],
        awaited: &'static [&'static str],
    ) -> Self {
        let is_enabled = operation.destination.monitor.is_enabled();
        let known = labels.iter().filter(|_| is_enabled);
        let known = known.map(|(key, value)| Label::new(key, value));
        let labels = alloc::uncounted(|| CallLabels::new(known.collect(), awaited));
        Self { operation, labels }
    }

    pub fn memory(self) -> Self {
        self.also(Operation::memory)
    }

    pub fn cpu(self) -> Self {
        self.also(Operation::cpu)
    }

    pub fn items(self, items: impl FnOnce() -> u64) -> Self {
        self.processing(|operation| operation.items(items()))
    }

    pub fn bytes(self, bytes: impl FnOnce() -> u64) -> Self {
        self.processing(|operation| operation.bytes(bytes()))
    }

    /// It is found by now.
    pub fn find(self) -> Self {
        self
    }

    fn processing(self, process: impl FnOnce(Operation) -> Operation) -> Self {
        if self.operation.destination.monitor.is_enabled() {
            self.also(process)
        } else {
            self
        }
    }

    fn also(self, choose: impl FnOnce(Operation) -> Operation) -> Self {
        Self {
            operation: choose(self.operation),
            ..self
        }
    }

    /// Begins a call that is told its outcome.
    pub fn begin(self) -> LabelledInFlight {
        let Self { operation, labels } = self;
        let Operation {
            destination,
            options,
        } = operation;
        let is_enabled = destination.monitor.is_enabled();
        let begin = || Box::new(Call::begin_labelled(destination, options, labels));
        LabelledInFlight(is_enabled.then(|| alloc::uncounted(begin)))
    }

    /// Wraps the future of an async call.
    pub fn measure<F: Future, O: FnOnce(&F::Output) -> LabelledOutcome>(
        self,
        work: F,
        outcome: O,
    ) -> MeasuredFuture<F, O> {
        MeasuredFuture::labelled(self.operation, self.labels, work, outcome)
    }
}

/// A call that has begun; none while recording is off.
#[must_use]
pub struct LabelledInFlight(Option<Box<Call>>);

impl LabelledInFlight {
    pub fn finish(self, outcome: impl FnOnce(ErrorTextPolicy) -> LabelledOutcome) {
        if let Some(mut call) = self.0 {
            call.finish(outcome);
            alloc::uncounted(|| drop(call));
        }
    }
}

impl fmt::Debug for LabelledInFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LabelledInFlight").finish_non_exhaustive()
    }
}

/// The value of a label that the result tells.
pub fn told<'a, T, V: Display>(value: &'a T, label: impl FnOnce(&'a T) -> V) -> V {
    label(value)
}
