//! The answer in one sentence: what is fastest and by how much, or how long it takes.

use perfkit::report::{Benchmark, Ratio, Report, Verdict};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary};

use crate::text::label;

use super::numbers::{RatioText, digits};
use super::ranking::{Ranked, ranking};
use super::spans::Sentence;
use super::words::counted;

/// So many names are told in a row; of more, the first two, and how many more there are.
const MOST_NAMES: usize = 3;

/// What a reader came for; `None` where the verdicts say it themselves.
pub(crate) fn headline(report: &Report) -> Option<Sentence> {
    if report.gate.is_some() {
        return None;
    }
    if let Some(ranking) = ranking(report) {
        return of_ranking(&ranking);
    }
    match report.benchmarks.as_slice() {
        _ if !report.comparisons.is_empty() => None,
        [only] => of_one(only),
        several => of_medians(several),
    }
}

/// An implementation and how its time relates to that of the fastest.
struct Placed<'a> {
    benchmark: &'a Benchmark,
    /// Its time over that of the fastest.
    ratio: Ratio,
    relation: Relation,
}

impl<'a> Placed<'a> {
    /// `surest` is the one whose time is certainly below the least bound.
    fn of(ranked: &Ranked<'a>, first: &Ranked<'_>, surest: &Ranked<'_>) -> Option<Self> {
        Some(Self {
            benchmark: ranked.benchmark,
            relation: relation(ranked, first, surest),
            ratio: over(&ratio(ranked)?, &ratio(first)?),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Same,
    NotKnown,
    Slower,
}

fn of_ranking(ranking: &[Ranked<'_>]) -> Option<Sentence> {
    let (first, others) = ranking.split_first()?;
    ratio(first)?;
    let apart = others.iter().filter(|ranked| ranked.is_apart);
    let high = |ranked: &&Ranked<'_>| ratio(ranked).map_or(f64::INFINITY, |ratio| ratio.high);
    let working = ranking.iter().filter(|ranked| !ranked.is_apart);
    let surest = working.min_by(|a, b| high(a).total_cmp(&high(b)));
    let surest = surest.unwrap_or(first);
    let place = |ranked| Placed::of(ranked, first, surest);
    let apart: Vec<Placed<'_>> = apart.filter_map(place).collect();
    let others = others.iter().filter(|ranked| !ranked.is_apart);
    let all = others.clone().count();
    let others: Vec<Placed<'_>> = others.filter_map(place).collect();
    let not_compared = all - others.len();
    let of = |relation| -> Vec<&Placed<'_>> {
        let others = others.iter();
        others
            .filter(|placed| placed.relation == relation)
            .collect()
    };
    let (same, not_known, slower) = (
        of(Relation::Same),
        of(Relation::NotKnown),
        of(Relation::Slower),
    );
    if others.len() == not_known.len() && others.len() > 1 {
        let sentence = named(
            Sentence::plain("None is certainly fastest: "),
            first.benchmark,
        );
        let sentence = listed(sentence, &not_known, ", ").text(" may be equally fast");
        return Some(ended(with_failed(sentence, &apart), not_compared));
    }
    let is_fastest = match not_compared {
        0 => " is fastest",
        _ => " is the fastest of those that could be compared",
    };
    let sentence = named(Sentence::plain(""), first.benchmark).text(is_fastest);
    let sentence = together(sentence, &same, ("is as fast", "are as fast"));
    let may_be = ("may be as fast", "may be as fast");
    let sentence = together(sentence, &not_known, may_be);
    let sentence = with_failed(slower_ones(sentence, &slower), &apart);
    Some(ended(sentence, not_compared))
}

/// The end of a sentence, and how many it does not tell of.
fn ended(sentence: Sentence, not_compared: usize) -> Sentence {
    match not_compared {
        0 => sentence.text("."),
        count => sentence.text(&format!("; {count} could not be compared.")),
    }
}

/// The time over that of the baseline; `None` where it is not known.
fn ratio(ranked: &Ranked<'_>) -> Option<Ratio> {
    const BASELINE: Ratio = Ratio {
        estimate: 1.0,
        low: 1.0,
        high: 1.0,
        confidence: 1.0,
    };
    let comparison = ranked.comparison;
    comparison.map_or(Some(BASELINE), |comparison| comparison.ratio)
}

fn indifference(ranked: &Ranked<'_>) -> f64 {
    let comparison = ranked.comparison;
    comparison.map_or(0.0, |comparison| comparison.indifference)
}

/// A ratio of ratios, whose interval is as wide as both of theirs allow.
fn over(own: &Ratio, first: &Ratio) -> Ratio {
    Ratio {
        estimate: own.estimate / first.estimate,
        low: own.low / first.high,
        high: own.high / first.low,
        confidence: own.confidence.min(first.confidence),
    }
}

/// Who is certainly slower than any other cannot be as fast as the fastest, whichever that
/// is. Of one that was compared with the first, the verdict counts too.
fn relation(ranked: &Ranked<'_>, first: &Ranked<'_>, surest: &Ranked<'_>) -> Relation {
    let is_same = match [ranked.comparison, first.comparison] {
        [Some(comparison), None] | [None, Some(comparison)] => comparison.verdict == Verdict::Same,
        _ => false,
    };
    if is_same {
        Relation::Same
    } else if is_faster(surest, ranked) {
        Relation::Slower
    } else {
        Relation::NotKnown
    }
}

/// Whether one is certainly faster than another, by more than counts as the same.
fn is_faster(one: &Ranked<'_>, other: &Ranked<'_>) -> bool {
    let (Some(own), Some(others)) = (ratio(one), ratio(other)) else {
        return false;
    };
    own.high < others.low / (1.0 + indifference(one).max(indifference(other)))
}

fn named(sentence: Sentence, benchmark: &Benchmark) -> Sentence {
    sentence.code(&label(&benchmark.label()))
}

/// Those that are not known to be slower, in a clause.
fn together(sentence: Sentence, placed: &[&Placed<'_>], (one, many): (&str, &str)) -> Sentence {
    let verb = match placed.len() {
        0 => return sentence,
        1 => one,
        _ => many,
    };
    listed(sentence, placed, "; ").text(&format!(" {verb}"))
}

/// Those that are ranked apart.
fn with_failed(sentence: Sentence, apart: &[Placed<'_>]) -> Sentence {
    let apart: Vec<&Placed<'_>> = apart.iter().collect();
    together(
        sentence,
        &apart,
        ("failed and is ranked apart", "failed and are ranked apart"),
    )
}

/// Names after others, of which they are parted by this; of many, the first ones and how many
/// there are.
fn listed(sentence: Sentence, placed: &[&Placed<'_>], first_joint: &str) -> Sentence {
    let told = match placed.len() {
        all @ ..=MOST_NAMES => all,
        _ => MOST_NAMES - 1,
    };
    let more = placed.len() - told;
    let mut sentence = sentence;
    for (index, placed) in placed[..told].iter().enumerate() {
        let is_last = index + 1 == told && more == 0;
        let joint = match index {
            _ if is_last && (index > 0 || first_joint == ", ") => " and ",
            0 => first_joint,
            _ => ", ",
        };
        sentence = named(sentence.text(joint), placed.benchmark);
    }
    match more {
        0 => sentence,
        more => sentence.text(&format!(" and {more} more")),
    }
}

/// The next and the slowest, with how many times as long they take.
fn slower_ones(sentence: Sentence, slower: &[&Placed<'_>]) -> Sentence {
    let times = |placed: &Placed<'_>| RatioText::new(&placed.ratio).estimate;
    let (next, slowest) = match slower {
        [] => return sentence,
        [only] => {
            let takes = format!(" takes {} times as long", times(only));
            return named(sentence.text("; "), only.benchmark).text(&takes);
        }
        [next, .., slowest] => (next, slowest),
    };
    let (next_is, slowest_is) = match slower.len() {
        2 => ("; ", " and "),
        _ => ("; the next, ", " and the slowest, "),
    };
    let comma = if slower.len() == 2 { "" } else { "," };
    let sentence = named(sentence.text(next_is), next.benchmark);
    let sentence = sentence.text(&format!("{comma} takes {}{slowest_is}", times(next)));
    let sentence = named(sentence, slowest.benchmark);
    sentence.text(&format!("{comma} {} times as long", times(slowest)))
}

/// How long a benchmark alone takes.
fn of_one(benchmark: &Benchmark) -> Option<Sentence> {
    let times = times(benchmark)?;
    let digits = digits(times).max(3);
    let show = |value: f64| times.unit.format(value, digits);
    let sentence = named(Sentence::plain(""), benchmark);
    let values = match benchmark.command {
        Some(_) => counted(times.count, "run"),
        None => counted(times.count, "value"),
    };
    let (word, middle) = match (times.median, times.mean) {
        (Some(median), _) => ("median", median),
        (None, mean) => ("mean", mean?),
    };
    let of_values = match times.count {
        0 => String::new(),
        1 => {
            let told = format!(": {} in one run{}.", show(middle), failed(benchmark));
            return Some(sentence.text(&told));
        }
        _ => format!(" of {values}"),
    };
    let reach = match (times.min, times.max) {
        (Some(min), Some(max)) => format!(", {} to {}", show(min), show(max)),
        _ => String::new(),
    };
    let failed = failed(benchmark);
    Some(sentence.text(&format!(
        ": {word} {}{of_values}{reach}{failed}.",
        show(middle)
    )))
}

/// How many failed, where any did: times alone would sound as if all were well.
fn failed(benchmark: &Benchmark) -> String {
    match benchmark.failures {
        0 => String::new(),
        failures => {
            let count = |number: u64| Unit::Count.format(number as f64, 3);
            let all = count(benchmark.successes + failures);
            format!("; {} of {all} failed", count(failures))
        }
    }
}

/// Commands that were not compared, by their medians: those of which every run succeeded.
fn of_medians(benchmarks: &[Benchmark]) -> Option<Sentence> {
    if benchmarks
        .iter()
        .any(|benchmark| benchmark.command.is_none())
    {
        return None;
    }
    let median = |benchmark| Some((benchmark, times(benchmark)?.median?));
    let worked = benchmarks
        .iter()
        .filter(|benchmark| benchmark.failures == 0);
    let medians: Vec<(&Benchmark, f64)> = worked.filter_map(median).collect();
    let by_median = |a: &&(&Benchmark, f64), b: &&(&Benchmark, f64)| a.1.total_cmp(&b.1);
    let (least, least_median) = medians.iter().min_by(by_median)?;
    let (most, most_median) = medians.iter().max_by(by_median)?;
    let ratio = most_median / least_median;
    if medians.len() < 2 || !ratio.is_finite() || ratio <= 1.0 {
        return None;
    }
    let sentence = named(Sentence::plain("By their medians "), least).text(" is fastest; ");
    Some(named(sentence, most).text(&format!(
        " takes {ratio:.1} times as long. They were not compared: the difference may be chance."
    )))
}

fn times(benchmark: &Benchmark) -> Option<&MetricSummary> {
    let named = [Metric::WALL_TIME, Metric::EXECUTION_TIME];
    named
        .iter()
        .find_map(|metric| benchmark.metrics.get(metric))
}

#[cfg(test)]
mod tests {
    use perfkit::report::{Comparison, Environment};

    use super::*;

    fn benchmark(name: &str, times: &[f64]) -> Benchmark {
        let mut benchmark = Benchmark::new(name);
        benchmark.command = Some(name.to_owned());
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, times.to_vec());
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        benchmark
    }

    fn report(benchmarks: Vec<Benchmark>) -> Report {
        let mut report = Report::new(Environment::detect("mock"));
        report.benchmarks = benchmarks;
        report
    }

    /// What is said of others that were compared with `base`: ratio, and verdict.
    fn said(others: &[(&str, f64, Verdict)]) -> String {
        headline(&compared(others)).unwrap().body()
    }

    fn compared(others: &[(&str, f64, Verdict)]) -> Report {
        let names = others.iter().map(|(name, ..)| *name);
        let names = std::iter::once("base").chain(names);
        let mut report = report(names.map(|name| benchmark(name, &[1e6, 2e6])).collect());
        let compared = others.iter().map(|(name, estimate, verdict)| {
            let mut comparison = Comparison::new("base", *name, Metric::WALL_TIME);
            comparison.ratio = Some(Ratio {
                estimate: *estimate,
                low: estimate * 0.95,
                high: estimate * 1.05,
                confidence: 0.999,
            });
            comparison.verdict = *verdict;
            comparison
        });
        report.comparisons = compared.collect();
        report
    }

    #[test]
    fn the_fastest_is_named_first_and_by_how_much() {
        use Verdict::{Faster, Inconclusive, Same, Slower};
        assert_eq!(
            said(&[("a", 1.02, Inconclusive), ("b", 7.1, Slower)]),
            "`base` is fastest; `a` may be as fast; `b` takes 7.10 times as long."
        );
        assert_eq!(
            said(&[("a", 0.5, Faster), ("b", 2.0, Slower)]),
            "`a` is fastest; `base` takes 2.00 and `b` 4.00 times as long."
        );
        assert_eq!(
            said(&[("a", 0.5, Faster), ("b", 0.52, Faster), ("c", 2.0, Slower)]),
            "`a` is fastest; `b` may be as fast; `base` takes 2.00 and `c` 4.00 times as long."
        );
        assert_eq!(
            said(&[
                ("a", 1.0, Same),
                ("b", 2.0, Slower),
                ("c", 3.0, Slower),
                ("d", 4.0, Slower)
            ]),
            "`base` is fastest; `a` is as fast; the next, `b`, takes 2.00 and the slowest, `d`, 4.00 times as long."
        );
        // The slower ones are slower than the baseline, and so than whatever is fastest.
        let mut wide = Comparison::new("base", "a", Metric::WALL_TIME);
        wide.ratio = Some(Ratio {
            estimate: 0.9,
            low: 0.4,
            high: 2.2,
            confidence: 0.999,
        });
        let others = [("b", 2.0, Slower), ("c", 3.0, Slower)];
        let mut wide_first = compared(&others);
        wide_first.benchmarks.push(benchmark("a", &[1e6]));
        wide_first.comparisons.push(wide);
        assert_eq!(
            headline(&wide_first).unwrap().body(),
            "`a` is fastest; `base` may be as fast; `b` takes 2.2 and `c` 3.3 times as long."
        );
        assert_eq!(
            said(&["a", "b", "c", "d"].map(|name| (name, 1.01, Inconclusive))),
            "None is certainly fastest: `base`, `a`, `b` and 2 more may be equally fast."
        );
    }

    #[test]
    fn one_is_told_by_its_median_and_its_ends() {
        let said = |benchmarks| headline(&report(benchmarks)).map(|sentence| sentence.body());
        let sleep = benchmark("sleep 3", &[2.9e9, 3.02e9, 3.3e9]);
        assert_eq!(
            said(vec![sleep]).unwrap(),
            "`sleep 3`: median 3.02 s of 3 runs, 2.90 s to 3.30 s."
        );
        assert_eq!(
            said(vec![benchmark("true", &[2e6])]).unwrap(),
            "`true`: 2.00 ms in one run."
        );
        let mut failing = benchmark("x", &[1e6, 2e6]);
        (failing.successes, failing.failures) = (2, 3);
        let told = said(vec![failing]).unwrap();
        assert!(told.ends_with("; 3 of 5 failed."), "{told}");
        assert_eq!(said(vec![Benchmark::new("none")]), None);
    }

    #[test]
    fn commands_that_were_not_compared_are_told_by_their_medians() {
        let mut two = vec![benchmark("a", &[3e6; 3]), benchmark("b", &[1e6; 3])];
        let told = headline(&report(two.clone())).unwrap().body();
        assert!(
            told.starts_with("By their medians `b` is fastest; `a` takes 3.0 times as long."),
            "{told}"
        );
        two[0].command = None;
        assert!(headline(&report(two)).is_none());
    }
}
