//! Values that stand alone, brought back to their neighbours.

use crate::stats::spread::robust_std_dev;

/// Values around each, itself among them: a change that three of them share is none of one.
const AROUND: usize = 5;

/// How far from the median of its neighbours a value may lie, in standard deviations.
const FARTHEST: f64 = 4.0;

/// How far values may lie from the median of the five around them: three standard deviations
/// of what they do so, by the median of that; where more than half of the values equal their
/// medians, by its mean.
pub(super) fn reach(values: &[f64]) -> f64 {
    let medians = Medians::of(values);
    let apart: Vec<f64> = values.iter().zip(medians).map(|(v, m)| v - m).collect();
    let robust = robust_std_dev(&apart).unwrap_or(0.0);
    if robust > 0.0 {
        return FARTHEST * robust;
    }
    // The mean deviation of a normal sample is √(2/π) of its standard deviation.
    let total: f64 = apart.iter().map(|by| by.abs()).sum();
    FARTHEST * total / apart.len().max(1) as f64 * std::f64::consts::FRAC_PI_2.sqrt()
}

/// The values, each of them brought to within `reach` of the median of the five around it
/// (Winsor's way, Tukey 1962; the filter of Hampel 1974 puts the median itself in place). At
/// the ends these five are the first and the last.
///
/// One or two odd values lose their weight wherever they stand, and a new level that three
/// values share keeps all of its height: limits that the whole series draws would cut a level
/// off that is new.
pub(super) fn winsorised(values: &[f64], reach: f64, to: &mut Vec<f64>) {
    to.clear();
    let limited = values.iter().zip(Medians::of(values));
    to.extend(limited.map(|(value, median)| value.max(median - reach).min(median + reach)));
}

/// The medians of the five values around each.
struct Medians<'a> {
    values: &'a [f64],
    at: usize,
}

impl<'a> Medians<'a> {
    fn of(values: &'a [f64]) -> Self {
        Self { values, at: 0 }
    }
}

impl Iterator for Medians<'_> {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        let value = *self.values.get(self.at)?;
        let last = self.values.len().checked_sub(AROUND);
        let median = last.map_or(value, |last| {
            let start = self.at.saturating_sub(AROUND / 2).min(last);
            middle_of(&self.values[start..start + AROUND])
        });
        self.at += 1;
        Some(median)
    }
}

/// The median of five: what is neither above nor below the middle of the other three, once
/// the least and the greatest of two pairs are out.
fn middle_of(five: &[f64]) -> f64 {
    let &[a, b, c, d, e] = five else {
        return f64::NAN;
    };
    let greater_least = a.min(b).max(c.min(d));
    let lesser_greatest = a.max(b).min(c.max(d));
    let (low, high) = (
        greater_least.min(lesser_greatest),
        greater_least.max(lesser_greatest),
    );
    e.max(low).min(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limited(values: &[f64]) -> Vec<f64> {
        let mut to = Vec::new();
        winsorised(values, reach(values), &mut to);
        to
    }

    #[test]
    fn what_stands_alone_is_brought_back() {
        let mut values = vec![1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 1.0];
        values[4] = 9.0;
        let cut = limited(&values);
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
            limited(&values)[19]
        };
        assert_eq!(of_last(3), 50.0);
        assert!(of_last(2) < 10.0);
    }

    #[test]
    fn equal_and_few_values_stay() {
        assert_eq!(limited(&[2.0; 9]), [2.0; 9]);
        assert_eq!(limited(&[1.0, 99.0]), [1.0, 99.0]);
        assert_eq!(limited(&[]), [0.0; 0]);
        let mut mostly = vec![5.0; 12];
        mostly[6] = 7.0;
        assert!(limited(&mostly)[6] < 7.0);
    }

    proptest! {
        #[test]
        fn the_middle_of_five_is_that_of_the_sorted(five in prop::array::uniform5(-9_i8..9)) {
            let five = five.map(f64::from);
            let mut ordered = five;
            ordered.sort_unstable_by(f64::total_cmp);
            prop_assert_eq!(middle_of(&five), ordered[2]);
        }
    }
}
