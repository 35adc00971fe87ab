//! One operation in full, and what the keys do.

use perfkit::global::watch::recent;
use perfkit::histogram::Histogram;
use perfkit::unit::Unit;
use perfkit::{MetricSummary, OperationSnapshot, WindowSnapshot};

use super::columns::{DIGITS, change, count, time, used};
use super::line::{Line, Tone, left, line, right};
use super::model::{Model, Row};
use super::sparkline::{bar, sparkline};

/// The most lines of a distribution.
const MOST_BINS: usize = 12;

/// The width of what stands before a bar.
const BEFORE_BAR: usize = 26;

/// The selected operation.
pub(super) fn detail(model: &Model, width: usize, height: usize) -> Vec<Line> {
    let Some(name) = model.wanted() else {
        return Vec::new();
    };
    let mut lines = vec![line(&format!(" {name}"), Tone::Strong, width)];
    let row = model.rows.iter().find(|row| row.seen.told.name == name);
    let Some(row) = row else {
        lines.push(line(" it is gone", Tone::Dim, width));
        return lines;
    };
    lines.extend(ends(model, row, width));
    let whole = model.whole.as_deref().filter(|whole| whole.name == name);
    let Some(whole) = whole else {
        lines.push(line(" waiting for its distribution", Tone::Dim, width));
        return lines;
    };
    lines.extend(labels(whole, width));
    lines.push(Line::new());
    lines.extend(times(whole, width));
    lines.extend(errors(whole, width));
    let room = height.saturating_sub(lines.len() + 2);
    lines.extend(distribution(whole, width, room.min(MOST_BINS)));
    lines
}

/// How calls ended, how often they come, and what that is held against.
fn ends(model: &Model, row: &Row, width: usize) -> Vec<Line> {
    let calls = row.seen.told.calls;
    let number = |number: u64| count(Some(number as f64));
    let ends = format!(
        " successful {}   failed {}   panicked {}   cancelled {}   in flight {}",
        number(calls.success),
        number(calls.failure),
        number(calls.panic),
        number(calls.cancelled),
        number(row.seen.told.calls_in_flight),
    );
    let line_width = width.saturating_sub(40).min(60);
    let rates = sparkline(row.rates.iter().copied(), line_width);
    let mut lines = vec![
        line(&ends, Tone::Plain, width),
        line(
            &format!(" calls/s {}   {rates}", count(row.rate)),
            Tone::Plain,
            width,
        ),
    ];
    if model.has_baseline || model.has_budgets {
        let budget = used(row.seen.used);
        let change = change(row.seen.change);
        let text = format!(
            " against the baseline {change}   of the budget {}",
            budget.text
        );
        lines.push(line(&text, budget.tone, width));
    }
    lines
}

fn labels(whole: &OperationSnapshot, width: usize) -> Option<Line> {
    let labelled = whole.labelled.as_ref()?;
    let labels = labelled.labels.iter();
    let labels: Vec<String> = labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let text = format!(" labels  {}", labels.join("  "));
    Some(line(&text, Tone::Plain, width))
}

/// The windows that the source has.
fn times(whole: &OperationSnapshot, width: usize) -> Vec<Line> {
    const COLUMN: usize = 10;
    let row = |name: &str, cells: [String; 6], tone| {
        let cells = cells
            .iter()
            .map(|cell| right(cell, COLUMN))
            .collect::<String>();
        line(&format!(" {}{cells}", left(name, 15)), tone, width)
    };
    let headings = ["timed", "mean", "p50", "p95", "p99", "max"].map(str::to_owned);
    let window = |name, summary: Option<&MetricSummary>| {
        let time_of = |pick: fn(&MetricSummary) -> Option<f64>| time(summary.and_then(pick));
        let timed = summary.map(|summary| summary.count as f64);
        let cells = [
            count(timed),
            time_of(|time| time.mean),
            time_of(|time| time.median),
            time_of(|time| time.p95),
            time_of(|time| time.p99),
            time_of(|time| time.max),
        ];
        row(name, cells, Tone::Plain)
    };
    let known = |window: &WindowSnapshot| window.count() > 0;
    let mut lines = vec![row("", headings, Tone::Dim)];
    if known(&whole.last_calls) {
        lines.push(window("last calls", whole.last_calls.execution_time()));
    }
    if known(&whole.last_period) {
        lines.push(window("last period", whole.last_period.execution_time()));
    }
    lines.push(window("since the start", whole.lifetime.execution_time()));
    if let Some(failed) = whole.lifetime.failure_time() {
        lines.push(window("not successful", Some(failed)));
    }
    lines
}

fn errors(whole: &OperationSnapshot, width: usize) -> Vec<Line> {
    /// The most kinds of errors that are told.
    const MOST: usize = 6;
    let mut errors: Vec<_> = whole.errors.iter().collect();
    errors.sort_by_key(|error| std::cmp::Reverse(error.count));
    let told = errors.iter().take(MOST).map(|error| {
        let count = count(Some(error.count as f64));
        let text = format!(" {} {}  {}", right(&count, 10), error.kind, error.last_text);
        line(&text, Tone::Plain, width)
    });
    let mut lines: Vec<Line> = told.collect();
    if !lines.is_empty() {
        lines.insert(
            0,
            line(" errors, and the latest of each kind", Tone::Dim, width),
        );
        lines.insert(0, Line::new());
    }
    lines
}

/// How the execution times of the window are distributed, from a heading on.
fn distribution(whole: &OperationSnapshot, width: usize, most: usize) -> Vec<Line> {
    let window = recent(whole);
    let time = window.execution_time();
    let Some(histogram) = time.and_then(|time| time.histogram.as_ref()) else {
        return Vec::new();
    };
    let bins = bins(histogram, most);
    let highest = bins.iter().map(|(_, count)| *count).max().unwrap_or(0);
    if highest == 0 {
        return Vec::new();
    }
    let mut lines = vec![
        Line::new(),
        line(" how many calls took so long, from", Tone::Dim, width),
    ];
    lines.extend(bins.iter().map(|(from, calls)| {
        let share = *calls as f64 / highest as f64;
        let bar = bar(share, width.saturating_sub(BEFORE_BAR + 1));
        let from = Unit::Nanoseconds.format(*from, DIGITS);
        let calls = count(Some(*calls as f64));
        let text = format!("{}{} {bar}", right(&from, 12), right(&calls, 12));
        line(&text, Tone::Plain, width)
    }));
    lines
}

/// Counts by the value from which a bin goes, each as many times as long as the one before.
fn bins(histogram: &Histogram, most: usize) -> Vec<(f64, u64)> {
    let (Some(min), Some(max)) = (histogram.min(), histogram.max()) else {
        return Vec::new();
    };
    if most == 0 {
        return Vec::new();
    }
    let (low, high) = ((min.max(1) as f64).ln(), (max.max(1) as f64).ln());
    let step = (high - low) / most as f64;
    let is_one = step <= 0.0;
    let count = if is_one { 1 } else { most };
    let from = |bin: usize| (low + step * bin as f64).exp();
    let mut bins: Vec<(f64, u64)> = (0..count).map(|bin| (from(bin), 0)).collect();
    for (value, calls) in histogram.recorded() {
        let at = match is_one {
            true => 0,
            false => (((value.max(1) as f64).ln() - low) / step) as usize,
        };
        let bin = &mut bins[at.min(count - 1)].1;
        *bin = bin.saturating_add(calls);
    }
    bins
}

/// What the keys do.
pub(super) fn help(width: usize) -> Vec<Line> {
    const KEYS: [(&str, &str); 12] = [
        (
            "up down j k",
            "select an operation; also PageUp, PageDown, g and G",
        ),
        (
            "Enter",
            "all of it: distribution, errors, labels; Esc goes back",
        ),
        (
            "/",
            "show only names that contain what is typed; Esc shows all",
        ),
        (
            "s S",
            "sort by the next or the previous column, which has a *",
        ),
        ("r", "reverse the order"),
        ("space p", "pause, and go on"),
        (
            "left right",
            "of a recorded session: a step back or forth; < and > ten",
        ),
        (
            "Home End",
            "of a recorded session: its first or last moment",
        ),
        ("? h", "this"),
        ("q Ctrl-C", "end"),
        ("", ""),
        (
            "80% !  90% !!",
            "how much of its budget in perfkit.toml an operation uses",
        ),
    ];
    let row = |(key, meaning): (&str, &str)| {
        line(&format!("  {}{meaning}", left(key, 16)), Tone::Plain, width)
    };
    [Line::new()].into_iter().chain(KEYS.map(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_every_value_once() {
        let mut histogram = Histogram::new();
        assert_eq!(bins(&histogram, 4), []);
        histogram.record_n(100, 7);
        assert_eq!(
            bins(&histogram, 4)
                .iter()
                .map(|bin| bin.1)
                .collect::<Vec<_>>(),
            [7]
        );
        histogram.record_n(0, 1);
        histogram.record_n(1_000_000, 2);
        for most in [1, 3, 12] {
            let bins = bins(&histogram, most);
            assert_eq!(bins.len(), most);
            assert_eq!(bins.iter().map(|bin| bin.1).sum::<u64>(), 10);
            assert_eq!(bins[most - 1].1, if most == 1 { 10 } else { 2 });
        }
        assert_eq!(bins(&histogram, 0), []);
    }
}
