//! A change in a series.

use crate::report::Ratio;

/// How a series changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// From one point to the next.
    Step,
    /// A little with every point of a stretch.
    Drift,
}

/// How much there is to go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// Five points or more lie on either side.
    Found,
    /// Three or four points lie after it: it may yet turn out to be none.
    Watching,
}

/// A change in a series that noise alone would hardly ever look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// A step or a drift.
    pub kind: ChangeKind,
    /// Whether it is found or watched.
    pub certainty: Certainty,
    /// The index of the first point after a step, or of the first one of a drift, among the
    /// points of its series.
    pub first: usize,
    /// The index of the point that was last before it, in the same group; of a drift the last
    /// one that it takes in.
    pub other: usize,
    /// The positions between which the first point after a step is, both included, with about
    /// 95 %; of a drift its first and its last.
    pub positions: (u64, u64),
    /// The values after over those before; over the whole of a drift.
    pub ratio: Ratio,
    /// How often noise alone would look as much like a change.
    pub p_value: f64,
}
