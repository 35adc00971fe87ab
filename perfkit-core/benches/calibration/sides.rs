//! The two sides of a comparison.

use crate::commands::Pair;
use crate::roles::Task;

/// Two functions or two commands to compare.
#[derive(Clone)]
pub(crate) enum Sides {
    Functions(Task),
    Commands(Pair),
}

impl Sides {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Functions(task) => task.workload.name,
            Self::Commands(pair) => &pair.name,
        }
    }
}
