//! From HDR buckets to buckets between bounds that are chosen beforehand.

use std::time::Duration;

use crate::histogram::{Histogram, bucket};

/// OpenTelemetry's default bounds, which know no unit.
const DEFAULTS: [f64; 15] = [
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0,
    10_000.0,
];

const BYTES_OF_KIB: f64 = 1024.0;

/// The bounds of a unit, in OpenTelemetry's own unit: those that are asked for, of times alone;
/// else the defaults as milliseconds, as KiB, or as a number.
pub(super) fn bounds_of(unit: &str, asked_for: &[Duration]) -> Vec<f64> {
    let scaled = |factor: f64| DEFAULTS.iter().map(|bound| bound * factor).collect();
    match unit {
        "s" if !asked_for.is_empty() => {
            let mut bounds: Vec<f64> = asked_for.iter().map(Duration::as_secs_f64).collect();
            bounds.sort_by(f64::total_cmp);
            bounds.dedup();
            bounds
        }
        // By division, so that each is the number that its digits say.
        "s" => DEFAULTS.iter().map(|bound| bound / 1000.0).collect(),
        "By" => scaled(BYTES_OF_KIB),
        _ => scaled(1.0),
    }
}

/// How many values are above the bound before and up to each bound, and how many above the
/// last. Of a value, which is taken as the middle of its own bucket, `per_unit` make
/// one of OpenTelemetry's unit.
pub(super) fn counts(histogram: &Histogram, per_unit: f64, bounds: &[f64]) -> Vec<u64> {
    let mut counts = vec![0_u64; bounds.len() + 1];
    for (index, count) in histogram.buckets() {
        let value = bucket::middle(index) as f64 / per_unit;
        let place = bounds.partition_point(|bound| *bound < value);
        counts[place] = counts[place].saturating_add(count);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_bucket_whose_bound_it_does_not_exceed() {
        let mut histogram = Histogram::new();
        for value in [0, 1, 2, 2, 3, 200] {
            histogram.record(value);
        }
        assert_eq!(counts(&histogram, 1.0, &[0.0, 2.0, 3.0]), [1, 3, 1, 1]);
        assert_eq!(counts(&histogram, 1.0, &[]), [6]);
    }

    #[test]
    fn bounds_are_those_asked_for_or_the_defaults_scaled() {
        let own = [2, 1, 1].map(Duration::from_secs);
        assert_eq!(bounds_of("s", &own), [1.0, 2.0]);
        assert_eq!(bounds_of("s", &[])[..3], [0.0, 0.005, 0.01]);
        assert_eq!(bounds_of("By", &own)[1], 5120.0);
        assert_eq!(bounds_of("{thing}", &own)[14], 10_000.0);
    }
}
