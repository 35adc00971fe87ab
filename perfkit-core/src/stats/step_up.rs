//! The false discovery rate.

/// How many of `all` claims may be made, where `found_at(r)` is how many are found when
/// each of them may err with r/`all` of the error: the largest r at which at least r are
/// found, but at least 1.
///
/// This is the step-up rule of Benjamini and Hochberg (1995). With p-values, `found_at`
/// counts those of at most r/`all` of the rate q. Of the claims that are made, the expected
/// share of wrong ones is then at most q, for independent tests and for those that tend to
/// be right or wrong together. Intervals may take the place of p-values, because an
/// interval of level 1 - p excludes what a test with the p-value p rejects; if each has r/`all`
/// of the error, the expected share of those that miss the truth is kept too (Benjamini
/// and Yekutieli 2005).
///
/// `found_at` must not find more at a smaller r. It is asked for few of them, from `all`
/// downwards, and last for the one that is returned.
pub(crate) fn step_up(all: usize, mut found_at: impl FnMut(usize) -> usize) -> usize {
    let mut allowed = all.max(1);
    loop {
        let found = found_at(allowed);
        if found >= allowed || allowed == 1 {
            return allowed;
        }
        // At a smaller share of the error no more than these are found.
        allowed = found.max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const P: [f64; 9] = [0.01, 0.02, 0.03, 0.04, 0.05, 0.5, 0.04, 0.001, 0.9];

    /// How many hypotheses with these p-values are rejected at the rate `q`.
    fn rejections(p_values: &[f64], q: f64) -> usize {
        let all = p_values.len();
        let found_at = |allowed: usize| {
            let is_found = |p: &&f64| **p * (all as f64 / allowed as f64) <= q;
            p_values.iter().filter(is_found).count()
        };
        found_at(step_up(all, found_at))
    }

    /// R 4.2.2: `sum(p.adjust(p, method = "BH") <= q)`.
    #[test]
    fn agrees_with_r() {
        for (q, expected) in [(0.005, 0), (0.01, 1), (0.05, 2), (0.061, 6), (1.0, 9)] {
            assert_eq!(rejections(&P, q), expected, "q = {q}");
        }
    }

    #[test]
    fn the_last_that_is_asked_for_is_returned() {
        let mut asked = Vec::new();
        let allowed = step_up(10, |allowed| {
            asked.push(allowed);
            [0, 1, 1, 1, 4, 4, 5, 6, 6, 7, 7][allowed]
        });
        assert_eq!((allowed, &asked[..]), (4, &[10, 7, 6, 5, 4][..]));
        assert_eq!(step_up(0, |_| 0), 1);
        assert_eq!(step_up(5, |_| 0), 1);
    }

    proptest! {
        #[test]
        fn it_is_the_last_rank_whose_p_value_is_small_enough(
            p in prop::collection::vec(0.0_f64..=1.0, 1..30),
            q in 0.0_f64..=1.0,
        ) {
            let mut ordered = p.clone();
            ordered.sort_unstable_by(f64::total_cmp);
            let n = p.len() as f64;
            let passes = |rank: &usize| ordered[rank - 1] * (n / *rank as f64) <= q;
            let last = (1..=p.len()).rev().find(passes).unwrap_or(0);
            prop_assert_eq!(rejections(&p, q), last);
        }
    }
}
