//! Three implementations or more in their order, with ties.

use std::collections::HashMap;

use perfkit::Metric;
use perfkit::report::{Benchmark, Comparison, Report};

use crate::args::RowOrder;

use super::words::is_time;

/// An implementation and its place.
pub(crate) struct Ranked<'a> {
    pub(crate) benchmark: &'a Benchmark,
    /// `None` of the baseline.
    pub(crate) comparison: Option<&'a Comparison>,
    /// `1`; `2=`, which others have too; `2-4`, which reaches over the places that it may have
    /// where that is not so of all alike; `None` where it could not be compared, or is apart.
    pub(crate) place: Option<String>,
    /// Whether it comes after all others because runs of it failed, which is often quicker
    /// than to work.
    pub(crate) is_apart: bool,
}

/// The implementations, the fastest first; `None` where there are fewer than three,
/// or not all of them were compared with one and the same.
///
/// The place of each is behind all that are certainly faster. Each was compared with the
/// baseline, not with the others: that two are not told apart says that nothing is known, not
/// that they are equal.
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
    // A baseline alone is no ranking.
    if main.iter().all(|comparison| comparison.ratio.is_none()) {
        return None;
    }
    let span = |benchmark: &'_ Benchmark| -> Option<Option<Span>> {
        if benchmark.name == *baseline {
            return Some(Some(Span::BASELINE));
        }
        let comparison = by_candidate.get(benchmark.name.as_str())?;
        Some(Span::of(comparison))
    };
    let mut ranked = report
        .benchmarks
        .iter()
        .map(|benchmark| Some((benchmark, span(benchmark)?)))
        .collect::<Option<Vec<_>>>()?;
    let has_worked = |benchmark: &Benchmark| benchmark.failed_blocks.is_empty();
    let is_apart =
        |benchmark: &Benchmark| !has_worked(benchmark) && report.benchmarks.iter().any(has_worked);
    let estimate = |span: &Option<Span>| span.map_or(f64::INFINITY, |span| span.estimate);
    ranked.sort_by(|a, b| {
        let apart = is_apart(a.0).cmp(&is_apart(b.0));
        apart.then(estimate(&a.1).total_cmp(&estimate(&b.1)))
    });
    let with_others = ranked.iter().filter(|(benchmark, _)| !is_apart(benchmark));
    let spans: Vec<Span> = with_others.filter_map(|(_, span)| *span).collect();
    let mut places = places(&spans).into_iter();
    let ranked = ranked.into_iter().map(|(benchmark, span)| Ranked {
        benchmark,
        comparison: by_candidate.get(benchmark.name.as_str()).copied(),
        place: span
            .filter(|_| !is_apart(benchmark))
            .and_then(|_| places.next()),
        is_apart: is_apart(benchmark),
    });
    Some(ranked.collect())
}

/// The benchmarks in the order of their ranking, where they have one.
pub(crate) fn in_rank_order(report: &Report) -> Vec<&Benchmark> {
    match ranking(report) {
        Some(ranking) => ranking.iter().map(|ranked| ranked.benchmark).collect(),
        None => report.benchmarks.iter().collect(),
    }
}

/// Puts what is of benchmarks of the report in the order that the reader chose; it is that of
/// the ranking, or of the report, already.
pub(super) fn put_in_order<T>(
    rows: &mut [T],
    report: &Report,
    order: RowOrder,
    benchmark: impl Fn(&T) -> &Benchmark,
) {
    match order {
        RowOrder::Auto => {}
        RowOrder::Command => rows.sort_by_cached_key(|row| {
            let row = benchmark(row);
            report
                .benchmarks
                .iter()
                .position(|other| std::ptr::eq(other, row))
        }),
        RowOrder::MeanTime => rows.sort_by(|a, b| {
            let mean = |row| {
                let time = benchmark(row).metrics.get(&Metric::WALL_TIME);
                // What has no time comes last.
                time.and_then(|time| time.mean).unwrap_or(f64::INFINITY)
            };
            mean(a).total_cmp(&mean(b))
        }),
    }
}

/// What the time of an implementation may be, in times of the baseline.
#[derive(Clone, Copy, Debug)]
struct Span {
    low: f64,
    estimate: f64,
    high: f64,
    /// What it differs from the baseline by counts as the same up to this share.
    indifference: f64,
}

impl Span {
    const BASELINE: Self = Self {
        low: 1.0,
        estimate: 1.0,
        high: 1.0,
        indifference: 0.0,
    };

    fn of(comparison: &Comparison) -> Option<Self> {
        let ratio = comparison.ratio?;
        Some(Self {
            low: ratio.low,
            estimate: ratio.estimate,
            high: ratio.high,
            indifference: comparison.indifference,
        })
    }

    /// Whether it is faster by more than counts as the same, as a verdict has it.
    fn is_faster_than(&self, other: &Self) -> bool {
        let same = 1.0 + self.indifference.max(other.indifference);
        self.high < other.low / same
    }
}

/// The places of implementations, in the order of their estimates.
fn places(spans: &[Span]) -> Vec<String> {
    let count = |is_counted: &dyn Fn(&Span) -> bool| spans.iter().filter(|s| is_counted(s)).count();
    let reach = |own: &Span| {
        let first = 1 + count(&|other| other.is_faster_than(own));
        let last = spans.len() - count(&|other| own.is_faster_than(other));
        (first, last)
    };
    let reaches: Vec<(usize, usize)> = spans.iter().map(reach).collect();
    let is_shared = |reach: &(usize, usize)| {
        let (first, last) = *reach;
        let alike = reaches.iter().filter(|other| *other == reach).count();
        alike == last - first + 1
    };
    let place = |reach: &(usize, usize)| match reach {
        (first, last) if first == last => first.to_string(),
        (first, _) if is_shared(reach) => format!("{first}="),
        (first, last) => format!("{first}-{last}"),
    };
    reaches.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use perfkit::compare::verdict;
    use perfkit::report::{Ratio, Verdict};
    use proptest::prelude::*;

    use super::*;

    fn span(low: f64, high: f64) -> Span {
        Span {
            low,
            estimate: (low * high).sqrt(),
            high,
            indifference: 0.005,
        }
    }

    #[test]
    fn those_that_are_not_told_apart_share_a_place() {
        let all = [
            span(0.4, 0.5),
            span(0.9, 0.95),
            span(0.93, 1.1),
            span(2.0, 2.1),
        ];
        assert_eq!(places(&all), ["1", "2=", "2=", "4"]);
        let three = [Span::BASELINE, span(0.999, 1.004), span(2.0, 40.0)];
        assert_eq!(places(&three), ["1=", "1=", "3"]);
        assert_eq!(places(&[Span::BASELINE, span(1.001, 1.004)]), ["1=", "1="]);
        assert!(places(&[]).is_empty());
    }

    #[test]
    fn a_place_that_others_do_not_quite_share_is_a_range() {
        let chain = [Span::BASELINE, span(0.99, 1.03), span(1.02, 1.06)];
        assert_eq!(places(&chain), ["1-2", "1-3", "2-3"]);
        let two_of_four = [
            Span::BASELINE,
            span(0.9, 1.2),
            span(1.1, 1.3),
            span(1.1, 1.3),
        ];
        assert_eq!(places(&two_of_four), ["1-2", "1-4", "2-4", "2-4"]);
    }

    /// The first and the last place that a text stands for, of so many that have it.
    fn read(place: &str, alike: usize) -> (usize, usize) {
        let number = |text: &str| text.parse::<usize>().unwrap();
        match place.split_once('-') {
            Some((first, last)) => (number(first), number(last)),
            None => match place.strip_suffix('=') {
                Some(first) => (number(first), number(first) + alike - 1),
                None => (number(place), number(place)),
            },
        }
    }

    proptest! {
        #[test]
        fn places_agree_with_what_is_known(
            ends in prop::collection::vec((-0.1_f64..0.3, 0.0_f64..0.2), 1..9),
        ) {
            let mut all: Vec<Span> = ends
                .iter()
                .map(|(low, width)| span(low.exp(), (low + width).exp()))
                .collect();
            all.push(Span::BASELINE);
            all.sort_by(|a, b| a.estimate.total_cmp(&b.estimate));
            let places = places(&all);
            let reach = |index: usize| {
                let alike = places.iter().filter(|place| **place == places[index]).count();
                prop_assert!(alike > 1 || !places[index].ends_with('='), "{:?}", places);
                let (first, last) = read(&places[index], alike);
                prop_assert!(1 <= first && first <= last && last <= all.len());
                Ok((first, last))
            };
            for (i, one) in all.iter().enumerate() {
                for (j, other) in all.iter().enumerate().filter(|(j, _)| *j != i) {
                    let ((first, last), (from, to)) = (reach(i)?, reach(j)?);
                    let overlap = first <= to && from <= last;
                    if !one.is_faster_than(other) && !other.is_faster_than(one) {
                        prop_assert!(overlap, "{} and {}: {:?}", i, j, places);
                    }
                    if one.is_faster_than(other) {
                        prop_assert!(first < from && last < to, "{} and {}: {:?}", i, j, places);
                    }
                }
            }
        }

        #[test]
        fn what_a_verdict_says_of_the_baseline_so_do_places(
            low in -0.03_f64..0.03,
            width in 0.0_f64..0.03,
        ) {
            let ratio = Ratio {
                low: low.exp(),
                estimate: (low + width / 2.0).exp(),
                high: (low + width).exp(),
                confidence: 0.999,
            };
            let mut comparison = Comparison::new("a", "b", Metric::WALL_TIME);
            comparison.indifference = 0.005;
            comparison.ratio = Some(ratio);
            let own = Span::of(&comparison).unwrap();
            let verdict = verdict(Some(&ratio), 0.005);
            let expected = match verdict {
                Verdict::Slower => ["1", "2"],
                Verdict::Faster => ["2", "1"],
                Verdict::Same | Verdict::Inconclusive => ["1=", "1="],
            };
            prop_assert_eq!(places(&[Span::BASELINE, own]), expected);
        }
    }
}
