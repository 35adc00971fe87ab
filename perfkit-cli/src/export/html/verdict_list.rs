//! The verdicts at the top of the page.

use std::cmp::Ordering;

use perfkit::Report;

use crate::document::{self, ListedVerdict, Sentence, Style, VERDICT_WORDS, verdict_list};

/// Up to so many verdicts all stand open; of more, so many do, and the others are
/// folded away up to a bound.
const FEW: usize = 8;
const OPEN: usize = 5;
const MOST: usize = 2000;

/// The verdicts of a report, the ones that ask for attention first.
pub(super) struct Verdicts {
    /// How many there are of each kind.
    pub(super) counts: Vec<Tally>,
    /// Whether there are so many that their counts stand first.
    pub(super) are_many: bool,
    pub(super) open: Vec<Sentence>,
    pub(super) folded: Vec<Sentence>,
    pub(super) left_out: usize,
}

pub(super) struct Tally {
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) count: usize,
}

impl Verdicts {
    pub(super) fn of(report: &Report) -> Self {
        let mut found = verdict_list(report);
        let counts = tally(&found);
        let are_many = found.len() > FEW;
        if are_many {
            found.sort_by(most_striking_first);
        }
        let open = if are_many { OPEN } else { FEW };
        let left_out = found.len().saturating_sub(MOST);
        found.truncate(MOST);
        let sentences = found.into_iter().map(|verdict| verdict.sentence);
        let mut views: Vec<Sentence> = sentences.collect();
        let folded = views.split_off(views.len().min(open));
        Self {
            counts,
            are_many,
            open: views,
            folded,
            left_out,
        }
    }
}

fn tally(listed: &[ListedVerdict<'_>]) -> Vec<Tally> {
    let mut counts: Vec<Tally> = Vec::new();
    for verdict in listed.iter().filter(|verdict| verdict.is_counted) {
        match counts.iter_mut().find(|known| known.word == verdict.word) {
            Some(known) => known.count += 1,
            None => counts.push(Tally {
                class: class(&verdict.sentence),
                word: verdict.word,
                count: 1,
            }),
        }
    }
    counts.sort_by_key(|known| VERDICT_WORDS.iter().position(|word| *word == known.word));
    counts
}

fn most_striking_first(a: &ListedVerdict<'_>, b: &ListedVerdict<'_>) -> Ordering {
    match (a.comparison, b.comparison) {
        (Some(a), Some(b)) => document::most_striking_first(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// The class of what a sentence means for the reader.
pub(super) fn class(sentence: &Sentence) -> &'static str {
    match sentence.style {
        Style::Good => "is-good",
        Style::Bad => "is-bad",
        Style::Unsure => "is-unsure",
        Style::Plain => "is-plain",
    }
}

#[cfg(test)]
mod tests {
    use perfkit::Metric;
    use perfkit::report::{Comparison, Environment, Verdict};

    use super::*;
    use crate::document::{Detail, document};

    /// Ten that are compared in time, of which some differ in CPU time alone.
    fn report() -> Report {
        let mut report = Report::new(Environment::detect("mock"));
        for index in 0..10 {
            let name = index.to_string();
            let mut time = Comparison::new("base", &name, Metric::WALL_TIME);
            time.verdict = [Verdict::Slower, Verdict::Same, Verdict::Inconclusive][index % 3];
            let mut cpu = Comparison::new("base", &name, Metric::CPU_TIME);
            cpu.verdict = Verdict::Slower;
            report.comparisons.extend([time, cpu]);
        }
        report
    }

    #[test]
    fn a_page_counts_what_a_terminal_does() {
        let report = report();
        let counts = Verdicts::of(&report).counts;
        let counts: Vec<(&str, usize)> = counts.iter().map(|c| (c.word, c.count)).collect();
        assert_eq!(counts, [("slower", 4), ("inconclusive", 3), ("same", 3)]);
        let document = document(&report, Detail::Usual);
        let told = format!("{document:?}");
        let expected = "4 slower, 0 faster, 3 inconclusive, 3 the same; 6 of other metrics.";
        assert!(told.contains(expected), "{told}");
    }
}
