//! The labels of a call whose result tells some of them.

use crate::alloc;
use crate::label::Label;
use crate::labelled_outcome::LabelledOutcome;
use crate::monitor::Destination;
use crate::outcome::{Ending, Outcome};
use crate::recorder::Sample;

/// The labels of a call in flight.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallLabels {
    known: Vec<Label>,
    /// The keys of those that the result shall tell.
    awaited: &'static [&'static str],
}

impl CallLabels {
    pub(crate) fn new(known: Vec<Label>, awaited: &'static [&'static str]) -> Self {
        Self { known, awaited }
    }

    /// Of two values of one key the later one counts.
    pub(super) fn add(&mut self, more: impl IntoIterator<Item = Label>) {
        for label in more {
            match self.known.iter_mut().find(|known| known.key == label.key) {
                Some(known) => *known = label,
                None => self.known.push(label),
            }
        }
    }

    /// Counts a finished call of an operation under its labels.
    pub(super) fn record(self, operation: &Destination, sample: Sample, outcome: Outcome) {
        if self.is_none() {
            return operation.record(sample, outcome);
        }
        alloc::uncounted(|| {
            let labels = self.at_end(outcome.ending());
            operation.labelled(labels).record(sample, outcome);
        });
    }

    /// The same with labels that the result told.
    pub(super) fn record_told(
        mut self,
        operation: &Destination,
        sample: Sample,
        told: LabelledOutcome,
    ) {
        let LabelledOutcome { outcome, labels } = told;
        if self.is_none() && labels.is_empty() {
            return operation.record(sample, outcome);
        }
        alloc::uncounted(|| {
            self.add(labels);
            self.record(operation, sample, outcome);
        });
    }

    fn is_none(&self) -> bool {
        self.known.is_empty() && self.awaited.is_empty()
    }

    /// All labels of a call that ended so. One that has no result has the way it ended
    /// in the place of what its result would have told.
    fn at_end(mut self, ending: Ending) -> Vec<Label> {
        let word = match ending {
            Ending::Panic => "panic",
            Ending::Cancelled => "cancelled",
            // A macro in the body returned, as `bail!` does where its function is left in place.
            Ending::Success | Ending::Failure => "unknown",
        };
        let is_known = |key: &str| self.known.iter().any(|known| known.key == key);
        let missing = self.awaited.iter().filter(|key| !is_known(key));
        let missing: Vec<_> = missing.map(|key| Label::new(key, &word)).collect();
        self.known.extend(missing);
        self.known
    }
}
