//! Fewer values that still show what all of them would.

/// At most so many of the sorted values: the first, the last, and between them
/// one for each of equal shares of the ranks, so that the shape stays.
pub(super) fn strata(sorted: &[f64], most: usize) -> Vec<f64> {
    if sorted.len() <= most || most < 2 {
        return sorted.to_vec();
    }
    let last = sorted.len() - 1;
    let at = |index: usize| sorted[index * last / (most - 1)];
    (0..most).map(at).collect()
}

/// At most so many values with their positions: of each of equal stretches the
/// smallest and the largest, so that no outlier is lost.
pub(super) fn extremes(values: &[f64], most: usize) -> Vec<(usize, f64)> {
    if values.len() <= most {
        return values.iter().copied().enumerate().collect();
    }
    let stretch = values.len().div_ceil((most / 2).max(1));
    let mut kept = Vec::with_capacity(most);
    for (number, chunk) in values.chunks(stretch).enumerate() {
        let indexed = || chunk.iter().copied().enumerate();
        let least = indexed().min_by(|a, b| a.1.total_cmp(&b.1));
        let largest = indexed().max_by(|a, b| a.1.total_cmp(&b.1));
        let mut pair: Vec<_> = least.into_iter().chain(largest).collect();
        pair.sort_unstable_by_key(|(index, _)| *index);
        pair.dedup_by_key(|(index, _)| *index);
        kept.extend(
            pair.into_iter()
                .map(|(index, value)| (number * stretch + index, value)),
        );
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_kept() {
        let sorted: Vec<f64> = (0..1000).map(f64::from).collect();
        let thin = strata(&sorted, 11);
        assert_eq!(thin.len(), 11);
        assert_eq!((thin[0], thin[5], thin[10]), (0.0, 499.0, 999.0));
        assert_eq!(strata(&[1.0], 11), [1.0]);
        assert_eq!(strata(&[], 2), [0.0; 0]);
    }

    #[test]
    fn outliers_are_kept() {
        let mut values = vec![1.0; 100_000];
        values[77_777] = 9.0;
        values[3] = 0.5;
        let thin = extremes(&values, 400);
        assert!(thin.len() <= 400);
        assert!(thin.contains(&(77_777, 9.0)) && thin.contains(&(3, 0.5)));
        assert!(thin.is_sorted_by_key(|(index, _)| *index));
        assert_eq!(extremes(&[2.0, 1.0], 400), [(0, 2.0), (1, 1.0)]);
        assert!(extremes(&[], 400).is_empty());
    }
}
