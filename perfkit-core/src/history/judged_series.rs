//! What is said of one series.

use super::change::Change;

/// What was found in a series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JudgedSeries {
    /// Its changes, in the order of their first points.
    pub changes: Vec<Change>,
    /// Whether its newest point was judged: a new machine or toolchain has too few of its own
    /// at first.
    pub is_newest_judged: bool,
    /// How many points there were too few of in their group to judge them, fewer than eight.
    pub too_few: usize,
    /// How many points were left out because they are negative or no numbers.
    pub left_out: usize,
    /// Whether values gather about two levels between which they change back and forth, so that
    /// single points say little.
    pub is_bimodal: bool,
}
