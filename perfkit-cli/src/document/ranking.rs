//! Three implementations or more in their order, with ties.

use std::collections::HashMap;

use perfkit::report::{Benchmark, Comparison, Ratio, Report};

use super::words::is_time;

/// An implementation and its place.
pub(crate) struct Ranked<'a> {
    pub(crate) benchmark: &'a Benchmark,
    /// `None` of the baseline.
    pub(crate) comparison: Option<&'a Comparison>,
    /// `1`, `2=`; `None` where it could not be compared.
    pub(crate) place: Option<String>,
}

/// The implementations, the fastest first; `None` where there are fewer than three,
/// or not all of them were compared with one and the same.
///
/// The place of each is behind all that are certainly faster. Two whose
/// intervals overlap are tied: each was compared with the baseline, not with the
/// other, and so a tie says that nothing is known, not that they are equal.
pub(crate) fn ranking(report: &Report) -> Option<Vec<Ranked<'_>>> {
    if report.benchmarks.len() < 3 {
        return None;
    }
    let main: Vec<&Comparison> = report
        .comparisons
        .iter()
        .filter(|comparison| is_time(&comparison.metric))
        .collect();
    let baseline = &main.first()?.baseline;
    let by_candidate: HashMap<&str, &Comparison> =
        main.iter().map(|c| (c.candidate.as_str(), *c)).collect();
    let have_one_baseline = main.iter().all(|c| c.baseline == *baseline)
        && by_candidate.len() == main.len()
        && main.len() + 1 == report.benchmarks.len()
        && !by_candidate.contains_key(baseline.as_str());
    if !have_one_baseline {
        return None;
    }
    let with_ratio = |benchmark: &'_ Benchmark| -> Option<Option<Ratio>> {
        if benchmark.name == *baseline {
            return Some(Some(Ratio {
                estimate: 1.0,
                low: 1.0,
                high: 1.0,
                confidence: 1.0,
            }));
        }
        Some(by_candidate.get(benchmark.name.as_str())?.ratio)
    };
    let mut ranked = report
        .benchmarks
        .iter()
        .map(|benchmark| Some((benchmark, with_ratio(benchmark)?)))
        .collect::<Option<Vec<_>>>()?;
    let estimate = |ratio: &Option<Ratio>| ratio.map_or(f64::INFINITY, |ratio| ratio.estimate);
    ranked.sort_by(|a, b| estimate(&a.1).total_cmp(&estimate(&b.1)));
    let ratios: Vec<Ratio> = ranked.iter().filter_map(|(_, ratio)| *ratio).collect();
    let places = ranked.iter().map(|(benchmark, ratio)| Ranked {
        benchmark,
        comparison: by_candidate.get(benchmark.name.as_str()).copied(),
        place: ratio.map(|ratio| place(&ratio, &ratios)),
    });
    Some(places.collect())
}

/// The benchmarks in the order of their ranking, where they have one.
pub(crate) fn in_rank_order(report: &Report) -> Vec<&Benchmark> {
    match ranking(report) {
        Some(ranking) => ranking.iter().map(|ranked| ranked.benchmark).collect(),
        None => report.benchmarks.iter().collect(),
    }
}

fn place(own: &Ratio, all: &[Ratio]) -> String {
    let faster = all.iter().filter(|other| other.high < own.low).count();
    // One of those that overlap is the implementation itself.
    let overlapping = all
        .iter()
        .filter(|other| other.high >= own.low && other.low <= own.high)
        .count();
    let tie = if overlapping > 1 { "=" } else { "" };
    format!("{}{tie}", faster + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_intervals_are_ties() {
        let ratio = |low: f64, high: f64| Ratio {
            estimate: (low + high) / 2.0,
            low,
            high,
            confidence: 0.999,
        };
        let all = [
            ratio(0.4, 0.5),
            ratio(0.9, 0.95),
            ratio(0.93, 1.1),
            ratio(2.0, 2.1),
        ];
        let places: Vec<String> = all.iter().map(|own| place(own, &all)).collect();
        assert_eq!(places, ["1", "2=", "2=", "4"]);
    }
}
