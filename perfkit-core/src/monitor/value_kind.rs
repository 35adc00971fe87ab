//! Values that a program hands over.

use crate::metric::Metric;
use crate::unit::Unit;

/// What the durations of an operation's calls stand for, where they are none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ValueKind {
    pub(crate) metric: Metric,
    pub(crate) unit: Unit,
    /// How many nanoseconds of a duration stand for one of the unit.
    pub(crate) per_unit: f64,
}
