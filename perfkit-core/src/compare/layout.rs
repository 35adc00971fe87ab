//! Whether processes of one program differ lastingly, by where they lie in memory.
//!
//! What it cannot do: tell a process from the CPU that it ran on, whose speed is its own.

use crate::report::{Note, NoteCode};
use crate::stats;
use crate::unit::Unit;

/// With fewer rounds their spread is not known well enough.
const FEWEST_ROUNDS: usize = 13;

/// Rounds differ lastingly where their spread is this many times what the spread of their
/// blocks explains. Thirteen rounds of nothing but noise reach it less than once in a
/// thousand times.
const LEAST_FACTOR: f64 = 4.0;

/// And by at least this share.
const LEAST_SHARE: f64 = 0.01;

/// The standard error of a median, in standard errors of a mean: √(π/2) for many
/// values, and less for the few blocks that a round has.
const MEDIAN_FACTOR: f64 = 1.2;

/// Says of a candidate, or of its baseline, that some processes are lastingly faster or
/// slower than others. `rounds` has the differences of logarithms of each round's blocks.
///
/// A round's own noise is the spread of its blocks (a robust standard deviation). What the
/// spread of rounds exceeds that noise by is the lasting part, as in an analysis of variance
/// with random effects (Searle, Casella and McCulloch 1992). The spread of rounds is taken
/// from the differences of successive rounds (von Neumann 1941), because levels of the
/// machine last longer than a round, and each round has other processes.
pub(super) fn layout_note(candidate: &str, rounds: &[&[f64]]) -> Option<Note> {
    let medians = rounds
        .iter()
        .map(|round| stats::middle(&stats::sorted(round)?));
    let medians: Vec<f64> = medians.collect::<Option<_>>()?;
    let blocks = rounds.first()?.len();
    if medians.len() < FEWEST_ROUNDS || blocks < 2 {
        return None;
    }
    let residuals = rounds.iter().zip(&medians);
    let residuals = residuals.flat_map(|(round, median)| round.iter().map(move |d| d - median));
    let residuals: Vec<f64> = residuals.collect();
    // Each round's median takes one of its degrees of freedom.
    let lost = blocks as f64 / (blocks as f64 - 1.0);
    let within = stats::robust_std_dev(&residuals)? * lost.sqrt();
    let of_chance = within * MEDIAN_FACTOR / (blocks as f64).sqrt();
    let steps: Vec<f64> = medians.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let spread = stats::robust_std_dev(&steps)? / std::f64::consts::SQRT_2;
    let lasting = (spread.powi(2) - of_chance.powi(2)).max(0.0).sqrt();
    let is_told = spread > LEAST_FACTOR * of_chance && lasting > LEAST_SHARE;
    is_told.then(|| {
        let share = Unit::Ratio.format(lasting.exp_m1(), 2);
        Note::info(
            NoteCode::LayoutSensitive,
            format!(
                "{candidate}: from process to process its ratio varies by {share}, lastingly; speed depends on where things come to lie in memory, or on the CPU"
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    const BLOCKS: usize = 4;

    /// Rounds whose levels vary by one share and whose blocks by another.
    fn rounds(count: usize, lasting: f64, passing: f64, seed: u64) -> Vec<Vec<f64>> {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        // Twelve uniform numbers make one that is about normal.
        let mut normal = || {
            let uniform = (0..12).map(|_| random.random_range(0.0..1.0));
            uniform.sum::<f64>() - 6.0
        };
        let round = |_| {
            let level = lasting * normal();
            (0..BLOCKS).map(|_| level + passing * normal()).collect()
        };
        (0..count).map(round).collect()
    }

    fn note(rounds: &[Vec<f64>]) -> Option<Note> {
        let rounds: Vec<&[f64]> = rounds.iter().map(Vec::as_slice).collect();
        layout_note("new", &rounds)
    }

    #[test]
    fn processes_with_levels_of_their_own_are_told() {
        for seed in 0..50 {
            let found = note(&rounds(40, 0.03, 0.005, seed)).unwrap();
            assert_eq!(found.code, NoteCode::LayoutSensitive);
            assert!(found.message.starts_with("new: "), "{}", found.message);
        }
    }

    #[test]
    fn noise_however_strong_is_not() {
        let told = (0..5000).filter(|seed| note(&rounds(13, 0.0, 0.05, *seed)).is_some());
        assert!(told.count() < 5);
        for seed in 0..100 {
            assert_eq!(note(&rounds(160, 0.0, 0.05, seed)), None, "{seed}");
            assert_eq!(note(&rounds(160, 0.002, 0.0001, seed)), None, "{seed}");
        }
    }

    #[test]
    fn levels_of_the_machine_are_not_told_either() {
        for seed in 0..100 {
            let mut rounds = rounds(80, 0.0, 0.005, seed);
            for (number, round) in rounds.iter_mut().enumerate() {
                let level = if number / 8 % 2 == 0 { 0.0 } else { 0.3 };
                round.iter_mut().for_each(|d| *d += level);
            }
            assert_eq!(note(&rounds), None, "{seed}");
        }
    }

    #[test]
    fn little_says_nothing() {
        assert_eq!(note(&[]), None);
        assert_eq!(note(&rounds(12, 0.03, 0.001, 1)), None);
        assert_eq!(note(&vec![vec![0.1]; 40]), None);
        assert_eq!(note(&vec![vec![0.1; 4]; 40]), None);
        assert_eq!(note(&vec![Vec::new(); 40]), None);
    }
}
