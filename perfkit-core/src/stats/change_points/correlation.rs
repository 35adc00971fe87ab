//! How neighbours of a series resemble each other, and what that does to means.

/// Steps between the correlations for which tables are made.
const STEP: f64 = 0.02;

/// More than this is not told from a level of its own.
pub(super) const MOST_CORRELATION: f64 = 0.9;

/// The correlation of neighbours in what `fitted` leaves of a series, where it took so many
/// `levels` to fit it: that of the residuals, corrected for its bias.
///
/// What is fitted takes correlation away: with p levels the estimate's mean is
/// φ − (p + (p + 2)φ)/n to the first order, which for one level is the −(1 + 3φ)/n of
/// Marriott and Pope (1954) and Kendall (1954). Below zero it counts as zero: means are then
/// steadier than is said of them.
pub(super) fn correlation(residuals: &[f64], levels: f64) -> f64 {
    let n = residuals.len() as f64;
    let squares: f64 = residuals.iter().map(|r| r * r).sum();
    let products: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
    if squares <= 0.0 || n < levels + 4.0 {
        return 0.0;
    }
    let raw = products / squares;
    ((raw + levels / n) / (1.0 - (levels + 2.0) / n)).clamp(0.0, MOST_CORRELATION)
}

/// What correlation between neighbours makes of the variance of means: that of an
/// autoregression of the first order with the coefficient φ.
#[derive(Clone, Debug)]
pub(super) struct MeanVariance {
    /// By number of values, the variance of their mean over that of one value.
    of_mean: Vec<f64>,
    /// By number of values, a factor of the covariance of the means of neighbouring
    /// stretches, which is the product of those of both.
    shared: Vec<f64>,
    /// By number of values, one over that.
    shares: Vec<f64>,
    /// What the variance of a slope is more than it is without correlation.
    pub(super) of_slope: f64,
}

impl MeanVariance {
    fn new(phi: f64, most: usize) -> Self {
        let mut of_mean = vec![f64::INFINITY];
        let mut shared = vec![0.0];
        let mut shares = vec![0.0];
        let mut power = 1.0;
        let far = (1.0 + phi) / (1.0 - phi);
        for m in 1..=most {
            power *= phi;
            let m = m as f64;
            let lost = 2.0 * phi * (1.0 - power) / (m * (1.0 - phi).powi(2));
            of_mean.push((far - lost) / m);
            shares.push(1.0 / m);
            shared.push((2.0 * phi).sqrt() / (1.0 - phi) * (1.0 - power) / m);
        }
        Self {
            of_mean,
            shared,
            shares,
            of_slope: far,
        }
    }

    /// The variance of the difference of the means of two neighbouring stretches, over that
    /// of one value.
    pub(super) fn of_difference(&self, before: usize, after: usize) -> f64 {
        self.of_mean[before] + self.of_mean[after] - self.shared[before] * self.shared[after]
    }

    /// One over a number of values.
    pub(super) fn share(&self, values: usize) -> f64 {
        self.shares[values]
    }

    /// By how many values the squared deviations from the mean of so many stand for less
    /// than as many.
    pub(super) fn taken_by_mean(&self, values: usize) -> f64 {
        self.of_mean[values] * values as f64
    }
}

/// The tables for all correlations, made when they are asked for.
#[derive(Debug)]
pub(super) struct MeanVariances {
    most: usize,
    tables: Vec<Option<MeanVariance>>,
}

impl MeanVariances {
    /// For stretches of at most so many values.
    pub(super) fn new(most: usize) -> Self {
        let tables = (MOST_CORRELATION / STEP).round() as usize + 1;
        Self {
            most,
            tables: vec![None; tables],
        }
    }

    /// The table of the correlation that is nearest.
    pub(super) fn of(&mut self, phi: f64) -> &MeanVariance {
        let at = (phi.clamp(0.0, MOST_CORRELATION) / STEP).round() as usize;
        let most = self.most;
        self.tables[at].get_or_insert_with(|| MeanVariance::new(at as f64 * STEP, most))
    }
}

/// The length of blocks that keep of a series what neighbours have in common: that of Politis
/// and White (2004) for blocks that wrap around, as corrected by Patton, Politis and White
/// (2009), (2G²/D)^⅓ n^⅓, at least 1 and at most a fifth of the series.
///
/// Correlations count up to twice the lag from which on five in a row are less than
/// 2√(log₁₀ n / n), by the flat-topped window of Politis and Romano (1995).
pub(super) fn block_length(values: &[f64]) -> usize {
    const IN_A_ROW: usize = 5;
    let n = values.len();
    let mean = values.iter().sum::<f64>() / n.max(1) as f64;
    let product = |lag: usize| {
        let pairs = values.iter().zip(&values[lag..]);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / n as f64
    };
    let most_lags = ((n as f64).sqrt().ceil() as usize + IN_A_ROW).min(n / 2);
    let products: Vec<f64> = (0..=most_lags).map(product).collect();
    if n < 2 * IN_A_ROW || products[0] <= 0.0 {
        return 1;
    }
    let small = 2.0 * ((n as f64).log10() / n as f64).sqrt() * products[0];
    let is_small = |lag: usize| products.get(lag).is_none_or(|p| p.abs() < small);
    let quiet_after = |lag: &usize| (1..=IN_A_ROW).all(|next| is_small(lag + next));
    let lags = (0..most_lags).find(quiet_after).unwrap_or(most_lags);
    if lags == 0 {
        return 1;
    }
    let window = 2 * lags;
    let (mut weighted, mut spectrum) = (0.0, products[0]);
    for (lag, product) in products.iter().enumerate().skip(1).take(window) {
        let share = lag as f64 / window as f64;
        let weight = 2.0 * (2.0 - 2.0 * share).clamp(0.0, 1.0);
        weighted += weight * lag as f64 * product;
        spectrum += weight * product;
    }
    let ratio = 1.5 * (weighted / spectrum).powi(2);
    let length = (ratio * n as f64).cbrt().round();
    let most = (n / 5).max(1);
    if length.is_finite() {
        (length as usize).clamp(1, most)
    } else {
        most
    }
}
