//! Comparisons as a table: what got worse first, what is the same last.

use std::cmp::Ordering;

use perfkit::report::{Comparison, Verdict};
use perfkit::unit::Unit;

use crate::text::{label, shorten};

use super::blocks::{Align, Document, Table, Tone};
use super::comparison::{exact_values, is_duration, is_one_program, is_time};
use super::numbers::{NOTHING, RatioText};

/// How many comparisons of times came to what.
pub(super) fn tally(comparisons: &[&Comparison]) -> (Tone, String) {
    let count = |verdict| {
        let main = comparisons.iter().filter(|c| is_time(&c.metric));
        main.filter(|c| c.verdict == verdict).count()
    };
    let all = comparisons.iter().filter(|c| is_time(&c.metric)).count();
    let (slower, faster) = (count(Verdict::Slower), count(Verdict::Faster));
    let (same, undecided) = (count(Verdict::Same), count(Verdict::Inconclusive));
    let tone = match (slower, faster, undecided) {
        (1.., _, _) => Tone::Bad,
        (0, _, 1..) => Tone::Unsure,
        (0, 1.., 0) => Tone::Good,
        (0, 0, 0) => Tone::Plain,
    };
    let text = format!(
        "Of {all} comparisons: slower {slower}, faster {faster}, undecided {undecided}, the same {same}."
    );
    (tone, text)
}

/// Adds what got worse, what got better and what is not known, each with its
/// number; what is the same is folded away.
pub(super) fn describe(comparisons: &[&Comparison], document: &mut Document) {
    for verdict in [Verdict::Slower, Verdict::Faster, Verdict::Inconclusive] {
        let table = table(comparisons, verdict);
        if !table.rows.is_empty() {
            document.table(table);
        }
    }
    let same = table(comparisons, Verdict::Same);
    if let Some(title) = same.title.clone().filter(|_| !same.rows.is_empty()) {
        let mut folded = Document::default();
        folded.table(Table {
            title: None,
            ..same
        });
        document.fold(&title, folded);
    }
}

/// The comparisons that came to this, the largest change first.
fn table(comparisons: &[&Comparison], wanted: Verdict) -> Table {
    let mut rows = comparisons.to_vec();
    rows.retain(|comparison| comparison.verdict == wanted);
    rows.sort_by(|a, b| by_size(a, b));
    let mut table = Table::new(&[
        ("what", Align::Left, 0),
        ("time", Align::Right, 0),
        ("interval", Align::Right, 1),
        ("against", Align::Left, 2),
    ]);
    let title = match wanted {
        Verdict::Slower => "Slower",
        Verdict::Faster => "Faster",
        Verdict::Inconclusive => "Undecided",
        Verdict::Same => "The same",
    };
    table.title = Some(format!("{title}: {}", rows.len()));
    rows.into_iter()
        .for_each(|comparison| table.row(row(comparison)));
    table
}

/// The largest change first.
fn by_size(a: &Comparison, b: &Comparison) -> Ordering {
    let size = |comparison: &Comparison| {
        let ratio = comparison.ratio.map(|ratio| ratio.estimate);
        ratio.map_or(0.0, |estimate| estimate.ln().abs())
    };
    size(b).total_cmp(&size(a))
}

fn row(comparison: &Comparison) -> Vec<String> {
    let mut what = label(&comparison.candidate);
    if !is_time(&comparison.metric) {
        what += &format!(" ({})", shorten(comparison.metric.name(), 30));
    }
    let (change, interval) = match &comparison.ratio {
        _ if is_one_program(comparison) => (NOTHING.to_owned(), "the same program".to_owned()),
        None => {
            let values = exact_values(comparison);
            let values = values.unwrap_or_else(|| "too few values".to_owned());
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

/// The verdict in a word: times are slower, whatever else there is is worse.
pub(crate) fn verdict_word(comparison: &Comparison) -> &'static str {
    let is_duration = is_duration(&comparison.metric);
    match comparison.verdict {
        Verdict::Faster if is_duration => "faster",
        Verdict::Faster => "better",
        Verdict::Slower if is_duration => "slower",
        Verdict::Slower => "worse",
        Verdict::Same => "same",
        Verdict::Inconclusive => "undecided",
    }
}

/// `+9.6 %`, `-50 %`; beyond a doubling `3.1 times`.
fn signed_change(ratio: f64) -> String {
    if ratio >= 1e9 {
        return format!("{ratio:.1e} times");
    }
    if ratio >= 2.0 {
        return format!("{ratio:.2} times");
    }
    let share = Unit::Ratio.format((ratio - 1.0).abs(), 2);
    let sign = if ratio < 1.0 { '-' } else { '+' };
    format!("{sign}{share}")
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
        assert_eq!(
            row(&allocations)[2],
            "allocations was 0 and is 5, in every run"
        );
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

    #[test]
    fn changes_are_signed() {
        assert_eq!(signed_change(1.096), "+9.6 %");
        assert_eq!(signed_change(0.5), "-50 %");
        assert_eq!(signed_change(3.104), "3.10 times");
        assert_eq!(signed_change(1e300), "1.0e300 times");
    }
}
