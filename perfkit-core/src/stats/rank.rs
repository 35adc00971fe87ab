//! Ranks of values, with ties.

/// The ranks of values and the sizes of their ties.
pub(super) struct Ranks {
    /// The rank of each value, from 1; equal values share the mean of theirs.
    pub(super) ranks: Vec<f64>,
    /// How many values are equal, for each value that occurs more than once.
    pub(super) ties: Vec<f64>,
}

impl Ranks {
    /// Ranks values that are not NaN. O(n log n).
    pub(super) fn of(values: &[f64]) -> Ranks {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
        let mut ranks = vec![0.0; values.len()];
        let mut ties = Vec::new();
        let mut before = 0;
        for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
            let shared = before as f64 + (equal.len() + 1) as f64 / 2.0;
            for &index in equal {
                ranks[index] = shared;
            }
            if equal.len() > 1 {
                ties.push(equal.len() as f64);
            }
            before += equal.len();
        }
        Ranks { ranks, ties }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R 4.2.2: `rank(c(3, 1, 4, 1, 5, 0, -0.0, 4, 1))`.
    #[test]
    fn equal_values_share_their_ranks() {
        let ranks = Ranks::of(&[3.0, 1.0, 4.0, 1.0, 5.0, 0.0, -0.0, 4.0, 1.0]);
        assert_eq!(ranks.ranks, [6.0, 4.0, 7.5, 4.0, 9.0, 1.5, 1.5, 7.5, 4.0]);
        assert_eq!(ranks.ties, [2.0, 3.0, 2.0]);
        assert!(Ranks::of(&[]).ranks.is_empty());
    }
}
