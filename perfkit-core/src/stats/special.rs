//! The distribution functions that the estimators need.

use std::f64::consts::{PI, TAU};

/// The natural logarithm of the gamma function for `x > 0`, by Lanczos'
/// approximation (Lanczos 1964) with g = 7 and nine terms; about 15 digits.
pub(super) fn ln_gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    #[rustfmt::skip]
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9, 676.520_368_121_885_1, -1_259.139_216_722_402_8,
        771.323_428_777_653_1, -176.615_029_162_140_6, 12.507_343_278_686_905,
        -0.138_571_095_265_720_12, 9.984_369_578_019_572e-6, 1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let series = TERMS[1..]
        .iter()
        .enumerate()
        .fold(TERMS[0], |sum, (index, term)| {
            sum + term / (x + index as f64 + 1.0)
        });
    let t = x + G + 0.5;
    0.5 * (2.0 * PI).ln() + (x + 0.5) * t.ln() - t + series.ln()
}

/// The regularised incomplete beta function I_x(a, b) for `a, b > 0`, by its
/// continued fraction (DLMF 8.17.22) evaluated with Lentz's method (1976).
///
/// The number of steps grows with √max(a, b).
pub(super) fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_cdf(1.0 - x, b, a);
    }
    let ln_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    ln_front.exp() / a * beta_fraction(x, a, b)
}

fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..200_000_u32 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0_f64).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

/// The inverse of [`beta_cdf`] in x, by bisection.
pub(super) fn beta_quantile(probability: f64, a: f64, b: f64) -> f64 {
    bisect(0.0, 1.0, |x| beta_cdf(x, a, b) < probability)
}

/// The quantile of Student's t with `degrees` of freedom; `None` outside (0, 1).
pub(super) fn student_t_quantile(probability: f64, degrees: f64) -> Option<f64> {
    if !(probability > 0.0 && probability < 1.0) {
        return None;
    }
    if probability < 0.5 {
        return student_t_quantile(1.0 - probability, degrees).map(|t| -t);
    }
    // P(|T| > t) = I_x(ν/2, 1/2) with x = ν / (ν + t²).
    let tails = 2.0 * (1.0 - probability);
    let x = beta_quantile(tails, degrees / 2.0, 0.5);
    Some((degrees * (1.0 - x) / x).sqrt())
}

/// P(Z > z) for the standard normal distribution: near the centre by the series
/// of Marsaglia (2004), beyond by Laplace's continued fraction (DLMF 7.9.3).
/// About 13 digits.
pub(super) fn normal_tail(z: f64) -> f64 {
    let magnitude = z.abs();
    let density = (-0.5 * z * z).exp() / TAU.sqrt();
    let beyond = if magnitude < 3.0 {
        let (mut sum, mut term, mut odd) = (magnitude, magnitude, 1.0);
        while term > sum * f64::EPSILON / 4.0 {
            odd += 2.0;
            term *= z * z / odd;
            sum += term;
        }
        0.5 - density * sum
    } else {
        let fraction = (1..=100)
            .rev()
            .fold(magnitude, |rest, k| magnitude + f64::from(k) / rest);
        density / fraction
    };
    if z < 0.0 { 1.0 - beyond } else { beyond }
}

/// The quantile of the standard normal distribution: algorithm AS 241,
/// PPND16 (Wichura 1988), about 16 digits. Infinite at 0 and 1.
pub(super) fn normal_quantile(probability: f64) -> f64 {
    let q = probability - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRAL_NUMERATOR, &CENTRAL_DENOMINATOR);
    }
    let tail = if q < 0.0 {
        probability
    } else {
        1.0 - probability
    };
    if tail <= 0.0 {
        return q.signum() * f64::INFINITY;
    }
    let r = (-tail.ln()).sqrt();
    let magnitude = if r <= 5.0 {
        ratio(r - 1.6, &MIDDLE_NUMERATOR, &MIDDLE_DENOMINATOR)
    } else {
        ratio(r - 5.0, &FAR_NUMERATOR, &FAR_DENOMINATOR)
    };
    magnitude.copysign(q)
}

fn ratio(r: f64, numerator: &[f64; 8], denominator: &[f64; 8]) -> f64 {
    let horner = |terms: &[f64; 8]| terms.iter().rev().fold(0.0, |sum, term| sum * r + term);
    horner(numerator) / horner(denominator)
}

#[rustfmt::skip]
const CENTRAL_NUMERATOR: [f64; 8] = [
    3.387_132_872_796_366_5, 133.141_667_891_784_38, 1_971.590_950_306_551_3, 13_731.693_765_509_46,
    45_921.953_931_549_87, 67_265.770_927_008_7, 33_430.575_583_588_13, 2_509.080_928_730_122_7,
];
#[rustfmt::skip]
const CENTRAL_DENOMINATOR: [f64; 8] = [
    1.0, 42.313_330_701_600_91, 687.187_007_492_057_9, 5_394.196_021_424_751,
    21_213.794_301_586_597, 39_307.895_800_092_71, 28_729.085_735_721_943, 5_226.495_278_852_545,
];
#[rustfmt::skip]
const MIDDLE_NUMERATOR: [f64; 8] = [
    1.423_437_110_749_683_5, 4.630_337_846_156_546, 5.769_497_221_460_691, 3.647_848_324_763_204_5,
    1.270_458_252_452_368_4, 0.241_780_725_177_450_6, 0.022_723_844_989_269_184, 7.745_450_142_783_414e-4,
];
#[rustfmt::skip]
const MIDDLE_DENOMINATOR: [f64; 8] = [
    1.0, 2.053_191_626_637_759, 1.676_384_830_183_803_8, 0.689_767_334_985_1,
    0.148_103_976_427_480_08, 0.015_198_666_563_616_457, 5.475_938_084_995_345e-4, 1.050_750_071_644_416_9e-9,
];
#[rustfmt::skip]
const FAR_NUMERATOR: [f64; 8] = [
    6.657_904_643_501_103, 5.463_784_911_164_114, 1.784_826_539_917_291_3, 0.296_560_571_828_504_87,
    0.026_532_189_526_576_124, 0.001_242_660_947_388_078_4, 2.711_555_568_743_487_6e-5, 2.010_334_399_292_288_1e-7,
];
#[rustfmt::skip]
const FAR_DENOMINATOR: [f64; 8] = [
    1.0, 0.599_832_206_555_887_9, 0.136_929_880_922_735_8, 0.014_875_361_290_850_615,
    7.868_691_311_456_133e-4, 1.846_318_317_510_054_8e-5, 1.421_511_758_316_446e-7, 2.044_263_103_389_939_8e-15,
];

/// The point in [low, high] where `below` turns from true to false.
fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64) {
        let error = (value - expected).abs() / expected.abs().max(1e-300);
        assert!(
            error < 1e-10 || (value - expected).abs() < 1e-13,
            "{value} is not {expected}"
        );
    }

    /// R 4.2.2: `lgamma(c(.5, 1.5, 10, 100.25, 1e6))`.
    #[test]
    fn ln_gamma_agrees_with_r() {
        for (x, expected) in [
            (0.5, 5.723_649_429_247_00e-1),
            (1.5, -1.207_822_376_352_45e-1),
            (10.0, 12.801_827_480_081_5),
            (100.25, 360.284_559_637_764),
            (1e6, 12_815_504.569_147_6),
        ] {
            close(ln_gamma(x), expected);
        }
    }

    /// R 4.2.2: `pbeta`.
    #[test]
    fn beta_cdf_agrees_with_r() {
        close(beta_cdf(0.1, 2.0, 5.0), 0.114_265);
        close(beta_cdf(0.5, 2.0, 5.0), 0.890_625);
        close(beta_cdf(0.9, 2.0, 5.0), 0.999_945);
        close(beta_cdf(0.3, 300.0, 700.0), 0.503_671_182_860_768);
        close(beta_cdf(0.0001, 1.0, 29_956.0), 0.950_000_875_813_934);
    }

    /// R 4.2.2: `qt`.
    #[test]
    fn student_t_agrees_with_r() {
        let quantile = |p, degrees| student_t_quantile(p, degrees).unwrap();
        close(quantile(0.95, 3.0), 2.353_363_434_801_82);
        close(quantile(0.01, 3.0), -4.540_702_858_568_13);
        close(quantile(0.99, 1.0), 31.820_515_953_773_93);
        close(quantile(0.99, 30.0), 2.457_261_542_400_59);
        close(quantile(0.99, 1e6), 2.326_351_603_120_80);
        assert_eq!(student_t_quantile(1.0, 3.0), None);
    }

    /// R 4.2.2: `qnorm`.
    #[test]
    fn normal_quantile_agrees_with_r() {
        assert_eq!(normal_quantile(0.5), 0.0);
        close(normal_quantile(0.9), 1.281_551_565_544_60);
        close(normal_quantile(0.975), 1.959_963_984_540_05);
        close(normal_quantile(0.005), -2.575_829_303_548_90);
        close(normal_quantile(0.999_999_9), 5.199_337_582_290_66);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
    }

    /// R 4.2.2: `pnorm(z, lower.tail = FALSE)`.
    #[test]
    fn normal_tail_agrees_with_r() {
        assert_eq!(normal_tail(0.0), 0.5);
        close(normal_tail(0.5), 0.308_537_538_725_986_9);
        close(normal_tail(1.96), 0.024_997_895_148_220_43);
        close(normal_tail(2.9), 0.001_865_813_300_384_038);
        close(normal_tail(3.1), 0.000_967_603_213_218_356_3);
        close(normal_tail(6.0), 9.865_876_450_376_98e-10);
        close(normal_tail(12.0), 1.776_482_112_077_679e-33);
        close(normal_tail(-1.0), 0.841_344_746_068_542_9);
        assert_eq!(normal_tail(f64::INFINITY), 0.0);
        assert_eq!(normal_tail(f64::NEG_INFINITY), 1.0);
    }
}
