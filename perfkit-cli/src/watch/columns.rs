//! The columns of the table of operations, and which of them fit.

use perfkit::unit::Unit;

use crate::args::WatchOrder;
use crate::document::{Align, NOTHING, Table};
use crate::text::label;

use super::line::Tone;
use super::model::{Model, Row};
use super::sparkline::sparkline;

/// Significant digits: percentiles are within 0.8 %.
pub(super) const DIGITS: usize = 3;

/// From which share of a budget it is marked.
const WARN: f64 = 0.8;
const CRITICAL: f64 = 0.9;

/// Columns between two cells.
pub(super) const GAP: usize = 2;

/// So much room names have at least.
const SHORTEST_NAME: usize = 20;

/// The width of the line of rates.
const LINE: usize = 12;

/// A column of numbers.
pub(super) struct Column {
    pub(super) heading: &'static str,
    pub(super) width: usize,
    /// Columns of higher rank are left out first.
    rank: u8,
    /// What a sort by it is called; the line of rates is in no order.
    pub(super) order: Option<WatchOrder>,
    cell: fn(&Row) -> Cell,
}

/// What stands in a row.
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self {
            text,
            tone: Tone::Plain,
        }
    }
}

impl Column {
    pub(super) fn cell(&self, row: &Row) -> Cell {
        (self.cell)(row)
    }
}

const COLUMNS: [Column; 13] = [
    column("calls/s", 8, 0, WatchOrder::Rate, |row| {
        count(row.rate).into()
    }),
    Column {
        heading: "trend",
        width: LINE,
        rank: 3,
        order: None,
        cell: |row| sparkline(row.rates.iter().copied(), LINE).into(),
    },
    column("failed", 8, 1, WatchOrder::Failed, failed),
    column("cancelled", 9, 5, WatchOrder::Cancelled, |row| {
        count(Some(row.seen.told.calls.cancelled as f64)).into()
    }),
    column("in flight", 9, 4, WatchOrder::InFlight, |row| {
        count(Some(row.seen.told.calls_in_flight as f64)).into()
    }),
    column("p50", 8, 0, WatchOrder::P50, |row| {
        time(row.seen.told.p50).into()
    }),
    column("p95", 8, 1, WatchOrder::P95, |row| {
        time(row.seen.told.p95).into()
    }),
    column("p99", 8, 2, WatchOrder::P99, |row| {
        time(row.seen.told.p99).into()
    }),
    column("max", 8, 4, WatchOrder::Max, |row| {
        time(row.seen.told.max).into()
    }),
    column("total", 8, 2, WatchOrder::Total, |row| {
        time(row.seen.told.total_ns).into()
    }),
    column("self", 8, 5, WatchOrder::SelfTime, |row| {
        time(row.seen.told.self_ns).into()
    }),
    column("change", 8, 0, WatchOrder::Change, |row| {
        change(row.seen.change).into()
    }),
    column("budget", 9, 0, WatchOrder::Budget, |row| {
        used(row.seen.used)
    }),
];

const fn column(
    heading: &'static str,
    width: usize,
    rank: u8,
    order: WatchOrder,
    cell: fn(&Row) -> Cell,
) -> Column {
    Column {
        heading,
        width,
        rank,
        order: Some(order),
        cell,
    }
}

/// The columns that there is anything to say in.
fn asked_for(model: &Model) -> impl Iterator<Item = &'static Column> {
    let (has_baseline, has_budgets) = (model.has_baseline, model.has_budgets);
    COLUMNS.iter().filter(move |column| match column.order {
        Some(WatchOrder::Change) => has_baseline,
        Some(WatchOrder::Budget) => has_budgets,
        _ => true,
    })
}

/// The columns that fit beside names, and the room for these.
pub(super) fn fitting(model: &Model, width: usize) -> (Vec<&'static Column>, usize) {
    let mut columns: Vec<&Column> = asked_for(model).collect();
    let room = |columns: &[&Column]| {
        let taken: usize = columns.iter().map(|column| column.width + GAP).sum();
        width.saturating_sub(taken)
    };
    while room(&columns) < SHORTEST_NAME {
        // Of one rank the last goes first.
        let rank = |column: &Column| match column.order == Some(model.order) {
            // What is sorted by is to be seen.
            true => 0,
            false => column.rank,
        };
        let last = columns.iter().enumerate();
        let last = last.max_by_key(|(_, column)| rank(column));
        let Some((at, _)) = last else { break };
        columns.remove(at);
    }
    let room = room(&columns);
    (columns, room)
}

/// All of it as a table without a line of rates, which takes more than one look.
pub(crate) fn once_table(model: &Model) -> Table {
    let columns: Vec<&Column> = asked_for(model).filter(|c| c.order.is_some()).collect();
    let headings = columns.iter().map(|c| (c.heading, Align::Right, c.rank));
    let headings: Vec<_> = [("operation", Align::Left, 0)]
        .into_iter()
        .chain(headings)
        .collect();
    let mut table = Table::new(&headings);
    for row in model.visible() {
        let cells = columns.iter().map(|column| column.cell(row).text);
        table.row(
            [label(&row.seen.told.name)]
                .into_iter()
                .chain(cells)
                .collect(),
        );
    }
    table
}

pub(super) fn count(count: Option<f64>) -> String {
    count.map_or_else(
        || NOTHING.to_owned(),
        |count| Unit::Count.format(count, DIGITS),
    )
}

pub(super) fn time(ns: Option<f64>) -> String {
    ns.map_or_else(
        || NOTHING.to_owned(),
        |ns| Unit::Nanoseconds.format(ns, DIGITS),
    )
}

/// Marked where calls failed just now.
fn failed(row: &Row) -> Cell {
    let text = count(Some(row.seen.failed() as f64));
    match row.is_failing {
        true => Cell {
            text: format!("{text}!"),
            tone: Tone::Bad,
        },
        false => text.into(),
    }
}

/// How far a median is from that of the baseline.
pub(super) fn change(ratio: Option<f64>) -> String {
    match ratio {
        None => NOTHING.to_owned(),
        Some(ratio) if ratio >= 10.0 => format!("{ratio:.0}x"),
        Some(ratio) => format!("{:+.1} %", (ratio - 1.0) * 100.0),
    }
}

/// How much of a budget is used; marks say what colours say.
pub(super) fn used(share: Option<f64>) -> Cell {
    let Some(share) = share else {
        return NOTHING.to_owned().into();
    };
    let (mark, tone) = match share {
        share if share > 1.0 => (" over", Tone::Bad),
        share if share >= CRITICAL => (" !!", Tone::Bad),
        share if share >= WARN => (" !", Tone::Notice),
        _ => ("", Tone::Plain),
    };
    // What a sum of doubles is off by must not tip it over.
    let percent = match (share * 1e8).round() / 1e6 {
        percent if percent > 999.0 => ">999".to_owned(),
        // What is not over must not look so.
        percent if share <= 1.0 => format!("{:.0}", percent.floor()),
        percent => format!("{:.0}", percent.ceil()),
    };
    Cell {
        text: format!("{percent}%{mark}"),
        tone,
    }
}
