//! From buckets of one width to those of a native histogram, which grow with the value.

use crate::histogram::{Histogram, bucket};

/// 2⁷ buckets to a doubling: each is 0.54 % wide, so that what Prometheus finds in one is
/// within 1 % of what a report says, whose own buckets are 0.8 % wide.
pub(super) const SCHEMA: i32 = 7;

/// What is no further from zero counts as zero. Of times only zero is: the smallest other
/// one is a nanosecond. It is that of Prometheus' own libraries, 2⁻¹²⁸.
pub(super) const ZERO_THRESHOLD: f64 = 2.938_735_877_055_719e-39;

/// The longest gap that is told as empty buckets: a new span would take as many bytes.
const LONGEST_GAP: i32 = 2;

/// The buckets of a native histogram, in its metric's unit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct NativeBuckets {
    /// How many values were zero.
    pub(super) zeros: u64,
    /// Buckets that follow each other: how many are left out before, counted from the
    /// span before or from 0, and how many there are.
    pub(super) spans: Vec<(i32, u32)>,
    /// The counts of all buckets of the spans, each less the one before.
    pub(super) deltas: Vec<i64>,
}

/// The values of a histogram, of which `per_unit` make one of the metric's unit.
///
/// The bucket of index i holds values in (2^((i-1)/128), 2^(i/128)]. All values of a bucket
/// of the histogram go to the one that has its middle: always the same, so that counts
/// only grow.
pub(super) fn native_buckets(histogram: &Histogram, per_unit: f64) -> NativeBuckets {
    let mut native = NativeBuckets::default();
    let mut counts: Vec<(i32, u64)> = Vec::new();
    for (bucket, count) in histogram.buckets() {
        let own = bucket::middle(bucket);
        if own == 0 {
            native.zeros = native.zeros.saturating_add(count);
            continue;
        }
        let index = index_of(own as f64 / per_unit);
        match counts.last_mut() {
            Some((last, sum)) if *last == index => *sum = sum.saturating_add(count),
            _ => counts.push((index, count)),
        }
    }
    let mut next = 0;
    let mut before = 0_i64;
    for (index, count) in counts {
        let gap = index - next;
        match native.spans.last_mut() {
            Some((_, length)) if gap <= LONGEST_GAP => {
                *length += 1 + gap.unsigned_abs();
                for _ in 0..gap {
                    native.deltas.push(-before);
                    before = 0;
                }
            }
            _ => native.spans.push((gap, 1)),
        }
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        native.deltas.push(count - before);
        before = count;
        next = index + 1;
    }
    native
}

fn index_of(seconds: f64) -> i32 {
    (seconds.log2() * f64::from(1 << SCHEMA)).ceil() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::NS_PER_SECOND;
    use proptest::prelude::*;

    /// Buckets and their counts, as a reader takes them from spans and deltas.
    fn read(native: &NativeBuckets) -> Vec<(i32, u64)> {
        let mut deltas = native.deltas.iter();
        let (mut index, mut count) = (0, 0);
        let mut buckets = Vec::new();
        for (offset, length) in &native.spans {
            index += offset;
            for _ in 0..*length {
                count += deltas.next().unwrap();
                buckets.push((index, u64::try_from(count).unwrap()));
                index += 1;
            }
        }
        assert_eq!(deltas.next(), None);
        buckets
    }

    /// The quantile as Prometheus finds it: within the bucket that has the rank, linearly.
    fn quantile(native: &NativeBuckets, quantile: f64) -> f64 {
        let buckets = read(native);
        let total = native.zeros + buckets.iter().map(|(_, count)| count).sum::<u64>();
        let rank = quantile * total as f64;
        let mut seen = native.zeros as f64;
        if rank <= seen {
            return 0.0;
        }
        for (index, count) in buckets {
            let (lower, upper) = (bound(index - 1), bound(index));
            if count > 0 && seen + count as f64 >= rank {
                return lower + (upper - lower) * (rank - seen) / count as f64;
            }
            seen += count as f64;
        }
        f64::NAN
    }

    fn bound(index: i32) -> f64 {
        (f64::from(index) / 128.0).exp2()
    }

    fn histogram(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        values.iter().for_each(|&value| histogram.record(value));
        histogram
    }

    #[test]
    fn nothing_has_no_buckets_and_zero_has_one_of_its_own() {
        assert_eq!(
            native_buckets(&Histogram::new(), NS_PER_SECOND),
            NativeBuckets::default()
        );
        let native = native_buckets(&histogram(&[0, 0, 1]), NS_PER_SECOND);
        assert_eq!(
            (native.zeros, native.spans, native.deltas),
            (2, vec![(-3826, 1)], vec![1])
        );
    }

    #[test]
    fn short_gaps_are_empty_buckets_and_long_ones_begin_a_span() {
        // 200, 201 and 203 ns are 0, 1 and 3 buckets from each other.
        let native = native_buckets(&histogram(&[200, 201, 203, 203, 400]), NS_PER_SECOND);
        assert_eq!(read(&native).iter().map(|(_, count)| count).sum::<u64>(), 5);
        assert_eq!(native.spans.len(), 2);
        assert_eq!(native.spans[1].1, 1);
        assert!(native.deltas.contains(&-1));
    }

    proptest! {
        #[test]
        fn counts_are_kept_and_quantiles_are_within_one_percent_of_the_report(
            values in prop::collection::vec(0_u64..1 << 37, 1..300),
            shift in 0_u32..30,
            q in 0.001_f64..=1.0,
        ) {
            let values: Vec<u64> = values.iter().map(|value| value >> shift).collect();
            let histogram = histogram(&values);
            let native = native_buckets(&histogram, NS_PER_SECOND);
            let counted = read(&native).iter().map(|(_, count)| count).sum::<u64>();
            prop_assert_eq!(counted + native.zeros, values.len() as u64);

            let said = histogram.percentile(q).unwrap() / NS_PER_SECOND;
            let found = quantile(&native, q);
            prop_assert!((found - said).abs() <= 0.01 * said, "{} is not {}", found, said);
        }

        #[test]
        fn buckets_never_fall(
            earlier in prop::collection::vec(0_u64..1 << 40, 1..100),
            later in prop::collection::vec(0_u64..1 << 40, 1..100),
        ) {
            let before = read(&native_buckets(&histogram(&earlier), NS_PER_SECOND));
            let after = read(&native_buckets(&histogram(&[earlier, later].concat()), NS_PER_SECOND));
            for (index, count) in before {
                let same = after.iter().find(|(of, _)| *of == index);
                prop_assert!(count == 0 || same.is_some_and(|(_, after)| *after >= count));
            }
        }
    }
}
