//! How strongly noise alone would speak for a change.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::correlation::{MOST_CORRELATION, MeanVariances, block_length};
use super::fit::{Fit, Model, Stretch};

/// Permutations of a short stretch, at most.
const MOST: usize = 2000;

/// Values that are permuted, at most, which bounds what a long stretch takes.
const MOST_VALUES: usize = 72_000;

/// After so many, more are made only where they may decide.
const USUAL: usize = 200;

/// After so many it is looked whether more would tell anything.
const FIRST: usize = 60;

/// So many of the first that are at least as strong end it (Besag and Clifford 1991).
const ENOUGH: usize = 5;

/// Where p-values are told more closely.
const CLOSE: std::ops::Range<f64> = 0.0005..0.02;

/// The share of the permutations that the tail beyond them is drawn from.
const TAIL: f64 = 0.1;

/// How much more correlated noise is taken to be than what a model leaves of it, in standard
/// errors: the model was chosen because it takes most away.
const HIDDEN: f64 = 1.0;

/// Where the permutations start; the same values yield the same results.
const SEED: u64 = 0x5045_5246_4b49_5431;

/// How strong each kind of model is in permuted noise.
pub(super) struct Permutations {
    strengths: [Vec<f64>; 4],
}

impl Permutations {
    /// Permutes what the best of the `fits` leaves of the stretch.
    ///
    /// What neighbours have in common is kept in two ways. An autoregression of the first order
    /// is taken out, and put back after the rest was permuted; the rest is permuted in blocks as
    /// long as its own correlations demand (Davison and Hinkley 1997, section 8.2: the
    /// post-blackened block bootstrap). Each time all is estimated anew, so that how unsure the
    /// estimates are counts in the observed and in the permuted alike.
    pub(super) fn of(
        stretch: &mut Stretch,
        fits: &[Option<Fit>; 4],
        tables: &mut MeanVariances,
        with_drift: bool,
    ) -> Self {
        let mut strengths: [Vec<f64>; 4] = Default::default();
        let best = fits.iter().flatten();
        let Some(best) = best.min_by(|a, b| a.criterion.total_cmp(&b.criterion)) else {
            return Self { strengths };
        };
        let phi = stretch.residuals(best.model).1;
        let rest = innovations(&stretch.raw_residuals(best.model), phi);
        let length = block_length(&rest);
        let unsure = ((1.0 - phi * phi) / rest.len() as f64).sqrt();
        let table = tables.of(phi).clone();
        let mut random = Pcg64Mcg::seed_from_u64(SEED);
        let mut permuted = stretch.empty();
        let mut order: Vec<usize> = Vec::new();
        let most = (MOST_VALUES / rest.len().max(1)).clamp(USUAL, MOST);
        for round in 0..most {
            let is_over = match round {
                FIRST => is_decided(&strengths, fits),
                USUAL => !is_close(&mut strengths, fits, stretch.len()),
                _ => false,
            };
            if is_over {
                break;
            }
            shuffle_blocks(&mut order, (rest.len(), length), &mut random);
            let phi = correlation_near(phi + HIDDEN * unsure, unsure, &mut random);
            permuted.fill(coloured(order.iter().map(|at| rest[*at]), phi));
            let models = permuted.models(&table, with_drift);
            for (strengths, model) in strengths.iter_mut().zip(models) {
                let strength = model.map(|model| permuted.fit(model, tables).strength);
                strengths.extend(strength);
            }
        }
        Self::sorted(strengths)
    }

    fn sorted(mut strengths: [Vec<f64>; 4]) -> Self {
        for strengths in &mut strengths {
            strengths.sort_unstable_by(f64::total_cmp);
        }
        Self { strengths }
    }

    /// The chance that noise speaks for this kind of model at least as strongly.
    ///
    /// Where fewer than one in ten permutations do so it is read from an exponential tail
    /// through that tenth: twice the logarithm of a likelihood ratio has one (Pickands 1975;
    /// Knijnenburg and others 2009, who use it for permutations). It is never less than what
    /// the number of arrangements allows.
    pub(super) fn p_value(&self, kind: usize, fit: &Fit, values: usize) -> f64 {
        let strengths = &self.strengths[kind];
        let all = strengths.len();
        if all == 0 {
            return 1.0;
        }
        let stronger = all - strengths.partition_point(|s| *s < fit.strength);
        let in_tail = ((all as f64 * TAIL) as usize).max(1);
        if stronger >= in_tail {
            return (stronger as f64 + 1.0) / (all as f64 + 1.0);
        }
        let (below, tail) = strengths.split_at(all - in_tail);
        let start = below.last().copied().unwrap_or(0.0);
        let excess = tail.iter().map(|s| s - start).sum::<f64>() / tail.len() as f64;
        let most = tail.last().copied().unwrap_or(start);
        let beyond = |from: f64| match excess > 0.0 {
            true => (-(fit.strength - from).max(0.0) / excess).exp(),
            false => 0.0,
        };
        let counted = (stronger as f64 + 1.0) / (all as f64 + 1.0) * beyond(most);
        (TAIL * beyond(start))
            .max(counted)
            .max(least(fit.model, values))
    }
}

/// Whether some p-value lies where it may be called small or not.
fn is_close(strengths: &mut [Vec<f64>; 4], fits: &[Option<Fit>; 4], values: usize) -> bool {
    let so_far = Permutations::sorted(std::mem::take(strengths));
    let p_values = fits
        .iter()
        .enumerate()
        .filter_map(|(kind, fit)| Some(so_far.p_value(kind, fit.as_ref()?, values)));
    let is_close = p_values.clone().any(|p| CLOSE.contains(&p));
    *strengths = so_far.strengths;
    is_close
}

/// A correlation that may be the true one as well, by the standard error of its estimate
/// (Bartlett 1946).
fn correlation_near(phi: f64, error: f64, random: &mut Pcg64Mcg) -> f64 {
    // Nearly normal: the sum of four uniform numbers has a standard deviation of √(1/3).
    let sum: f64 = (0..4).map(|_| random.random::<f64>()).sum();
    (phi + error * (sum - 2.0) * 3.0_f64.sqrt()).clamp(0.0, MOST_CORRELATION)
}

/// Whether more permutations would only tell again that nothing stands out.
fn is_decided(strengths: &[Vec<f64>; 4], fits: &[Option<Fit>; 4]) -> bool {
    let mut kinds = strengths.iter().zip(fits);
    kinds.all(|(strengths, fit)| {
        let stronger = |fit: &Fit| strengths.iter().filter(|s| **s >= fit.strength).count();
        fit.as_ref().is_none_or(|fit| stronger(fit) >= ENOUGH)
    })
}

/// What an autoregression leaves of a series, about zero.
fn innovations(residuals: &[f64], phi: f64) -> Vec<f64> {
    let mut noise = Vec::with_capacity(residuals.len());
    let mut before = 0.0;
    for (at, value) in residuals.iter().enumerate() {
        noise.push(match at {
            0 => value * (1.0 - phi * phi).sqrt(),
            _ => value - phi * before,
        });
        before = *value;
    }
    let mean = noise.iter().sum::<f64>() / noise.len().max(1) as f64;
    for value in &mut noise {
        *value -= mean;
    }
    noise
}

/// The autoregression of which these are the innovations.
fn coloured(noise: impl Iterator<Item = f64>, phi: f64) -> impl Iterator<Item = f64> {
    let first = (1.0 - phi * phi).sqrt().recip();
    noise.enumerate().scan(0.0, move |before, (at, value)| {
        *before = match at {
            0 => value * first,
            _ => phi * *before + value,
        };
        Some(*before)
    })
}

/// The places of values, cut into blocks from a random one on, around the end, in random
/// order.
fn shuffle_blocks(order: &mut Vec<usize>, (n, length): (usize, usize), random: &mut Pcg64Mcg) {
    order.clear();
    let start: usize = random.random_range(0..n);
    let blocks = n.div_ceil(length);
    let mut starts: Vec<usize> = (0..blocks).collect();
    for last in (1..blocks).rev() {
        starts.swap(last, random.random_range(0..=last));
    }
    for block in starts {
        let places = block * length..((block + 1) * length).min(n);
        let turned = places.map(|place| start + place);
        order.extend(turned.map(|place| if place < n { place } else { place - n }));
    }
}

/// One of all arrangements in which so many values lie on the other side, on either of the
/// two ways.
fn least(model: Model, values: usize) -> f64 {
    let apart = match model {
        Model::Step(at) | Model::LateStep(at) => at.min(values - at),
        Model::TwoSteps(first, second) => second - first,
        Model::Drift => values / 2,
    };
    let ways = |(so_far, i): (f64, usize)| so_far * (values - i) as f64 / (i + 1) as f64;
    let arrangements = (0..apart).fold(1.0, |so_far, i| ways((so_far, i)));
    (2.0 / arrangements).min(1.0)
}
