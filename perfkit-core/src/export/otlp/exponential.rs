//! From HDR buckets to the buckets of an exponential histogram.

use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;

use crate::histogram::{Histogram, bucket};

/// 2⁶ buckets to a doubling: each is at most 1.1 % wide, so that its middle is
/// within 0.55 % of every value in it.
pub(super) const SCALE: i32 = 6;

/// The positive buckets of a histogram's values times `factor`, and how many
/// values were zero.
///
/// The bucket of index i holds values in (2^(i/64), 2^((i+1)/64)]. Every value is taken as the
/// middle of its bucket, whatever minimum and maximum are: else a count could move to another
/// bucket from one export to the next.
pub(super) fn buckets(histogram: &Histogram, factor: f64) -> (Buckets, u64) {
    let mut zeros = 0;
    let mut counts: Vec<(i32, u64)> = Vec::new();
    for (index, count) in histogram.buckets() {
        let value = bucket::middle(index);
        if value == 0 {
            zeros += count;
            continue;
        }
        let index = index_of(value as f64 * factor);
        match counts.last_mut() {
            Some((last, sum)) if *last == index => *sum += count,
            _ => counts.push((index, count)),
        }
    }
    let (Some(&(offset, _)), Some(&(last, _))) = (counts.first(), counts.last()) else {
        return (Buckets::default(), zeros);
    };
    let mut bucket_counts = vec![0; (last - offset) as usize + 1];
    for (index, count) in counts {
        bucket_counts[(index - offset) as usize] += count;
    }
    let buckets = Buckets {
        offset,
        bucket_counts,
    };
    (buckets, zeros)
}

fn index_of(value: f64) -> i32 {
    (value.log2() * f64::from(1 << SCALE)).ceil() as i32 - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The value at a quantile as a collector computes it: the geometric middle
    /// of the bucket that holds the rank.
    fn percentile(buckets: &Buckets, zeros: u64, rank: u64) -> f64 {
        let mut seen = zeros;
        if rank <= seen {
            return 0.0;
        }
        for (position, count) in buckets.bucket_counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                let index = f64::from(buckets.offset) + position as f64;
                return ((index + 0.5) / 64.0).exp2();
            }
        }
        f64::NAN
    }

    #[test]
    fn borders_belong_to_the_bucket_below() {
        assert_eq!(index_of(1.0), -1);
        assert_eq!(index_of(2.0), 63);
        assert_eq!(index_of(2.0_f64.powf(1.0 / 64.0) * 1.000_001), 1);
    }

    #[test]
    fn nothing_recorded_has_no_buckets() {
        assert_eq!(buckets(&Histogram::new(), 1.0), (Buckets::default(), 0));
        let mut zeros = Histogram::new();
        zeros.record_n(0, 7);
        assert_eq!(buckets(&zeros, 1e-9), (Buckets::default(), 7));
    }

    proptest! {
        #[test]
        fn counts_are_kept_and_percentiles_are_within_one_percent(
            values in prop::collection::vec(0_u64..100_000_000_000, 1..300),
            quantile in 0.001_f64..=1.0,
        ) {
            let mut histogram = Histogram::new();
            values.iter().for_each(|&value| histogram.record(value));
            let (buckets, zeros) = buckets(&histogram, 1e-9);
            let counted = buckets.bucket_counts.iter().sum::<u64>() + zeros;
            prop_assert_eq!(counted, values.len() as u64);

            let mut ordered = values.clone();
            ordered.sort_unstable();
            let rank = crate::stats::nearest_rank(quantile, values.len() as u64).unwrap();
            let exact = ordered[rank as usize - 1] as f64 * 1e-9;
            let estimate = percentile(&buckets, zeros, rank);
            // Below 256 ns a bucket holds one whole number.
            prop_assert!((estimate - exact).abs() <= 0.01 * exact + 0.6e-9, "{} is not {}", estimate, exact);
        }
    }
}
