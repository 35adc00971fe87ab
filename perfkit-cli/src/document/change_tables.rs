//! Comparisons as a table: what got worse first, what is the same last.

use perfkit::report::{Comparison, Verdict};

use crate::text::{label, shorten};

use super::blocks::{Align, Document, Table};
use super::numbers::{NOTHING, RatioText};
use super::spans::{Sentence, Style};
use super::words::{
    counted, is_one_program, is_time, largest_change_first, main_comparisons, signed_change,
};

/// How many comparisons came to what.
pub(super) fn tally(comparisons: &[&Comparison]) -> Sentence {
    let (main, others) = main_comparisons(comparisons);
    let count = |verdict| main.iter().filter(|c| c.verdict == verdict).count();
    let (slower, faster) = (count(Verdict::Slower), count(Verdict::Faster));
    let (same, inconclusive) = (count(Verdict::Same), count(Verdict::Inconclusive));
    let style = match (slower, faster, inconclusive) {
        (1.., _, _) => Style::Bad,
        (0, _, 1..) => Style::Unsure,
        (0, 1.., 0) => Style::Good,
        (0, 0, 0) => Style::Plain,
    };
    let others = of_others("; ", others);
    Sentence::led(style, &counted(main.len() as u64, "comparison")).text(&format!(
        "{slower} slower, {faster} faster, {inconclusive} inconclusive, {same} the same{others}."
    ))
}

/// `, 2 of other metrics`; nothing where there are none.
fn of_others(joint: &str, others: usize) -> String {
    match others {
        0 => String::new(),
        others => format!("{joint}{others} of other metrics"),
    }
}

/// Adds what got worse, what got better and what is not known, each with its
/// number; what is the same is folded away.
pub(super) fn describe(comparisons: &[&Comparison], document: &mut Document) {
    for verdict in [Verdict::Slower, Verdict::Faster, Verdict::Inconclusive] {
        document.table(table(comparisons, verdict));
    }
    let mut same = table(comparisons, Verdict::Same);
    let title = same.title.take().unwrap_or_default();
    document.fold(&title, same);
}

/// The comparisons that came to this, the largest change first.
fn table(comparisons: &[&Comparison], wanted: Verdict) -> Table {
    let mut rows = comparisons.to_vec();
    rows.retain(|comparison| comparison.verdict == wanted);
    rows.sort_by(|a, b| largest_change_first(a, b));
    let mut table = Table::new(&[
        ("what", Align::Left, 0),
        ("time", Align::Right, 0),
        ("interval", Align::Right, 1),
        ("against", Align::Left, 2),
    ]);
    let title = match wanted {
        Verdict::Slower => "Slower",
        Verdict::Faster => "Faster",
        Verdict::Inconclusive => "Inconclusive",
        Verdict::Same => "The same",
    };
    // What is counted is of the metric that all comparisons are counted by.
    let (main, _) = main_comparisons(comparisons);
    let counted = main.iter().filter(|c| c.verdict == wanted).count();
    let others = of_others(", and ", rows.len() - counted);
    table.title = Some(format!("{title}: {counted}{others}"));
    rows.into_iter()
        .for_each(|comparison| table.row(row(comparison)));
    table
}

fn row(comparison: &Comparison) -> Vec<String> {
    let mut what = label(&comparison.candidate);
    if !is_time(&comparison.metric) {
        what += &format!(" ({})", shorten(comparison.metric.name(), 30));
    }
    let (change, interval) = match &comparison.ratio {
        _ if is_one_program(comparison) => (NOTHING.to_owned(), "the same program".to_owned()),
        None => {
            let values = comparison.exact.map(|values| values.to_string());
            let why = match comparison.is_across_machines {
                true => "different machines",
                false => "too few values",
            };
            let values = values.unwrap_or_else(|| why.to_owned());
            (NOTHING.to_owned(), values)
        }
        Some(ratio) => {
            let text = RatioText::new(ratio);
            (
                signed_change(ratio.estimate),
                format!("{} to {} times", text.low, text.high),
            )
        }
    };
    let against = match &comparison.baseline_revision {
        Some(revision) if comparison.is_of_one_name() => label(revision),
        None if comparison.is_of_one_name() => "before".to_owned(),
        _ => label(&comparison.baseline_label()),
    };
    vec![what, change, interval, against]
}

#[cfg(test)]
mod tests {
    use perfkit::Metric;
    use perfkit::report::ExactValues;

    use super::*;

    fn comparison(metric: Metric, verdict: Verdict) -> Comparison {
        let mut comparison = Comparison::new("old", "new", metric);
        comparison.verdict = verdict;
        comparison
    }

    #[test]
    fn what_needs_no_interval_has_none() {
        let mut allocations = comparison(Metric::ALLOCATIONS, Verdict::Slower);
        allocations.exact = Some(ExactValues {
            baseline: 0.0,
            candidate: 5.0,
        });
        assert_eq!(row(&allocations)[2], "was 0 and is 5, in every run");
        let same_program = |verdict: Verdict| {
            let mut comparison = comparison(Metric::WALL_TIME, verdict);
            comparison.is_same_program = true;
            row(&comparison)
        };
        let same = same_program(Verdict::Same);
        assert_eq!(same[1..3], [NOTHING, "the same program"]);
        assert_eq!(same_program(Verdict::Slower)[2], "too few values");
    }

    #[test]
    fn times_are_counted_and_what_else_is_listed_is_told_apart() {
        let time = comparison(Metric::WALL_TIME, Verdict::Slower);
        let same = comparison(Metric::WALL_TIME, Verdict::Same);
        let cpu = comparison(Metric::CPU_TIME, Verdict::Slower);
        let all = [&time, &same, &cpu, &cpu];
        assert_eq!(
            tally(&all).body(),
            "1 slower, 0 faster, 0 inconclusive, 1 the same; 2 of other metrics."
        );
        let title = |verdict| table(&all, verdict).title.unwrap();
        assert_eq!(title(Verdict::Slower), "Slower: 1, and 2 of other metrics");
        assert_eq!(title(Verdict::Same), "The same: 1");
        let alone = [&cpu];
        assert!(tally(&alone).body().starts_with("1 slower, 0 faster"));
        assert_eq!(table(&alone, Verdict::Slower).title.unwrap(), "Slower: 1");
    }

    #[test]
    fn an_earlier_state_is_named_by_its_revision() {
        let mut comparison = comparison(Metric::WALL_TIME, Verdict::Same);
        assert_eq!(row(&comparison)[3], "old");
        comparison.baseline_revision = Some("main".to_owned());
        assert_eq!(row(&comparison)[3], "old@main");
        comparison.baseline = "new".to_owned();
        assert_eq!(row(&comparison)[3], "main");
        comparison.baseline_revision = None;
        assert_eq!(row(&comparison)[3], "before");
    }
}
