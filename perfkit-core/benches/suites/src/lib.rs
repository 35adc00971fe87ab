//! By how much the first benchmark of each suite does more, in percent.

/// Changed by whoever measures whether a slowdown is found.
pub const MORE_PERCENT: usize = 0;

/// So many units, and what is more.
#[must_use]
pub fn units(count: usize) -> usize {
    count + count * MORE_PERCENT / 100
}
