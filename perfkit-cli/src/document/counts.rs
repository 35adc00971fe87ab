//! Counters, ratios and gauges in tables.

use perfkit::report::Report;
use perfkit::unit::Unit;
use perfkit::{CounterSnapshot, GaugeSnapshot, RatioSnapshot, RatioWindow};

use crate::text::label;

use super::blocks::{Align, Document, Table};
use super::numbers::{or_nothing, value};

/// Significant digits; counts keep all of theirs.
const DIGITS: usize = 4;

/// Nothing where a program has none.
pub(super) fn describe(report: &Report, document: &mut Document) {
    document.table(counters(&report.counters));
    document.table(ratios(&report.ratios));
    document.table(gauges(&report.gauges));
}

fn counters(counters: &[CounterSnapshot]) -> Table {
    let mut table = Table::new(&[
        ("counter", Align::Left, 0),
        ("total", Align::Right, 0),
        ("per second", Align::Right, 1),
        ("last period", Align::Right, 1),
        ("per second then", Align::Right, 2),
    ]);
    for counter in counters {
        let amount = |total: u64| counter.unit.format(total as f64, DIGITS);
        let rate = |rate: Option<f64>| {
            let rate = rate.map(|rate| counter.unit.format_rate(rate, DIGITS));
            or_nothing(rate)
        };
        table.row(vec![
            label(&counter.name),
            amount(counter.lifetime.total),
            rate(counter.lifetime.per_second),
            amount(counter.last_period.total),
            rate(counter.last_period.per_second),
        ]);
    }
    table
}

fn ratios(ratios: &[RatioSnapshot]) -> Table {
    let mut table = Table::new(&[
        ("ratio", Align::Left, 0),
        ("value", Align::Right, 0),
        ("counted", Align::Right, 1),
        ("of", Align::Right, 0),
        ("last period", Align::Right, 1),
        ("counted then", Align::Right, 3),
        ("of then", Align::Right, 2),
    ]);
    for ratio in ratios {
        let cells = |window: &RatioWindow| {
            let count = |count: u64| Unit::Count.format(count as f64, DIGITS);
            [
                value(window.value, Unit::Ratio, DIGITS),
                count(window.counted),
                count(window.of),
            ]
        };
        let [all, last] = [&ratio.lifetime, &ratio.last_period].map(cells);
        table.row([vec![label(&ratio.name)], all.to_vec(), last.to_vec()].concat());
    }
    table
}

fn gauges(gauges: &[GaugeSnapshot]) -> Table {
    let mut headings = vec![
        ("gauge", Align::Left, 0),
        ("value", Align::Right, 0),
        ("min", Align::Right, 1),
        ("mean", Align::Right, 0),
        ("max", Align::Right, 0),
        ("last min", Align::Right, 3),
        ("last mean", Align::Right, 2),
        ("last max", Align::Right, 2),
    ];
    // The value is that of the last of them.
    let is_of_several = gauges.iter().any(|gauge| gauge.processes > 1);
    if is_of_several {
        headings.push(("processes", Align::Right, 0));
    }
    let mut table = Table::new(&headings);
    for gauge in gauges {
        let (all, last) = (&gauge.lifetime, &gauge.last_period);
        let numbers = [
            gauge.value,
            all.min,
            all.mean,
            all.max,
            last.min,
            last.mean,
            last.max,
        ];
        let cells = numbers.map(|number| value(number, gauge.unit, DIGITS));
        let mut row = vec![label(&gauge.name)];
        row.extend(cells);
        if is_of_several {
            row.push(gauge.processes.to_string());
        }
        table.row(row);
    }
    table
}
