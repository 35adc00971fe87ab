//! The typical difference of blocks that were measured within processes.

use std::collections::BTreeMap;

use super::middle::middle;
use super::paired::Estimate;
use super::percentile::sorted;
use super::sign::sign_shift;

/// The typical difference and its interval where several differences were taken
/// in each of several processes: each process counts once, with the median of
/// its differences (the mean of the middle two of an even number), and
/// [`sign_shift`] estimates the centre over processes, some of which are far from
/// the others.
///
/// The process is the unit of replication (Kalibera and Jones 2013): layout,
/// allocation and the frequency that a process happens to get move all of its
/// blocks together. To count blocks as if they were independent makes an
/// interval that is too narrow, however many blocks there are; more processes
/// narrow it, more blocks only steady each process's median.
///
/// `processes[i]` names the process of `differences[i]`; the order does not
/// matter, and processes need not have equally many blocks. `None` with slices
/// of unequal length, with values that are not finite and with too few
/// processes for the confidence: 0.95 needs six, 0.99 eight. O(n log n).
#[must_use]
pub(crate) fn nested_shift(
    processes: &[u64],
    differences: &[f64],
    confidence: f64,
) -> Option<Estimate> {
    if processes.len() != differences.len() {
        return None;
    }
    let mut blocks: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for (process, difference) in processes.iter().zip(differences) {
        blocks.entry(*process).or_default().push(*difference);
    }
    let effects = blocks.values().map(|values| middle(&sorted(values)?));
    sign_shift(&effects.collect::<Option<Vec<f64>>>()?, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::paired_shift;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn a_process_counts_once_however_many_blocks_it_has() {
        let processes = [1, 1, 1, 2, 2, 2, 3, 4, 5, 6];
        let differences = [0.9, 0.2, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2];
        let estimate = nested_shift(&processes, &differences, 0.95);
        assert_eq!(estimate.unwrap().value, 0.2);
    }

    /// R 4.2.2: `m <- sort(tapply(d, process, median)); c(m[1], median(m), m[8])` for
    /// `process <- rep(1:8, each = 4); d <- (((1:32) * 37) %% 101 - 40) / 1000`,
    /// where `qbinom(0.025, 8, 0.5)` is 1.
    #[test]
    fn eight_processes_agree_with_r() {
        let processes: Vec<u64> = (0..32).map(|i| i / 4).collect();
        let differences: Vec<f64> = (1..=32)
            .map(|i| f64::from(i * 37 % 101 - 40) / 1000.0)
            .collect();
        let estimate = nested_shift(&processes, &differences, 0.95).unwrap();
        let expected = (-0.005, 0.0115, 0.0305);
        assert!((estimate.low - expected.0).abs() < 1e-12, "{estimate:?}");
        assert!((estimate.value - expected.1).abs() < 1e-12, "{estimate:?}");
        assert!((estimate.high - expected.2).abs() < 1e-12, "{estimate:?}");
    }

    #[test]
    fn odd_input_is_refused() {
        let processes = [1, 2, 3, 4, 5, 6];
        assert_eq!(nested_shift(&[], &[], 0.95), None);
        assert_eq!(nested_shift(&processes, &[0.1; 5], 0.95), None);
        assert_eq!(nested_shift(&processes[1..], &[0.1; 5], 0.95), None);
        assert_eq!(nested_shift(&processes, &[f64::INFINITY; 6], 0.95), None);
        // A thousand blocks of five processes are five values.
        let blocks: Vec<u64> = (0..1000).map(|i| i % 5).collect();
        assert_eq!(nested_shift(&blocks, &[0.1; 1000], 0.95), None);
        let equal = nested_shift(&processes, &[0.1; 6], 0.95).unwrap();
        assert_eq!((equal.low, equal.value, equal.high), (0.1, 0.1, 0.1));
    }

    /// Processes differ by much more than blocks do: blocks taken for
    /// independent would miss the true difference of 0 most of the time.
    #[test]
    fn the_interval_keeps_its_promise_where_processes_differ() {
        let mut random = Pcg64Mcg::seed_from_u64(3);
        let mut uniform = || random.random_range(-0.5..0.5);
        let (mut nested, mut flat) = (0, 0);
        for _ in 0..200 {
            let effects: Vec<f64> = (0..10).map(|_| uniform()).collect();
            let processes: Vec<u64> = (0..250).map(|i| i / 25).collect();
            let blocks = processes.iter().map(|p| effects[*p as usize]);
            let differences: Vec<f64> = blocks.map(|effect| effect + 0.1 * uniform()).collect();
            let holds = |estimate: Estimate| estimate.low <= 0.0 && estimate.high >= 0.0;
            nested += u32::from(holds(nested_shift(&processes, &differences, 0.95).unwrap()));
            flat += u32::from(holds(paired_shift(&differences, 0.95).unwrap()));
        }
        assert!((180..=200).contains(&nested), "{nested}");
        assert!(flat < 120, "{flat}");
    }

    proptest! {
        #[test]
        fn one_block_in_each_process_is_the_shift_by_signs(
            values in prop::collection::vec(-1e3_f64..1e3, 1..30),
        ) {
            let processes: Vec<u64> = (0..values.len() as u64).rev().collect();
            prop_assert_eq!(nested_shift(&processes, &values, 0.95), sign_shift(&values, 0.95));
        }

        #[test]
        fn the_order_of_the_blocks_does_not_matter(
            blocks in prop::collection::vec((0_u64..9, -1e3_f64..1e3), 1..60),
        ) {
            let split = |blocks: &[(u64, f64)]| -> (Vec<u64>, Vec<f64>) { blocks.iter().copied().unzip() };
            let (processes, values) = split(&blocks);
            let mut reversed = blocks.clone();
            reversed.reverse();
            let (back, backwards) = split(&reversed);
            prop_assert_eq!(nested_shift(&processes, &values, 0.95), nested_shift(&back, &backwards, 0.95));
        }
    }
}
