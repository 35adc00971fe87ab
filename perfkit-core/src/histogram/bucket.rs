//! Which bucket a value falls into: the layout of HdrHistogram with two
//! significant digits.
//!
//! Values below 256 have a bucket of their own; above, every doubling is cut
//! into 128 buckets, so that a bucket is at most 1/128 of its values wide.

/// The largest value with a bucket of its own: 78 hours in nanoseconds, 256 TiB
/// in bytes.
pub(crate) const HIGHEST: u64 = (1 << 48) - 1;

/// How many buckets there are.
pub(crate) const COUNT: usize = index_of_low(HIGHEST) as usize + 1;

/// Buckets of a doubling.
const HALF: u64 = 128;

/// The bucket of a value; values above [`HIGHEST`] share the last one.
#[inline(always)]
pub(crate) fn index(value: u64) -> u16 {
    // At most 41 · 128 + 255 for the largest value.
    index_of_low(value.min(HIGHEST)) as u16
}

/// The bucket of a value that is at most [`HIGHEST`].
#[inline(always)]
pub(crate) const fn index_of_low(value: u64) -> u32 {
    let shift = 56 - (value | 255).leading_zeros();
    shift * HALF as u32 + (value >> shift) as u32
}

/// The smallest value of a bucket.
pub(crate) fn lowest(index: u16) -> u64 {
    let (shift, sub) = parts(index);
    sub << shift
}

/// The value in the middle of a bucket, which stands for all of it.
pub(crate) fn middle(index: u16) -> u64 {
    let (shift, sub) = parts(index);
    (sub << shift) + ((1 << shift) >> 1)
}

/// The largest value of a bucket.
pub(crate) fn highest(index: u16) -> u64 {
    let (shift, sub) = parts(index);
    ((sub + 1) << shift) - 1
}

fn parts(index: u16) -> (u32, u64) {
    let index = u64::from(index);
    if index < 2 * HALF {
        return (0, index);
    }
    let shift = index / HALF - 1;
    (shift as u32, index - shift * HALF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    fn reference() -> Histogram<u64> {
        Histogram::new_with_bounds(1, HIGHEST, 2).unwrap()
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        let last = index(HIGHEST);
        assert_eq!(index(u64::MAX), last);
        for bucket in 0..last {
            assert_eq!(highest(bucket) + 1, lowest(bucket + 1));
            assert_eq!(index(lowest(bucket)), bucket);
            assert_eq!(index(middle(bucket)), bucket);
            assert_eq!(index(highest(bucket)), bucket);
        }
        assert_eq!(highest(last), HIGHEST);
    }

    proptest! {
        #[test]
        fn the_layout_is_that_of_hdrhistogram(value in 0_u64..=HIGHEST) {
            let reference = reference();
            let bucket = index(value);
            prop_assert_eq!(lowest(bucket), reference.lowest_equivalent(value));
            prop_assert_eq!(middle(bucket), reference.median_equivalent(value));
            prop_assert_eq!(highest(bucket), reference.highest_equivalent(value));
        }
    }
}
