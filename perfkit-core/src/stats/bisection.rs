//! Bisection over all doubles, to select order statistics of derived values
//! without a table of them.

/// The least double in [low, high] for which `holds` is true, of a predicate
/// that turns from false to true as doubles grow; `high` if there is none.
///
/// At most 65 calls of the predicate.
pub(super) fn least_double(low: f64, high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (to_ordinal(low), to_ordinal(high));
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(from_ordinal(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    from_ordinal(low)
}

/// Maps doubles to integers that are ordered as the doubles are.
fn to_ordinal(value: f64) -> i128 {
    let bits = i128::from((value + 0.0).to_bits() & (u64::MAX >> 1));
    if value < 0.0 { -bits } else { bits }
}

fn from_ordinal(ordinal: i128) -> f64 {
    let magnitude = f64::from_bits(ordinal.unsigned_abs() as u64);
    if ordinal < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_are_found_too() {
        assert_eq!(least_double(-1.0, 2.0, |_| true), -1.0);
        assert_eq!(least_double(-1.0, 2.0, |_| false), 2.0);
        assert_eq!(least_double(f64::MIN, f64::MAX, |x| x >= 0.1), 0.1);
    }

    proptest! {
        #[test]
        fn ordinals_keep_order_and_value(a in prop::num::f64::NORMAL, b in prop::num::f64::NORMAL) {
            prop_assert_eq!(from_ordinal(to_ordinal(a)), a);
            prop_assert_eq!(to_ordinal(a) < to_ordinal(b), a < b);
        }
    }
}
