//! From HDR buckets to the buckets of an exponential histogram.

use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;

use crate::histogram::{Histogram, bucket};

/// The finest scale that is told: 2⁶ buckets to a doubling. Each is at most 1.1 % wide, so that
/// its middle is within 0.55 % of every value in it. Perfkit's own buckets are up to 0.8 % wide.
pub(super) const FINEST_SCALE: i32 = 6;

/// The coarsest scale that receivers have to know.
const COARSEST_SCALE: i32 = -10;

/// The distribution of positive values, and how many were zero.
#[derive(Debug, PartialEq)]
pub(super) struct Exponential {
    pub(super) scale: i32,
    pub(super) positive: Buckets,
    pub(super) zero_count: u64,
}

/// The positive buckets of a histogram's values, of which `per_unit` make one of
/// OpenTelemetry's unit, at most `max_buckets` from the
/// first to the last, empty ones between them included: OTLP has no way to leave those out. The
/// scale is as fine as that allows.
///
/// The bucket of index i holds values in (2^(i/2ˢ), 2^((i+1)/2ˢ)] for scale s. Every value is
/// taken as the middle of its own bucket, whatever minimum and maximum are: else a count could
/// move to another bucket from one export to the next.
pub(super) fn exponential(histogram: &Histogram, per_unit: f64, max_buckets: usize) -> Exponential {
    let mut zero_count = 0_u64;
    let mut counts: Vec<(i32, u64)> = Vec::new();
    for (index, count) in histogram.buckets() {
        let value = bucket::middle(index);
        if value == 0 {
            zero_count = zero_count.saturating_add(count);
            continue;
        }
        counts.push((index_of(value as f64 / per_unit), count));
    }
    let (Some(&(first, _)), Some(&(last, _))) = (counts.first(), counts.last()) else {
        return Exponential {
            scale: FINEST_SCALE,
            positive: Buckets::default(),
            zero_count,
        };
    };
    let coarser = coarser_by(first, last, max_buckets);
    let offset = first >> coarser;
    let mut bucket_counts = vec![0_u64; ((last >> coarser) - offset) as usize + 1];
    for (index, count) in counts {
        let bucket = &mut bucket_counts[((index >> coarser) - offset) as usize];
        *bucket = bucket.saturating_add(count);
    }
    Exponential {
        scale: FINEST_SCALE - coarser,
        positive: Buckets {
            offset,
            bucket_counts,
        },
        zero_count,
    }
}

/// By how many scales buckets have to be merged, two at a time, so that there are no more than
/// so many from the first to the last.
fn coarser_by(first: i32, last: i32, max_buckets: usize) -> i32 {
    let most = (FINEST_SCALE - COARSEST_SCALE) as u32;
    let buckets = |by: u32| ((last >> by) - (first >> by)) as usize + 1;
    let most_buckets = max_buckets.max(2);
    let fits = (0..most).find(|by| buckets(*by) <= most_buckets);
    fits.unwrap_or(most) as i32
}

/// That of the finest scale.
fn index_of(value: f64) -> i32 {
    (value.log2() * f64::from(1 << FINEST_SCALE)).ceil() as i32 - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The value at a quantile as a collector computes it: the geometric middle
    /// of the bucket that holds the rank.
    fn percentile(told: &Exponential, rank: u64) -> f64 {
        let mut seen = told.zero_count;
        if rank <= seen {
            return 0.0;
        }
        for (position, count) in told.positive.bucket_counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                let index = f64::from(told.positive.offset) + position as f64;
                return ((index + 0.5) * f64::from(-told.scale).exp2()).exp2();
            }
        }
        f64::NAN
    }

    /// Half the width of a bucket.
    fn bound(scale: i32) -> f64 {
        (0.5 * f64::from(-scale).exp2()).exp2() - 1.0
    }

    fn counted(told: &Exponential) -> u64 {
        told.positive.bucket_counts.iter().sum::<u64>() + told.zero_count
    }

    #[test]
    fn borders_belong_to_the_bucket_below() {
        assert_eq!(index_of(1.0), -1);
        assert_eq!(index_of(2.0), 63);
        assert_eq!(index_of(2.0_f64.powf(1.0 / 64.0) * 1.000_001), 1);
    }

    #[test]
    fn nothing_recorded_has_no_buckets() {
        let empty = |zero_count| Exponential {
            scale: FINEST_SCALE,
            positive: Buckets::default(),
            zero_count,
        };
        assert_eq!(exponential(&Histogram::new(), 1.0, 160), empty(0));
        let mut zeros = Histogram::new();
        zeros.record_n(0, 7);
        assert_eq!(exponential(&zeros, 1e9, 160), empty(7));
    }

    /// So far apart are the largest and the smallest value at each scale.
    #[test]
    fn the_scale_is_as_fine_as_the_number_of_buckets_allows() {
        let scale = |ratio: u64, max_buckets| {
            let mut histogram = Histogram::new();
            histogram.record(1000);
            histogram.record(1000 * ratio);
            let told = exponential(&histogram, 1.0, max_buckets);
            assert!(told.positive.bucket_counts.len() <= max_buckets.max(2));
            assert_eq!(counted(&told), 2);
            told.scale
        };
        assert_eq!(
            [5, 30, 900, 900_000].map(|ratio| scale(ratio, 160)),
            [6, 5, 4, 3]
        );
        assert_eq!([5, 1_000_000].map(|ratio| scale(ratio, 2000)), [6, 6]);
        assert_eq!(scale(1000, 20), 0);
        assert!([0, 1, 2].iter().all(|few| scale(1_000_000, *few) < 0));
    }

    proptest! {
        #[test]
        fn counts_are_kept_and_percentiles_are_within_the_scales_error(
            values in prop::collection::vec(0_u64..100_000_000_000, 1..300),
            quantile in 0.001_f64..=1.0,
            max_buckets in prop::sample::select(vec![20_usize, 160, 400, 4000]),
        ) {
            let mut histogram = Histogram::new();
            values.iter().for_each(|&value| histogram.record(value));
            let told = exponential(&histogram, 1e9, max_buckets);
            prop_assert!(told.positive.bucket_counts.len() <= max_buckets);
            prop_assert_eq!(counted(&told), values.len() as u64);

            let mut ordered = values.clone();
            ordered.sort_unstable();
            let rank = crate::stats::nearest_rank(quantile, values.len() as u64).unwrap();
            let exact = ordered[rank as usize - 1] as f64 * 1e-9;
            let estimate = percentile(&told, rank);
            // Our own buckets are 0.4 % around their middle.
            let allowed = (1.0 + bound(told.scale)) * 1.004 - 1.0;
            // Below 256 ns a bucket holds one whole number.
            prop_assert!((estimate - exact).abs() <= allowed * exact + 0.6e-9, "{} is not {}", estimate, exact);
        }
    }
}
