//! What can be run and compared.

use crate::metric::Metric;
use crate::report::RunFailure;
use crate::unit::Unit;

/// Which run of a subject is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// A run that is not counted.
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

/// One value of a run.
pub type Measured = (Metric, Unit, f64);

/// What became of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunResult {
    /// It succeeded; a metric that not every run of a subject measures is left out.
    Done(Vec<Measured>),
    /// It failed, and its values do not count.
    Failed(RunFailure),
    /// It cannot be run at all: sampling ends, also where failures are ignored.
    Impossible(RunFailure),
    /// The user wants everything to end.
    Interrupted,
}

/// A contestant.
pub trait Subject {
    /// Its name, different from those of the others.
    fn name(&self) -> &str;

    /// Runs it once.
    fn run(&mut self, run: Run) -> RunResult;
}
