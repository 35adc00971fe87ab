//! What is run as a whole and compared with others: a command.

use crate::report::RunFailure;

use super::samples::MetricValue;

/// Which run of a subject is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// A run whose values are not kept.
    Warmup,
    /// The counted run of this number, from 1.
    Counted(u64),
}

impl Run {
    /// The number of a counted run.
    #[must_use]
    pub fn number(self) -> Option<u64> {
        match self {
            Self::Warmup => None,
            Self::Counted(number) => Some(number),
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RunResult {
    /// It succeeded; a metric that not every run of a subject measures is left out.
    Done(Vec<MetricValue>),
    /// It failed, which the user ignores: it is counted as a failure, and sampling goes on.
    /// Its values count, marked as those of a failure; none where nothing could be measured.
    FailedAndIgnored(RunFailure, Vec<MetricValue>),
    /// It failed, and sampling ends.
    Failed(RunFailure),
    /// The user wants everything to end.
    Interrupted,
}

/// An implementation that is run as a whole.
pub trait Subject {
    /// Its name, different from those of the others.
    fn name(&self) -> &str;

    /// Runs it once.
    fn run(&mut self, run: Run) -> RunResult;
}
