//! The tables that are printed.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use crate::deferred::Deferred;
use crate::figures::Figure;
use crate::implementations::own::PLAIN;
use crate::implementations::reference::{INSTANT, RAW};
use crate::implementations::{Implementation, Kind, Setting};
use crate::phase::Phase;

/// Enough for the longest line of either table.
const WIDTH: u16 = 140;

/// What stands in the columns of [`costs`].
pub(crate) const LEGEND: &str = "\
tight, work       ns per call in the tight loop and with work, the call included
/ Instants        times two Instant::now(), whole calls in the tight loop
/ raw reads       times two raw counter reads, whole calls in the tight loop
work - raw        ns more than two raw counter reads, with work
deferred          ns per call of work that is left to other threads or to later
perfkit cheaper   (tight - empty call) over that of #[measure]
with deferred     the same with the deferred work on both sides
";

/// The costs of all implementations with one number of threads.
pub(crate) fn costs(
    implementations: &[Implementation],
    phase: &Phase,
    deferred: &Deferred,
) -> String {
    use Setting::{Tight, Work};

    let headings = [
        "ns per call",
        "tight",
        "work",
        "/ Instants",
        "/ raw reads",
        "work - raw",
        "deferred",
        "perfkit cheaper",
        "with deferred",
    ];
    let row = |implementation: &Implementation| {
        let name = implementation.name;
        let is_call = implementation.kind != Kind::Allocation;
        let ratio = |other| phase.ratio(name, other, Tight).filter(|_| is_call);
        let dearness = |deferred: [f64; 2]| {
            let is_peer = implementation.kind == Kind::Peer;
            phase.dearness([name, PLAIN], deferred).filter(|_| is_peer)
        };
        let both = [deferred.ns(name), deferred.ns(PLAIN)];
        let later = both[0].zip(both[1]).map(<[f64; 2]>::from);
        [
            name.to_owned(),
            number(phase.ns(name, Tight), ""),
            number(phase.ns(name, Work), ""),
            number(ratio(INSTANT), " x"),
            number(ratio(RAW), " x"),
            number(phase.excess(name, RAW, Work), ""),
            number(deferred.ns(name), ""),
            number(dearness([0.0; 2]), " x"),
            number(later.and_then(dearness), " x"),
        ]
    };
    table(
        &headings.map(str::to_owned),
        implementations.iter().map(row),
    )
}

/// The figures, with what each number of threads reached.
pub(crate) fn figures(figures: &[Figure], phases: &[Phase]) -> String {
    let of_phase = |phase: &Phase| threads(phase.threads);
    let headings: Vec<_> = ["figure".to_owned(), "target".to_owned()]
        .into_iter()
        .chain(phases.iter().map(of_phase))
        .collect();
    let row = |figure: &Figure| {
        let reached = |phase| match figure.reached(phase) {
            Some((text, _)) => text,
            None => "no raw counter here".to_owned(),
        };
        let mut row = vec![figure.what.clone(), figure.target()];
        row.extend(phases.iter().map(reached));
        row
    };
    table(&headings, figures.iter().map(row))
}

/// A number of threads, in words.
pub(crate) fn threads(threads: usize) -> String {
    let plural = if threads == 1 { "" } else { "s" };
    format!("{threads} thread{plural}")
}

fn number(value: Option<f64>, unit: &str) -> String {
    match value {
        Some(value) => format!("{value:.2}{unit}"),
        None => "–".to_owned(),
    }
}

fn table<R: AsRef<[String]>>(headings: &[String], rows: impl Iterator<Item = R>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(WIDTH);
    let cells = |row: &[String]| {
        let aligned = |(column, text): (usize, &String)| match column {
            0 => Cell::new(text),
            _ => Cell::new(text).set_alignment(CellAlignment::Right),
        };
        row.iter().enumerate().map(aligned).collect::<Vec<_>>()
    };
    table.set_header(cells(headings));
    for row in rows {
        table.add_row(cells(row.as_ref()));
    }
    let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}
