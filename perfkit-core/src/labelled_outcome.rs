//! How a call ended, with labels that only its result tells.

use std::fmt::Display;

use crate::label::Label;
use crate::outcome::Outcome;

/// How a call ended, and under which labels it is counted; made by [`Outcome::label`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct LabelledOutcome {
    pub(crate) outcome: Outcome,
    pub(crate) labels: Vec<Label>,
}

impl LabelledOutcome {
    /// The same with one label more. Of two values of one key the later one counts;
    /// 100 characters of it are kept.
    pub fn label(mut self, key: &str, value: impl Display) -> Self {
        self.labels.push(Label::new(key, &value));
        self
    }
}

impl Outcome {
    /// The outcome of a call that is counted under a label, as one of the operation
    /// `name{key="value"}`. For
    /// [`Operation::measure_labelled`](crate::Operation::measure_labelled).
    pub fn label(self, key: &str, value: impl Display) -> LabelledOutcome {
        LabelledOutcome::from(self).label(key, value)
    }
}

impl From<Outcome> for LabelledOutcome {
    #[inline]
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            labels: Vec::new(),
        }
    }
}
