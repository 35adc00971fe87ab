//! The fixed bounds of classic buckets.

use crate::histogram::{Histogram, bucket};

/// The bounds of a decade, in tenths of its first.
const TENTHS: [u64; 6] = [10, 15, 20, 30, 50, 70];

/// A tenth of the lowest bound.
const FIRST_TENTH_NS: u64 = 10;

/// From 100 ns to 100 s.
const DECADES: u32 = 9;

/// The lowest bound of what is no time, in bytes: a power of four, as are the others.
const FIRST_BYTES: u64 = 64;

/// Up to 64 GiB.
const POWERS: u32 = 16;

/// A bound in perfkit's own unit and in the metric's, and its text as a label.
pub(super) struct Bound {
    pub(super) own: u64,
    pub(super) value: f64,
    pub(super) le: String,
}

/// All bounds, ascending.
pub(super) struct BucketBounds {
    all: Vec<Bound>,
}

impl BucketBounds {
    /// Those of values of which so many make one of the metric's unit: of times, or else of
    /// sizes and counts.
    pub(super) fn of(per_unit: f64) -> Self {
        let own = match per_unit {
            1.0 => Self::powers(),
            _ => Self::ladder(),
        };
        let bounds = own.into_iter().map(|own| {
            let value = own as f64 / per_unit;
            let le = le(value);
            Bound { own, value, le }
        });
        Self {
            all: bounds.collect(),
        }
    }

    fn powers() -> Vec<u64> {
        (0..POWERS)
            .map(|power| FIRST_BYTES * 4_u64.pow(power))
            .collect()
    }

    fn ladder() -> Vec<u64> {
        let decades = (0..DECADES).map(|power| FIRST_TENTH_NS * 10_u64.pow(power));
        let within = decades.flat_map(|tenth_ns| TENTHS.map(|tenths| tenths * tenth_ns));
        let last = TENTHS[0] * FIRST_TENTH_NS * 10_u64.pow(DECADES);
        within.chain([last]).collect()
    }

    /// Each bound, and how many of a histogram's values it covers.
    ///
    /// A bucket counts as soon as its smallest value is covered: a value is never
    /// missing below its bound, and one up to 1/128 above may be there too. A
    /// bucket is always on the same side of a bound, so that counts only grow.
    pub(super) fn cumulative<'a>(
        &'a self,
        histogram: &'a Histogram,
    ) -> impl Iterator<Item = (&'a Bound, u64)> {
        let mut buckets = histogram.buckets().peekable();
        let mut covered = 0_u64;
        self.all.iter().map(move |bound| {
            let is_covered = |(index, _): &(u16, u64)| bucket::lowest(*index) <= bound.own;
            while let Some((_, count)) = buckets.next_if(is_covered) {
                covered = covered.saturating_add(count);
            }
            (bound, covered)
        })
    }
}

/// A bound as OpenMetrics wants it, in both formats: a scraper that changes
/// from one to the other shall not see new series.
fn le(value: f64) -> String {
    if value < 1e-4 {
        // Go writes exponents in two digits, and these have one.
        format!("{value:e}").replace("e-", "e-0")
    } else {
        format!("{value:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::NS_PER_SECOND;
    use proptest::prelude::*;

    fn histogram(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        values.iter().for_each(|&value| histogram.record(value));
        histogram
    }

    fn counts(bounds: &BucketBounds, values: &[u64]) -> Vec<u64> {
        let histogram = histogram(values);
        let counts = bounds.cumulative(&histogram).map(|(_, count)| count);
        counts.collect()
    }

    #[test]
    fn the_ladder_is_1_1_5_2_3_5_7_from_100_ns_to_100_s() {
        let bounds = BucketBounds::of(NS_PER_SECOND);
        let le: Vec<_> = bounds.all.iter().map(|bound| bound.le.as_str()).collect();
        assert_eq!(le.len(), 55);
        assert_eq!(
            le[..8],
            [
                "1e-07", "1.5e-07", "2e-07", "3e-07", "5e-07", "7e-07", "1e-06", "1.5e-06"
            ]
        );
        assert_eq!(
            le[16..26],
            [
                "5e-05", "7e-05", "0.0001", "0.00015", "0.0002", "0.0003", "0.0005", "0.0007",
                "0.001", "0.0015"
            ]
        );
        assert_eq!(
            le[42..],
            [
                "1.0", "1.5", "2.0", "3.0", "5.0", "7.0", "10.0", "15.0", "20.0", "30.0", "50.0",
                "70.0", "100.0"
            ]
        );
        for bound in &bounds.all {
            let seconds: f64 = bound.le.parse().unwrap();
            assert_eq!(seconds, bound.own as f64 / NS_PER_SECOND);
        }
        assert!(bounds.all.is_sorted_by(|a, b| a.own < b.own));
    }

    #[test]
    fn bounds_of_sizes_are_powers_of_four_from_64_bytes_to_64_gib() {
        let bounds = BucketBounds::of(1.0);
        let le: Vec<_> = bounds.all.iter().map(|bound| bound.le.as_str()).collect();
        assert_eq!((le.len(), &le[..3]), (16, &["64.0", "256.0", "1024.0"][..]));
        assert_eq!(le[15], "68719476736.0");
        assert_eq!(counts(&bounds, &[64, 65, 1 << 36])[..2], [1, 2]);
    }

    #[test]
    fn a_value_on_a_bound_is_covered_by_it_and_one_1_percent_above_is_not() {
        let bounds = BucketBounds::of(NS_PER_SECOND);
        for (position, bound) in bounds.all.iter().enumerate() {
            let at = |value| counts(&bounds, &[value])[position];
            assert_eq!(at(bound.own), 1, "{}", bound.le);
            assert_eq!(at(bound.own + bound.own / 100), 0, "{}", bound.le);
        }
    }

    #[test]
    fn values_below_and_above_the_ladder_are_not_lost() {
        let bounds = BucketBounds::of(NS_PER_SECOND);
        assert_eq!(counts(&bounds, &[0, 1])[0], 2);
        assert_eq!(counts(&bounds, &[u64::MAX]), [0; 55]);
        assert_eq!(counts(&bounds, &[]), [0; 55]);
    }

    proptest! {
        #[test]
        fn counts_are_right_to_a_bucket_and_only_grow(
            earlier in prop::collection::vec(0_u64..300_000_000_000, 0..100),
            later in prop::collection::vec(0_u64..10_000_000, 0..100),
        ) {
            let bounds = BucketBounds::of(NS_PER_SECOND);
            let before = counts(&bounds, &earlier);
            let all = [earlier, later].concat();
            let after = counts(&bounds, &all);
            prop_assert!(after.is_sorted());
            for ((bound, before), after) in bounds.all.iter().zip(before).zip(after) {
                let within = |bound| all.iter().filter(|&&value| value <= bound).count() as u64;
                prop_assert!(before <= after);
                prop_assert!(within(bound.own) <= after);
                prop_assert!(after <= within(bound.own + bound.own / 128));
            }
        }
    }
}
