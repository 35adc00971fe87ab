//! Values that stand alone, brought back to their neighbours.

use crate::stats::middle::middle;
use crate::stats::percentile::sorted;
use crate::stats::spread::robust_std_dev;

/// Neighbours on either side of a value, itself among them: a change that three of them
/// share is none of one value.
const REACH: usize = 2;

/// How far from the median of its neighbours a value may lie, in standard deviations.
const FARTHEST: f64 = 3.0;

/// The values, each of them brought to within three standard deviations of the median of
/// the five around it (Winsor's way, Tukey 1962; the filter of Hampel 1974, which puts the
/// median itself in place). At the ends these five are the first and the last.
///
/// One or two odd values lose their weight wherever they stand, and a new level that
/// three values share keeps all of its height: limits that the whole series draws would cut
/// a level off that is new. The deviation is that from these medians, by their median; where
/// more than half of the values equal theirs, by their mean.
pub(super) fn winsorised(values: &[f64]) -> Vec<f64> {
    let width = 2 * REACH + 1;
    if values.len() < width {
        return values.to_vec();
    }
    let around = |at: usize| at.saturating_sub(REACH).min(values.len() - width);
    let median = |at: usize| {
        let start = around(at);
        let ordered = sorted(&values[start..start + width]);
        ordered.and_then(|ordered| middle(&ordered))
    };
    let medians: Option<Vec<f64>> = (0..values.len()).map(median).collect();
    let Some(medians) = medians else {
        return values.to_vec();
    };
    let far = FARTHEST * deviation(values, &medians);
    let pairs = values.iter().zip(&medians);
    pairs.map(|(v, m)| v.clamp(m - far, m + far)).collect()
}

fn deviation(values: &[f64], medians: &[f64]) -> f64 {
    let apart: Vec<f64> = values.iter().zip(medians).map(|(v, m)| v - m).collect();
    let robust = robust_std_dev(&apart).unwrap_or(0.0);
    if robust > 0.0 {
        return robust;
    }
    // The mean deviation of a normal sample is √(2/π) of its standard deviation.
    let total: f64 = apart.iter().map(|by| by.abs()).sum();
    total / apart.len() as f64 * std::f64::consts::FRAC_PI_2.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_alone_is_brought_back() {
        let mut values = vec![1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 1.0];
        values[4] = 9.0;
        let cut = winsorised(&values);
        assert!(cut[4] < 1.6, "{cut:?}");
        let others = |of: &[f64]| [&of[..4], &of[5..]].concat();
        assert_eq!(others(&cut), others(&values));
    }

    #[test]
    fn three_values_are_a_level_and_two_are_none() {
        let of_last = |count: usize| {
            let mut values: Vec<f64> = (0..20).map(|i| f64::from(i % 3)).collect();
            let start = values.len() - count;
            values[start..].fill(50.0);
            winsorised(&values)[19]
        };
        assert_eq!(of_last(3), 50.0);
        assert!(of_last(2) < 10.0);
    }

    #[test]
    fn equal_and_few_values_stay() {
        assert_eq!(winsorised(&[2.0; 9]), [2.0; 9]);
        assert_eq!(winsorised(&[1.0, 99.0]), [1.0, 99.0]);
        assert_eq!(winsorised(&[]), [0.0; 0]);
        let mut mostly = vec![5.0; 12];
        mostly[6] = 7.0;
        assert!(winsorised(&mostly)[6] < 7.0);
    }
}
