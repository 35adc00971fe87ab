//! The peaks of a distribution.

use super::density::density;

/// Places per bandwidth at which the density is looked at.
const FINENESS: f64 = 4.0;

/// Places within a gap between values that is wider than two bandwidths.
const PLACES_IN_GAP: u32 = 16;

/// Steps of the search for an extremum between places; each takes a third off.
const STEPS: u32 = 60;

/// A peak of a distribution's density.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mode {
    /// Where it lies.
    pub(crate) at: f64,
    /// The density there.
    pub(crate) density: f64,
    /// How far one must climb down from it to get to a higher mode; from the
    /// highest mode, all the way. Of equal modes the first counts as higher.
    pub(crate) prominence: f64,
}

/// The modes of the kernel [`density`] with the given bandwidth, in ascending
/// order, whose prominence is at least `least_share` of the highest density.
///
/// A sample is called bimodal when two are left. The share decides how deep the
/// valley must be. With 0.25 and the [`bandwidth`] of Silverman's rule, which
/// smooths much where there are two modes, about 1 in 1000 normal samples of 30
/// values is called so, of two equal normal groups four standard deviations
/// apart about a half, six apart nearly all. A clock that ticks in steps wider
/// than the bandwidth makes a mode of every tick.
///
/// Extrema closer than a quarter of a bandwidth are not told apart. `None`
/// without a value, with values that are not finite, a bandwidth that is not a
/// positive number and a share outside [0, 1]. The values are sorted. O(n)
/// with about 70 kernels for each value, and 120 densities for each mode.
///
/// [`bandwidth`]: super::bandwidth
#[must_use]
pub(crate) fn modes(sorted: &[f64], bandwidth: f64, least_share: f64) -> Option<Vec<Mode>> {
    let is_width = bandwidth.is_finite() && bandwidth > 0.0;
    let is_finite = sorted.iter().all(|value| value.is_finite());
    if !is_width || !is_finite || !(0.0..=1.0).contains(&least_share) {
        return None;
    }
    let curve = Curve::of(sorted, bandwidth)?;
    let (peaks, valleys) = curve.extrema();
    let heights: Vec<f64> = peaks.iter().map(|(_, height)| *height).collect();
    let highest = heights.iter().copied().fold(0.0, f64::max);
    let modes = peaks.iter().zip(prominences(&heights, &valleys));
    let modes = modes.map(|((at, density), prominence)| Mode {
        at: *at,
        density: *density,
        prominence,
    });
    let stands_out =
        |mode: &Mode| mode.prominence > 0.0 && mode.prominence >= least_share * highest;
    Some(modes.filter(stands_out).collect())
}

/// The density at places that are close enough to tell its extrema apart.
struct Curve<'a> {
    sorted: &'a [f64],
    bandwidth: f64,
    places: Vec<f64>,
    heights: Vec<f64>,
}

impl Curve<'_> {
    fn of(sorted: &[f64], bandwidth: f64) -> Option<Curve<'_>> {
        let places = places(sorted, bandwidth);
        let heights = density(sorted, bandwidth, &places)?;
        Some(Curve {
            sorted,
            bandwidth,
            places,
            heights,
        })
    }

    /// Places and heights of all peaks, and the heights of the valleys between
    /// them.
    fn extrema(&self) -> (Vec<(f64, f64)>, Vec<f64>) {
        let mut peaks = Vec::new();
        let mut valleys = Vec::new();
        let mut lowest = 0;
        for (index, &height) in self.heights.iter().enumerate() {
            if height < self.heights[lowest] {
                lowest = index;
            }
            let height_at = |index: usize| self.heights.get(index).copied().unwrap_or(0.0);
            let before = index.checked_sub(1).map_or(0.0, height_at);
            if height > before && height >= height_at(index + 1) {
                if !peaks.is_empty() {
                    valleys.push(self.search(lowest, |a, b| a < b).1);
                }
                peaks.push(self.search(index, |a, b| a > b));
                lowest = index;
            }
        }
        (peaks, valleys)
    }

    /// The extremum between the neighbours of a place, by ternary search.
    fn search(&self, index: usize, is_better: impl Fn(f64, f64) -> bool) -> (f64, f64) {
        let place = self.places[index];
        let neighbour = |index: usize| self.places.get(index).copied().unwrap_or(place);
        let mut low = neighbour(index.saturating_sub(1));
        let mut high = neighbour(index + 1);
        for _ in 0..STEPS {
            let third = (high - low) / 3.0;
            let (left, right) = (low + third, high - third);
            if is_better(self.height(left), self.height(right)) {
                high = right;
            } else {
                low = left;
            }
        }
        let at = 0.5 * low + 0.5 * high;
        let height = self.height(at);
        // A search that went astray, on a plateau, leaves the place itself.
        if is_better(self.heights[index], height) {
            (place, self.heights[index])
        } else {
            (at, height)
        }
    }

    fn height(&self, place: f64) -> f64 {
        let heights = density(self.sorted, self.bandwidth, &[place]);
        heights.map_or(0.0, |heights| heights[0])
    }
}

/// A grid around the values, from one bandwidth below each run of values to one
/// above: no peak lies further from all values. In the gaps between runs, where
/// the density is convex, a few places find the valley.
fn places(sorted: &[f64], bandwidth: f64) -> Vec<f64> {
    let mut places: Vec<f64> = Vec::new();
    for run in sorted.chunk_by(|a, b| b - a <= 2.0 * bandwidth) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            continue;
        };
        let (start, end) = (first - bandwidth, last + bandwidth);
        if let Some(&from) = places.last() {
            let share = |i| f64::from(i) / f64::from(PLACES_IN_GAP + 1);
            let within = (1..=PLACES_IN_GAP).map(|i| from * (1.0 - share(i)) + start * share(i));
            places.extend(within);
        }
        let steps = ((end - start) / bandwidth * FINENESS).ceil().max(1.0) as u64;
        places.extend((0..=steps).map(|i| start + (end - start) * (i as f64 / steps as f64)));
    }
    places
}

/// The prominences of peaks, given the valleys between each and the next.
fn prominences(peaks: &[f64], valleys: &[f64]) -> Vec<f64> {
    let before = ways_down(peaks.iter(), valleys.iter(), |a, b| a < b);
    let after = ways_down(peaks.iter().rev(), valleys.iter().rev(), |a, b| a <= b);
    let ways = before.iter().zip(after.iter().rev());
    let ways = peaks.iter().zip(ways);
    ways.map(|(peak, (before, after))| peak - before.max(*after))
        .collect()
}

/// For each peak the lowest valley on the way to the nearest higher one before
/// it; 0 without a higher one. Peaks that are `lower` than a later one are in
/// nobody's way.
fn ways_down<'a>(
    peaks: impl Iterator<Item = &'a f64>,
    valleys: impl Iterator<Item = &'a f64>,
    lower: impl Fn(f64, f64) -> bool,
) -> Vec<f64> {
    let mut higher: Vec<(f64, f64)> = Vec::new();
    let mut ways = Vec::new();
    for (peak, valley) in peaks.zip(std::iter::once(&0.0).chain(valleys)) {
        let mut lowest = *valley;
        while let Some((_, below)) = higher.pop_if(|(other, _)| lower(*other, *peak)) {
            lowest = lowest.min(below);
        }
        let way = if higher.is_empty() { 0.0 } else { lowest };
        higher.push((*peak, way));
        ways.push(way);
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{bandwidth, sorted};
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    #[test]
    fn two_groups_have_two_modes() {
        let values = [1.0, 1.1, 1.2, 1.3, 4.0, 4.1, 4.2];
        let modes = modes(&values, 0.3, 0.25).unwrap();
        assert_eq!(modes.len(), 2);
        assert!((modes[1].at - 4.1).abs() < 1e-6);
    }

    /// R 4.2.2: `x <- sort(faithful$eruptions[seq(1, 272, by = 10)])`.
    #[rustfmt::skip]
    const ERUPTIONS: [f64; 28] = [
        1.8, 1.817, 1.833, 1.867, 1.867, 1.883, 1.917, 2.1, 2.2, 2.2, 2.2, 2.233, 2.383, 2.483, 2.617, 3.6, 4.033, 4.083, 4.133, 4.15, 4.233, 4.3, 4.35, 4.733, 4.767, 4.8, 4.8, 5.033,
    ];

    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-6, "{value} is not {expected}");
    }

    fn agrees(width: f64, expected: &[(f64, f64, f64)]) {
        let found = modes(&ERUPTIONS, width, 0.0).unwrap();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (mode, (at, density, prominence)) in found.iter().zip(expected) {
            close(mode.at, *at);
            close(mode.density, *density);
            close(mode.prominence, *prominence);
        }
    }

    /// R 4.2.2: `optimize(f, interval, maximum = TRUE, tol = 1e-10)` for each peak
    /// on a grid of `f <- function(place) mean(dnorm(place, x, h))`, and the same
    /// for the valleys, from which prominences follow.
    #[test]
    fn modes_agree_with_r() {
        let rule = bandwidth(&ERUPTIONS).unwrap();
        #[rustfmt::skip]
        agrees(rule, &[
            (2.083_662_3, 0.347_205_178, 0.347_205_178),
            (4.380_696_8, 0.267_073_873, 0.267_073_873 - 0.129_514_368),
        ]);
        #[rustfmt::skip]
        agrees(0.2, &[
            (1.967_241_2, 0.627_030_251, 0.627_030_251),
            (4.184_375_4, 0.440_204_389, 0.440_204_389 - 0.007_551_946),
            (4.780_758_6, 0.328_029_213, 0.328_029_213 - 0.276_429_064),
        ]);
        #[rustfmt::skip]
        agrees(0.1, &[
            (1.857_439_1, 0.940_125_241, 0.940_125_241),
            (2.199_817_3, 0.683_068_916, 0.683_068_916 - 0.468_190_24),
            (3.600_041_5, 0.142_492_849, 0.142_492_849 - 0.032_049_192),
            (4.153_307_5, 0.635_236_417, 0.635_236_417 - 0.000_001_619),
            (4.778_350_5, 0.554_062_313, 0.554_062_313 - 0.074_384_567),
        ]);
        let distinct = modes(&ERUPTIONS, 0.1, 0.25).unwrap();
        let expected = modes(&ERUPTIONS, 0.1, 0.0).unwrap();
        assert_eq!(distinct, [expected[0], expected[3], expected[4]]);
    }

    #[test]
    fn of_equal_modes_the_first_is_the_highest() {
        assert_eq!(prominences(&[3.0, 3.0], &[1.0]), [3.0, 2.0]);
        assert_eq!(
            prominences(&[1.0, 5.0, 2.0, 4.0], &[0.5, 1.5, 1.0]),
            [0.5, 5.0, 0.5, 3.0]
        );
        assert!(prominences(&[], &[]).is_empty());
    }

    #[test]
    fn odd_input_is_refused_or_has_one_mode() {
        for values in [&[][..], &[1.0, f64::INFINITY], &[f64::NAN]] {
            assert_eq!(modes(values, 1.0, 0.25), None);
        }
        for width in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(modes(&[1.0, 2.0], width, 0.25), None);
        }
        assert_eq!(modes(&[1.0, 2.0], 1.0, 1.5), None);
        assert_eq!(modes(&[1.0, 2.0], 1.0, f64::NAN), None);
        for values in [&[7.0][..], &[7.0; 9]] {
            let found = modes(values, 0.5, 0.25).unwrap();
            assert_eq!(found.len(), 1);
            close(found[0].at, 7.0);
        }
        assert_eq!(modes(&[f64::MIN, f64::MAX], 1.0, 0.25).unwrap().len(), 2);
    }

    /// How many of 1000 samples of two groups so far apart have two modes.
    fn bimodal_of_1000(apart: f64) -> usize {
        let mut random = Pcg64Mcg::seed_from_u64(5);
        let mut uniform = || 1.0 - random.random_range(0.0_f64..1.0);
        // Box and Muller (1958).
        let mut normal =
            || (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
        let is_bimodal = |_: &u32| {
            let values = (0..30).map(|i| normal() + if i % 2 == 0 { apart } else { 0.0 });
            let ordered = sorted(&values.collect::<Vec<f64>>()).unwrap();
            modes(&ordered, bandwidth(&ordered).unwrap(), 0.25)
                .unwrap()
                .len()
                > 1
        };
        (0..1000).filter(is_bimodal).count()
    }

    #[test]
    fn two_groups_are_told_from_one() {
        assert!(bimodal_of_1000(0.0) <= 5);
        assert!((350..=550).contains(&bimodal_of_1000(4.0)));
        assert!(bimodal_of_1000(6.0) >= 970);
    }

    proptest! {
        #[test]
        fn modes_are_in_order_and_one_is_the_highest(
            values in prop::collection::vec(-1e2_f64..1e2, 1..40),
            width in 0.01_f64..50.0,
        ) {
            let ordered = sorted(&values).unwrap();
            let found = modes(&ordered, width, 0.0).unwrap();
            prop_assert!(!found.is_empty() && found.len() <= values.len());
            prop_assert!(found.windows(2).all(|pair| pair[0].at < pair[1].at));
            prop_assert!(found.iter().all(|mode| mode.at >= ordered[0] - 1e-6));
            prop_assert!(found.iter().any(|mode| mode.prominence == mode.density));
            let only = modes(&ordered, width, 1.0).unwrap();
            prop_assert!(only.iter().all(|mode| found.contains(mode)));
        }
    }
}
